"""The one exception class of our own; everything else raises what Python users expect."""


class FormatError(ValueError):
    """A file is damaged, unfinished, or of a kind that bytestride does not read.

    The message names the file, the place in it (a byte offset, a line or a key) and what to do.
    """
