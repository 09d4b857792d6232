"""What a session hears and what it asks to be sounded: small frozen values, free of any port's format.

Pitches are 0 to 127, velocities 1 to 127, channels 0 to 15. Times do not belong to an event: :meth:`Session.hear` is
told when one happened, and :class:`Due` says when one shall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from antiphon.errors import OptionError

Part: TypeAlias = Literal["player", "model", "click"]


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A key goes down."""

    pitch: int
    velocity: int
    channel: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.pitch <= 127 and 1 <= self.velocity <= 127):
            raise OptionError(
                f"a note of pitch {self.pitch} and velocity {self.velocity} is out of range: 0 to 127, and 1 to 127"
            )


@dataclass(frozen=True, slots=True)
class NoteOff:
    """A key comes up; one that is not down is ignored."""

    pitch: int
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Pedal:
    """The sustain pedal (controller 64) goes down or comes up."""

    down: bool
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Clock:
    """A message of a MIDI clock: 24 ticks a quarter note; start and continue make the next tick a beat."""

    kind: Literal["tick", "start", "continue", "stop"] = "tick"


@dataclass(frozen=True, slots=True)
class HandOver:
    """The player says: now you. Ends the phrase, or the model's turn where it has it."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The port is gone, and no key that was down will be heard to come up: all are released."""


Heard: TypeAlias = NoteOn | NoteOff | Pedal | Clock | HandOver | Lost


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be sounded now."""

    due_s: float  # when it should sound, on the caller's clock; in the past by as much as it is late
    part: Part  # the model or the click; the player's notes sound where they are played
    event: NoteOn | NoteOff | Clock


@dataclass(frozen=True, slots=True)
class Played:
    """A note of either part, as screens show it and recordings keep it."""

    onset_s: float  # on the caller's clock
    duration_s: float | None  # None: it still sounds
    pitch: int
    velocity: int
    part: Part
