"""tiktoken 0.14 without tiktoken: ``from bytestride import tiktoken``.

The same names, arguments, defaults, ids and errors, faster. What differs, on purpose:

- where tiktoken panics, there is a result or an `Exception`;
- special tokens that begin at the same place: the longest that is allowed, not any of them;
- files are kept in a folder of the user's own where no variable names one (`load`);
- a pattern that cannot be followed exactly is a ValueError, and one that bytestride does not scan
  itself gives a warning, since it is slow.
"""

from bytestride.tiktoken.core import Encoding
from bytestride.tiktoken.model import encoding_for_model, encoding_name_for_model
from bytestride.tiktoken.registry import get_encoding, list_encoding_names

__version__ = "0.14.0"

__all__ = [
    "Encoding",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
]
