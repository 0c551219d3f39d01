"""For tests only: `import tiktoken` gives bytestride's mirror where this folder is on the path."""

import sys

from bytestride import tiktoken
from bytestride.tiktoken import _educational, _tiktoken, core, load, model, registry

sys.modules[__name__] = tiktoken
for _module in (_educational, _tiktoken, core, load, model, registry):
    sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module
