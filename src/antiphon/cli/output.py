"""What every command shares: printing a result as text or JSON, and talking on stderr."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from antiphon.errors import FileError


def emit(args: argparse.Namespace, result: Mapping[str, Any], text: str) -> None:
    """Print the result on stdout: ``text`` for people, ``result`` as one JSON object with ``--json``.

    Raises FileError where stdout leads to a full disk; a reader that went away stays a BrokenPipeError, for main.
    """
    try:
        print(json.dumps(result, indent=2, ensure_ascii=False, default=_plain) if args.json else text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(f"cannot write the result to standard output: {error.strerror}") from error


def _plain(value: Any) -> Any:
    """What JSON has no word for: NumPy's numbers and arrays become plain ones, paths become strings."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def say(message: str) -> None:
    """Talk to the person on stderr, so that stdout stays clean for results."""
    print(message, file=sys.stderr)


@contextmanager
def resumable() -> Iterator[None]:
    """Says on a Ctrl-C that measuring goes on from there; for work that leaves what is done in the cache."""
    try:
        yield
    except KeyboardInterrupt:
        say("what was measured so far is kept; the same command goes on from there")
        raise
