"""Notes of all parts into one stream of sound, each at its own frame: what the audio callback runs.

Place in the path: between the player's owner loop, which says what sounds when, and the sound card. Orders come in
through a queue that any thread may fill; instruments belong to the one thread that calls :meth:`Mixer.fill`.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np

from antiphon.audio.realtime import Instrument
from antiphon.live.events import NoteOff, NoteOn, Part, Pedal

LOUDNESS = 2.5  # a raw piano render comes out at -33 to -36 dBFS; what this makes too loud is rounded off by tanh
KEPT = 4096  # reports that wait to be read


class Sounded(NamedTuple):
    """When a note was asked for and when it comes out of the speaker, on the caller's clock."""

    asked_s: float
    sounded_s: float
    part: Part
    pitch: int


@dataclass(frozen=True, slots=True)
class Swap:
    """From now on another instrument plays a part; notes that sound die away on the old one."""

    instrument: Instrument


@dataclass(frozen=True, slots=True)
class Gain:
    """A part's volume, as a factor."""

    factor: float


@dataclass(frozen=True, slots=True)
class Silence:
    """All notes of a part end, and those that wait are forgotten."""


Order = NoteOn | NoteOff | Pedal | Swap | Gain | Silence


class Mixer:
    """The parts that sound."""

    def __init__(self, instruments: Mapping[Part, Instrument]) -> None:
        self.rate = next(iter(instruments.values())).rate
        self.sounded: deque[Sounded] = deque(maxlen=KEPT)  # for the owner to read, oldest first
        self.late = 0  # notes that came after the frame they were meant for
        self._parts = {part: _Channel(instrument) for part, instrument in instruments.items()}
        self._orders: deque[tuple[float, Part, Order]] = deque()
        self._waiting: list[tuple[float, int, Part, Order]] = []  # a heap by time
        self._numbers = count()  # orders for one moment stay in their order

    def order(self, at_s: float, part: Part, order: Order) -> None:
        """Do something at a time on the clock of :meth:`fill`; any thread may ask. Overdue orders are done at once."""
        self._orders.append((at_s, part, order))

    def fill(self, out: np.ndarray, start_s: float) -> None:
        """Write the frames (frames, 2) float32 that are heard from ``start_s`` on."""
        out[:] = 0
        while self._orders:
            at_s, part, order = self._orders.popleft()
            if isinstance(order, Silence):
                self._waiting = [each for each in self._waiting if each[2] != part or isinstance(each[3], Swap | Gain)]
            heapq.heappush(self._waiting, (at_s, next(self._numbers), part, order))
        heapq.heapify(self._waiting)
        done, end_s = 0, start_s + len(out) / self.rate
        while self._waiting and self._waiting[0][0] < end_s:
            at_s, _, part, order = heapq.heappop(self._waiting)
            frame = min(max(round((at_s - start_s) * self.rate), done), len(out))
            self._add(out[done:frame])
            done = frame
            self._do(at_s, start_s + frame / self.rate, part, order)
        self._add(out[done:])
        np.tanh(out, out=out)

    def close(self) -> None:
        """Give back the instruments; only when :meth:`fill` is called no more."""
        for part in self._parts.values():
            part.close()

    def _do(self, at_s: float, now_s: float, part: Part, order: Order) -> None:
        self._parts[part].do(order)
        if isinstance(order, NoteOn):
            self.late += now_s - at_s > 1.5 / self.rate
            self.sounded.append(Sounded(at_s, now_s, part, order.pitch))

    def _add(self, out: np.ndarray) -> None:
        if len(out):
            for part in self._parts.values():
                part.add(out)


class _Channel:
    """One part: its instrument, those that die away, its volume and its pedal."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._retired: list[tuple[Instrument, int]] = []  # and the frames they may still sound
        self._factor = self._target = LOUDNESS
        self._pedal = False
        self._down: set[int] = set()  # keys
        self._sustained: set[int] = set()  # keys that came up while the pedal was down
        self._scratch = np.zeros((4096, 2), np.float32)

    def do(self, order: Order) -> None:
        """Carry out an order now."""
        match order:
            case NoteOn(pitch, velocity):
                self._sustained.discard(pitch)
                self._down.add(pitch)
                self._instrument.note_on(pitch, velocity)
            case NoteOff(pitch):
                self._release(pitch)
            case Pedal(down):
                self._press(down)
            case Gain(factor):
                self._target = LOUDNESS * factor
            case Silence():
                self._silence()
            case Swap(instrument):
                self._swap(instrument)

    def add(self, out: np.ndarray) -> None:
        """Mix the next frames of this part in; a new volume is reached within the block, against clicks."""
        if len(out) > len(self._scratch):
            self._scratch = np.zeros((len(out), 2), np.float32)
        block = self._scratch[: len(out)]
        block[:] = 0
        for instrument in (self._instrument, *(old for old, _ in self._retired)):
            instrument.add(block)
        ramp = np.linspace(self._factor, self._target, len(out), dtype=np.float32)[:, None]
        out += block * (ramp if self._factor != self._target else np.float32(self._factor))
        self._factor = self._target
        for old, left in self._retired:
            if left <= len(out):
                old.close()
        self._retired = [(old, left - len(out)) for old, left in self._retired if left > len(out)]

    def close(self) -> None:
        """Give back all instruments."""
        for instrument in (self._instrument, *(old for old, _ in self._retired)):
            instrument.close()

    def _release(self, pitch: int) -> None:
        self._down.discard(pitch)
        if self._pedal:
            self._sustained.add(pitch)
        else:
            self._instrument.note_off(pitch)

    def _press(self, down: bool) -> None:
        self._pedal = down
        if not down:
            for pitch in self._sustained - self._down:
                self._instrument.note_off(pitch)
            self._sustained.clear()

    def _silence(self) -> None:
        self._pedal = False
        for pitch in self._down | self._sustained:
            self._instrument.note_off(pitch)
        self._down.clear()
        self._sustained.clear()

    def _swap(self, instrument: Instrument) -> None:
        """Let the old instrument ring for at most four seconds; keys that are down do not move to the new one."""
        self._silence()
        self._retired.append((self._instrument, 4 * self._instrument.rate))
        self._instrument = instrument
