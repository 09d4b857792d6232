"""What a websocket's client says, as values: each message checked before anything happens."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from antiphon.errors import OptionError, unknown
from antiphon.live.events import HandOver, Heard, Lost, NoteOff, NoteOn, Pedal


class ProtocolError(Exception):
    """What came is no message at all."""


@dataclass(frozen=True, slots=True)
class Key:
    """Something the player did, and when on the session's clock; None: now."""

    event: Heard
    at_s: float | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Panic."""


@dataclass(frozen=True, slots=True)
class Change:
    """Settings, as they came."""

    changes: Any


@dataclass(frozen=True, slots=True)
class Swap:
    """Another model."""

    name: str


@dataclass(frozen=True, slots=True)
class Steer:
    """Something about a planned note: veto, lock or move."""

    verb: str
    id: str
    locked: bool = True
    pitch: int | None = None
    onset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """What is the time?"""

    t: Any


@dataclass(frozen=True, slots=True)
class Bye:
    """The client goes."""


Said: TypeAlias = Key | Silence | Change | Swap | Steer | Ping | Bye
LONGEST_STAMP = 100
TYPES = (
    "note_on", "note_off", "pedal", "hand_over", "released", "silence", "settings", "model", "veto", "lock", "move",
    "ping", "bye",
)  # fmt: skip


def parsed(text: str) -> dict[str, Any]:
    """A message as an object; ProtocolError where it is none."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError from error
    if not isinstance(message, dict):
        raise ProtocolError
    return message


def said(message: Mapping[str, Any]) -> Said:
    """What a message means. Raises OptionError for an unknown type or a value that is out of range."""
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise OptionError(unknown("type of message", str(kind)[:40], TYPES))
    if kind in ("note_on", "note_off", "pedal", "hand_over", "released"):
        return Key(_heard(kind, message), _time(message))
    if kind in ("veto", "lock", "move"):
        return _steer(kind, message)
    match kind:
        case "settings":
            return Change(message.get("changes"))
        case "model":
            return Swap(_text(message, "name"))
        case "ping":
            return Ping(_stamp(message.get("t")))
        case "bye":
            return Bye()
    return Silence()


def _heard(kind: str, message: Mapping[str, Any]) -> Heard:
    """What the player did."""
    match kind:
        case "note_on":
            return NoteOn(_whole(message, "pitch", 0, 127), _whole(message, "velocity", 1, 127))
        case "note_off":
            return NoteOff(_whole(message, "pitch", 0, 127))
        case "pedal":
            return Pedal(_flag(message, "down"))
        case "hand_over":
            return HandOver()
    return Lost()


def _steer(verb: str, message: Mapping[str, Any]) -> Steer:
    name = _text(message, "id")
    if verb == "lock":
        return Steer(verb, name, locked=_flag(message, "locked"))
    if verb == "veto":
        return Steer(verb, name)
    pitch = None if message.get("pitch") is None else _whole(message, "pitch", 0, 127)
    return Steer(verb, name, pitch=pitch, onset_s=_time(message, "onset_s"))


def _whole(message: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = message.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise OptionError(f"{message['type']} needs {name}, a whole number from {low} to {high}")
    return value


def _time(message: Mapping[str, Any], name: str = "at_s") -> float | None:
    value = message.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not (math.isfinite(value) and 0 <= value < 1e9):
        raise OptionError(f"{name} is a time of the session's clock, in seconds; leave it out for now")
    return float(value)


def _stamp(value: Any) -> Any:
    """What a ping's answer repeats: small, because it is held for clients that do not read."""
    if value is None or isinstance(value, int | float) or (isinstance(value, str) and len(value) <= LONGEST_STAMP):
        return value
    raise OptionError(f"t is a number, or a text of at most {LONGEST_STAMP} characters")


def _flag(message: Mapping[str, Any], name: str) -> bool:
    value = message.get(name)
    if not isinstance(value, bool):
        raise OptionError(f"{message['type']} needs {name}, true or false")
    return value


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or len(value) > 200:
        raise OptionError(f"{message['type']} needs {name}, a text")
    return value
