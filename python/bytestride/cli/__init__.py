"""The command line: one module a command."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

from bytestride import __version__
from bytestride.cli import (
    convert,
    count_words,
    decode,
    demo,
    inspect,
    report,
    store,
    tokenize,
    train,
    verify,
    vocab,
    windows,
)

_COMMANDS = (
    demo,
    count_words,
    train,
    tokenize,
    decode,
    inspect,
    store,
    report,
    windows,
    convert,
    verify,
    vocab,
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bytestride",
        description="Byte-level BPE: learn a vocabulary, encode corpora, serve windows of tokens.",
    )
    parser.add_argument("--version", action="version", version=f"bytestride {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        The exit status: 0 for success, 1 for an error that the user can act on (one line on
        stderr) or a comparison that found a difference, 130 after Ctrl-C. Wrong usage exits with 2.
    """
    arguments = _parser().parse_args(argv)
    if sys.stdout is None:
        print("error: stdout is closed; send it to a file or to /dev/null", file=sys.stderr)
        return 1
    shown_before, warnings.formatwarning = warnings.formatwarning, _one_line
    try:
        status: int = arguments.run(arguments) or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted; nothing was left half-made", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has enough; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError, LookupError, ImportError, MemoryError) as error:
        print(f"error: {_message(error)}", file=sys.stderr)
        return 1
    finally:
        warnings.formatwarning = shown_before
    return status


def _one_line(message: Warning | str, *_: object, **__: object) -> str:
    return f"warning: {message}\n"


def _message(error: Exception) -> str:
    """Say what went wrong without the decoration that some exceptions add."""
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
