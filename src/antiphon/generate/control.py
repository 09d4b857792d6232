"""Control: everything a user may ask of the writing, in one frozen value that survives JSON and TOML.

``Control()`` asks for nothing: the model's own distribution, note by note. It is the same for a piece, for a beam
search and for live playing; what each part does is said in the file of its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from antiphon.errors import OptionError, unknown
from antiphon.generate.constraints import Constraints
from antiphon.generate.guard import Guard
from antiphon.generate.length import Ending, Length
from antiphon.generate.sampling import Sampling
from antiphon.generate.search import Search


@dataclass(frozen=True, kw_only=True)
class Control:
    """How a model is made to write."""

    sampling: Sampling = Sampling()  # how codes are drawn
    constraints: Constraints = Constraints()  # what may be written at all
    guard: Guard | None = None  # against collapse; None: off
    search: Search = Search()  # one note after another, or the likeliest of several ways
    length: Length | None = None  # None: endless
    ending: Ending | None = None  # None: the piece is cut where its length is reached

    def __post_init__(self) -> None:
        if self.ending is not None and self.length is None:
            raise OptionError("an ending needs a length: give a number of notes, seconds or bars")
        if self.length is not None and self.length.bars is not None and self.constraints.tempo is None:
            raise OptionError(f"a length of {self.length.bars} bars needs a tempo: give one, such as 96")

    @property
    def asks_for_rules(self) -> bool:
        """Whether anything limits what may be written, so that exact times are kept beside the codes."""
        return self.constraints != Constraints() or self.ending is not None

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and strings; see :meth:`from_dict`."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Control:
        """The control of :meth:`to_dict`, of a preset or of a request; what is left out is as it comes.

        Raises OptionError for an unknown name or a value out of range.
        """
        return Control(**{name: _part(name, value) for name, value in _checked("control", values, Control).items()})


PLAIN = Control()
_PARTS: Mapping[str, Any] = {
    "sampling": Sampling,
    "constraints": Constraints,
    "guard": Guard,
    "search": Search,
    "length": Length,
    "ending": Ending,
}


def _part(name: str, value: Any) -> Any:
    """One part from its dictionary; None is a part that is off."""
    kind = _PARTS[name]
    if value is None and name in ("sampling", "constraints", "search"):
        return kind()
    if value is None:
        return None
    options = {key: tuple(v) if isinstance(v, list) else v for key, v in _checked(name, value, kind).items()}
    try:
        return kind(**options)
    except TypeError as error:  # a comparison of a string with a number, say
        raise OptionError(f"{name} has a value of the wrong kind ({error}): {options}") from error


def _checked(name: str, values: Any, kind: Any) -> Mapping[str, Any]:
    """``values`` if it is a table of options that ``kind`` has."""
    if not isinstance(values, Mapping):
        raise OptionError(f"{name} is {values!r}; it must be a table of options")
    known = [field.name for field in fields(kind)]
    for key in values:
        if key not in known:
            raise OptionError(unknown(f"option of {name}", str(key), known))
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(v) for key, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (tuple, list)) else value
