"""MIDI messages to and from a session's events. No port and no library: three bytes in, three bytes out.

What a session has no use for comes back as itself: a :class:`Controller` for the mapping, a :class:`Program` for the
instrument; the rest (aftertouch, pitch bend, system messages) is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from antiphon.live.events import Clock, Heard, Lost, NoteOff, NoteOn, Pedal

SUSTAIN, SOUND_OFF, NOTES_OFF = 64, 120, 123  # controllers
_NOTE_OFF, _NOTE_ON, _CONTROL, _PROGRAM = 0x80, 0x90, 0xB0, 0xC0
_CLOCKS = {0xF8: "tick", 0xFA: "start", 0xFB: "continue", 0xFC: "stop"}
_BYTES = {kind: status for status, kind in _CLOCKS.items()}
_Kind: TypeAlias = Literal["tick", "start", "continue", "stop"]


@dataclass(frozen=True, slots=True)
class Controller:
    """A knob, fader or button moved."""

    number: int  # 0 to 127
    value: int  # 0 to 127
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """An instrument was chosen."""

    number: int  # 0 to 127
    channel: int = 0


Received: TypeAlias = Heard | Controller | Program


def received(message: Sequence[int]) -> Received | None:
    """What one message means: status and data bytes, without running status."""
    status, channel = message[0] & 0xF0, message[0] & 0x0F
    if message[0] in _CLOCKS:
        return Clock(cast(_Kind, _CLOCKS[message[0]]))
    if len(message) < 2 or status == 0xF0 or max(message[1:3]) > 127:
        return None
    first, second = message[1], message[2] if len(message) > 2 else 0
    if status == _NOTE_ON and second:
        return NoteOn(first, second, channel)
    if status in (_NOTE_ON, _NOTE_OFF):
        return NoteOff(first, channel)
    if status == _PROGRAM:
        return Program(first, channel)
    return _controller(first, second, channel) if status == _CONTROL else None


def _controller(number: int, value: int, channel: int) -> Received:
    if number == SUSTAIN:
        return Pedal(value >= 64, channel)
    if number in (SOUND_OFF, NOTES_OFF):
        return Lost()
    return Controller(number, value, channel)


def message(event: NoteOn | NoteOff | Pedal | Clock | Program, channel: int = 0) -> bytes:
    """One event as a message on a channel."""
    match event:
        case NoteOn(pitch, velocity):
            return bytes([_NOTE_ON | channel, pitch, velocity])
        case NoteOff(pitch):
            return bytes([_NOTE_OFF | channel, pitch, 0])
        case Pedal(down):
            return bytes([_CONTROL | channel, SUSTAIN, 127 if down else 0])
        case Program(number):
            return bytes([_PROGRAM | channel, number])
        case Clock(kind):
            return bytes([_BYTES[kind]])


def silence(channel: int) -> list[bytes]:
    """What ends every note on a channel: pedal up, all notes off, all sound off."""
    return [bytes([_CONTROL | channel, number, 0]) for number in (SUSTAIN, NOTES_OFF, SOUND_OFF)]
