"""Where notes go: the speaker, a MIDI port, and whoever else wants to know.

The player's owner loop hands every note out a few milliseconds before its time. A sink that can place it (the speaker)
takes it then; the others are called when its time has come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

from antiphon.audio.realtime import open_instrument
from antiphon.errors import AntiphonError
from antiphon.instruments import program
from antiphon.live import midi
from antiphon.live.controls import Desk
from antiphon.live.events import Clock, NoteOff, NoteOn, Part, Pedal
from antiphon.live.mixer import Gain, Mixer, Silence, Sounded, Swap
from antiphon.live.ports import Notice, Output
from antiphon.live.sound import Speaker

Sound: TypeAlias = NoteOn | NoteOff | Pedal | Clock
PARTS: tuple[Part, ...] = ("player", "model", "click")
CHANNELS: dict[Part, int] = {"player": 0, "model": 1, "click": 9}  # of MIDI, counted from 0


class Sink(Protocol):
    """Somewhere notes go. :meth:`sound` may be called by any thread."""

    ahead: bool  # takes notes before their time
    through: bool  # wants the player's own notes too

    def sound(self, part: Part, event: Sound, at_s: float) -> None:
        """Sound this at ``at_s``, on time.monotonic: now, or soon where ``ahead``."""

    def turn(self, desk: Desk) -> None:
        """The desk changed: volumes and instruments."""

    def silence(self) -> None:
        """End everything now."""

    def sounded(self) -> Iterator[Sounded]:
        """Reports since the last call, where there are any."""

    def close(self) -> None:
        """End everything, and let go."""


class SpeakerSink:
    """Sound. ``local``: the player's instrument sounds by itself, so only the model is heard here."""

    ahead = True

    def __init__(self, speaker: Speaker, notice: Notice, soundfont: Path | None, engine: str, local: bool) -> None:
        self.speaker, self.through = speaker, not local
        self._mixer: Mixer = speaker.mixer
        self._notice, self._soundfont, self._engine = notice, soundfont, engine
        self._desk: Desk | None = None
        self._early = local

    def sound(self, part: Part, event: Sound, at_s: float) -> None:
        """Order it of the mixer; beside an instrument that sounds by itself, the output's latency is made up for."""
        if not isinstance(event, Clock):
            self._mixer.order(at_s - self.speaker.latency_s * self._early, part, event)

    def turn(self, desk: Desk) -> None:
        """Volumes at once; instruments once they are read, by a thread that ends with it."""
        before, self._desk = self._desk, desk
        self._mixer.order(0, "player", Gain(desk.shell.player_volume))
        if before is None:
            return
        for part, old, new in (
            ("player", before.shell.instrument, desk.shell.instrument),
            ("model", before.shell.model_instrument, desk.shell.model_instrument),
        ):
            if old != new:
                threading.Thread(target=self._load, args=(part, new), name="antiphon instrument", daemon=True).start()

    def silence(self) -> None:
        """End every note of every part."""
        for part in PARTS:
            self._mixer.order(0, part, Silence())

    def sounded(self) -> Iterator[Sounded]:
        """What came out since the last call, with the time it is heard."""
        while self._mixer.sounded:
            one = self._mixer.sounded.popleft()
            yield one._replace(sounded_s=one.sounded_s + self.speaker.latency_s)

    def close(self) -> None:
        """Let the last notes end, then let go of the card."""
        self.silence()
        time.sleep(0.25)
        self.speaker.close()

    def _load(self, part: Part, name: str) -> None:
        try:
            instrument = open_instrument(
                program(name), self.speaker.rate, soundfont=self._soundfont, engine=self._engine, pause_s=0.02
            )
        except AntiphonError as error:
            self._notice(str(error))
            return
        self._mixer.order(0, part, Swap(instrument))


class MidiSink:
    """A MIDI output; each part has its own channel, and a program change says its instrument."""

    ahead = False

    def __init__(self, output: Output, through: bool = False) -> None:
        self._output, self.through = output, through
        self._programs: dict[Part, str] = {}

    def sound(self, part: Part, event: Sound, at_s: float) -> None:
        """Send it."""
        self._output.send(midi.message(event, CHANNELS[part]))

    def turn(self, desk: Desk) -> None:
        """Say which instruments."""
        parts: dict[Part, str] = {"model": desk.shell.model_instrument}
        if self.through:
            parts["player"] = desk.shell.instrument
        for part, name in parts.items():
            if self._programs.get(part) != name:
                self._programs[part] = name
                self._output.send(midi.message(midi.Program(program(name)), CHANNELS[part]))

    def silence(self) -> None:
        """Pedal up, all notes off, all sound off."""
        for part in PARTS if self.through else ("model", "click"):
            for message in midi.silence(CHANNELS[part]):
                self._output.send(message)

    def sounded(self) -> Iterator[Sounded]:
        """A port does not report."""
        return iter(())

    def close(self) -> None:
        """End everything, and let go."""
        self.silence()
        self._output.close()


class LineSink:
    """Each note as a line of text, for a terminal without a screen."""

    ahead = False
    through = True

    def __init__(self, write: Callable[[str], None], began_s: float) -> None:
        self._write, self._began_s = write, began_s

    def sound(self, part: Part, event: Sound, at_s: float) -> None:
        """Say that a note begins."""
        if isinstance(event, NoteOn) and part != "click":
            self._write(note_line(part, event, at_s - self._began_s))

    def turn(self, desk: Desk) -> None:
        """Nothing to say."""

    def silence(self) -> None:
        """Nothing to say."""

    def sounded(self) -> Iterator[Sounded]:
        """A line is not heard."""
        return iter(())

    def close(self) -> None:
        """Nothing to let go of."""


def note_line(part: Part, note: NoteOn, time_s: float) -> str:
    """``   12.345  model   F♯4   72``."""
    from antiphon.theory import pitch_name

    return f"{time_s:9.3f}  {part:<6}  {pitch_name(note.pitch):<4} {note.velocity:4d}"
