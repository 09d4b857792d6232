"""Which pitches may sound: key, range, forbidden pitches, chords over time, the drone and the close."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from antiphon import theory
from antiphon.errors import OptionError
from antiphon.generate.constraints import Constraints
from antiphon.generate.length import Ending
from antiphon.generate.timeline import Timeline

_CLASS = np.arange(128) % 12


@dataclass(frozen=True)
class Palette:
    """The pitches for every moment: a table of sets, and which of them holds when."""

    constraints: Constraints
    timeline: Timeline
    ending: Ending | None

    @cached_property
    def drone(self) -> np.ndarray:
        """(n,) the drone's pitches, rising."""
        return np.unique(np.array(self.constraints.drone, np.int64))

    @cached_property
    def _key(self) -> theory.Scale | None:
        return None if self.constraints.key is None else theory.scale(self.constraints.key)

    @cached_property
    def base(self) -> np.ndarray:
        """(128,) bool: what the key, the range and the forbidden pitches leave; the drone has its pitches to itself."""
        pitches = self._ranged.copy()
        if self._key is not None:
            pitches &= np.isin(_CLASS, list(self._key.pitch_classes))
        pitches[self.drone] = False
        return pitches

    @cached_property
    def _ranged(self) -> np.ndarray:
        c = self.constraints
        pitches = (np.arange(128) >= c.pitch_low) & (np.arange(128) <= c.pitch_high)
        pitches[list(c.forbidden)] = False
        return pitches

    @cached_property
    def chords(self) -> tuple[theory.Chord, ...]:
        """The progression; empty without one."""
        return () if self.constraints.chords is None else theory.progression(self.constraints.chords)

    @cached_property
    def _changes(self) -> np.ndarray:
        """(n,) bars at whose end each chord of the progression does."""
        return np.cumsum([chord.length for chord in self.chords]) * self.constraints.bars_per_chord

    @cached_property
    def sets(self) -> np.ndarray:
        """(n + 1, 128) bool: what each chord leaves, and what is left where none holds."""
        tones = [self.base & np.isin(_CLASS, list(chord.pitch_classes)) for chord in self.chords]
        return np.array([*tones, self.base])

    @cached_property
    def closing(self) -> np.ndarray:
        """(n + 1, 128) bool: the same for the closing note, which follows the cadence, not the chord."""
        wanted = self._cadence
        return self.sets if wanted is None else np.broadcast_to(self.base & (wanted == _CLASS), self.sets.shape)

    @cached_property
    def _cadence(self) -> int | None:
        if self.ending is None:
            return None
        if self.ending.cadence is not None:
            return theory.pitch_class(self.ending.cadence)
        return None if self._key is None else self._key.tonic

    def moment(self, times: np.ndarray) -> np.ndarray:
        """The index into :attr:`sets` at each time."""
        if not self.chords:
            return np.zeros(times.shape, np.int64)
        bars = self.timeline.bar_of(times) % self._changes[-1]
        chord = np.searchsorted(self._changes, bars, side="right")
        free = self.constraints.passing & ~self.timeline.on_beat(times)
        return np.where(free, len(self.chords), np.minimum(chord, len(self.chords) - 1))

    def check(self) -> None:
        """Raise OptionError, naming the two options, where a moment has no pitch."""
        c = self.constraints
        range_ = f"the pitches from {theory.pitch_name(c.pitch_low)} to {theory.pitch_name(c.pitch_high)}"
        inside = np.arange(c.pitch_low, c.pitch_high + 1)
        key = f"the key {c.key}"
        if self._key is not None and self._key.pitch_classes.isdisjoint(inside % 12):
            raise contradiction(key, range_, "widen the range")
        if not self._ranged.any():
            raise contradiction("the forbidden pitches", range_, "forbid fewer")
        for pitch in self.drone:
            self._check_drone(int(pitch), key, range_)
        if not self.base.any():
            raise contradiction(
                "the forbidden or drone pitches", f"{key} within {range_}" if c.key else range_, "leave some"
            )
        for chord, left in zip(self.chords, self.sets, strict=False):
            if self._key is not None and chord.pitch_classes.isdisjoint(self._key.pitch_classes):
                raise contradiction(f"the chord {chord.name}", key, "choose chords that share tones with the key")
            if not left.any():
                other = f"{range_}, less what is forbidden or outside the key"
                raise contradiction(f"the chord {chord.name}", other, "widen the range")
        self._check_close(range_)
        self._check_above()

    def _check_drone(self, pitch: int, key: str, range_: str) -> None:
        name = f"the drone {theory.pitch_name(pitch)}"
        if pitch in self.constraints.forbidden:
            raise contradiction(name, f"the forbidden pitch {theory.pitch_name(pitch)}", "choose another drone")
        if not self.constraints.pitch_low <= pitch <= self.constraints.pitch_high:
            raise contradiction(name, range_, "widen the range")
        if self._key is not None and pitch % 12 not in self._key.pitch_classes:
            raise contradiction(name, key, "choose a drone within the key")

    def _check_close(self, range_: str) -> None:
        if self._cadence is None or self.closing[0].any():
            return
        name = f"the cadence on {theory.PITCH_CLASSES[self._cadence]}"
        if self._key is not None and self._cadence not in self._key.pitch_classes:
            raise contradiction(name, f"the key {self.constraints.key}", "close on a tone of the key")
        raise contradiction(name, f"{range_}, less what is forbidden", "widen the range")

    def _check_above(self) -> None:
        """Notes of one onset rise, so above the drone there must always be some pitch."""
        if not len(self.drone):
            return
        for chord, left in zip(
            [*(f"the chord {c.name}" for c in self.chords), "the pitches allowed"], self.sets, strict=True
        ):
            if np.flatnonzero(left)[-1] < self.drone[-1]:
                name = f"the drone {theory.pitch_name(int(self.drone[-1]))}"
                raise contradiction(name, f"{chord}, which has no tone above it", "choose a lower drone")


def contradiction(one: str, other: str, advice: str) -> OptionError:
    """The error for two options that no music can obey at once."""
    return OptionError(f"{one} and {other} contradict each other: {advice}, or leave one of them out")
