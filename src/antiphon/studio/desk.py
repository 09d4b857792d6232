"""The live session's settings as JSON: what there is, and changes that come from a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from antiphon.errors import OptionError, unknown
from antiphon.live.controls import CONTROLS, Dial
from antiphon.live.settings import LiveSettings, field_of

LONGEST_TEXT = 400  # of a setting that is text: a lane of a hundred chords
_FIELDS: dict[str, type] = {field.name: type(field.default) for field in fields(LiveSettings)}
MOST = 1e9  # beyond it a number is no setting, and may not even be a float
_KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def controls() -> list[dict[str, Any]]:
    """Those controls whose value is a setting, each with its range."""
    return [
        {"name": name, "kind": "dial" if isinstance(knob, Dial) else "switch", **asdict(knob)}
        for name, knob in CONTROLS.items()
        if knob.field in _FIELDS
    ]


def settings(of: LiveSettings | None = None) -> dict[str, Any]:
    """All settings."""
    return asdict(of or LiveSettings())


def checked(changes: Any) -> dict[str, Any]:
    """Changes whose names and kinds are right; their ranges LiveSettings checks. Raises OptionError."""
    if not isinstance(changes, Mapping):
        raise OptionError("settings are an object of names and values")
    return {field: _value(field, value) for field, value in ((field_of(n, v), v) for n, v in changes.items())}


def _value(name: str, value: Any) -> Any:
    if name not in _FIELDS:
        raise OptionError(unknown("setting", str(name)[:40], _FIELDS))
    kind = _FIELDS[name]
    fits: tuple[type, ...] = (int, float) if kind is float else (kind,)
    if not isinstance(value, fits) or (isinstance(value, bool) and kind is not bool):
        raise OptionError(f"{name} is of the wrong kind: it must be {_KINDS[kind]}")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise OptionError(f"{name} is too long: at most {LONGEST_TEXT} characters")
    if isinstance(value, int | float) and abs(value) > MOST:
        raise OptionError(f"{name} is out of range")
    return kind(value)
