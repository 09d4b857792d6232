"""The errors a user can cause.

Every message says what is wrong (with the value), what is allowed, and what to do next. The command line prints it as
one line and exits with status 1; any other exception is a bug of ours and keeps its traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class AntiphonError(Exception):
    """Base of all errors that a user, not a programmer, can mend."""


class FileError(AntiphonError):
    """A file or folder that cannot be read or written; the message names it."""


class CorpusError(AntiphonError):
    """A corpus or a source of music that is unknown, missing or damaged."""


class ModelError(AntiphonError):
    """A model folder that is unknown, damaged, or of a format this version does not know."""


class RecipeError(AntiphonError):
    """A training recipe with unknown keys or values out of range."""


class OptionError(AntiphonError):
    """An option whose value is out of range."""


class MissingExtraError(AntiphonError):
    """A part of Antiphon that needs an optional package which is not installed."""


_LISTED = 40  # names that a message lists in full; of more it gives the nearest


def unknown(kind: str, name: str, allowed: Iterable[str]) -> str:
    """The message for a name that is not in a list: what it was, the nearest that is, and what there is."""
    names = sorted(allowed)
    near = get_close_matches(name, names, n=1) or [n for n in names if get_close_matches(name, n.split())][:1]
    hint = f"; did you mean {near[0]!r}?" if near else "."
    if not names:
        return f"unknown {kind} {name!r}: there is none yet."
    if len(names) > _LISTED:
        nearest = get_close_matches(name, names, n=5, cutoff=0.3) or names[:5]
        return f"unknown {kind} {name!r}{hint} There are {len(names)}, such as {', '.join(nearest)}."
    return f"unknown {kind} {name!r}{hint} Known: {', '.join(names)}."


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtraError:
    """The error for an optional package that is not there."""
    return MissingExtraError(f"{purpose} needs {package}, which is not installed: pip install 'antiphon[{extra}]'")
