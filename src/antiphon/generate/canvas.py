"""Rows of which some attributes are masked, what may be drawn there, and the time that a gap must fill.

A model that fills what is masked sees the rows; this says of each draw which codes it leaves open, so that the notes of
a gap take exactly the time that it has, notes of one chord rise, and no constraint is broken. Whatever is drawn first,
something is left for all that follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from antiphon.bins import STEP_BINS
from antiphon.codec import HELD, NoteCodec
from antiphon.gaps import HINTS, hints


@dataclass
class Gap:
    """A run of steps that together take a known time."""

    first: int  # row of the first of them
    last: int  # row of the last, that of the note after the passage
    left: int  # cells that those still masked have together
    beyond: int = 0  # of them, steps that lie in rows which are not on the canvas …
    reserved: int = 0  # … and the cells that these take at least


@dataclass
class Canvas:
    """T rows on their way to being notes."""

    codec: NoteCodec
    rows: np.ndarray  # (T, A) int64; the size of an attribute stands for one that is masked
    pitches: np.ndarray  # (T, 128) bool: what each row may have
    velocities: np.ndarray  # (V,) bool
    durations: np.ndarray  # (V,) bool
    gap: Gap | None = None
    least: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # (T,) cells that each step takes at least
    rising: np.ndarray | None = None  # (T,) number of a row's chord, in which pitches rise; None: no chord is fixed

    def __post_init__(self) -> None:
        self.sizes = np.array([a.size for a in self.codec.attributes])
        steps = self.rows[:, self.codec.column["step"]]
        self.cells = STEP_BINS.middle[np.minimum(steps, STEP_BINS.size - 1)]
        self.cells[steps == STEP_BINS.size] = -1  # not known yet
        self.least = self.least if len(self.least) else np.zeros(len(self.rows), np.int64)

    @property
    def masked(self) -> np.ndarray:
        """(T, A) bool."""
        found: np.ndarray = self.rows == self.sizes
        return found

    def mask(self, row: int, name: str) -> None:
        """Forget an attribute of a row."""
        self.rows[row, self.codec.column[name]] = self.sizes[self.codec.column[name]]
        if name == "step":
            self.cells[row] = -1

    def hints(self) -> np.ndarray:
        """(T, HINTS) what the model is told of masked steps."""
        told = np.zeros((len(self.rows), HINTS), np.int64)
        if self.gap is not None:
            steps = self._steps()
            if len(steps):
                told[steps] = hints(self.gap.left, len(steps) + self.gap.beyond)
        return told

    def _steps(self) -> np.ndarray:
        """Rows of the gap's steps that are masked."""
        assert self.gap is not None
        return self.gap.first + np.flatnonzero(self.cells[self.gap.first : self.gap.last + 1] < 0)

    def open(self, row: int, name: str) -> np.ndarray:
        """(V,) bool: codes that an attribute of a row may have; at least one."""
        if name == "pitch":
            return self.pitches[row] if self.rising is None else self._rising(row)
        if name == "velocity":
            return self.velocities
        if name == "duration":
            return self.durations
        if name == "step":
            return self._fitting(row)
        return np.ones(self.sizes[self.codec.column[name]], bool)

    def put(self, row: int, name: str, code: int) -> None:
        """Unmask an attribute of a row."""
        self.rows[row, self.codec.column[name]] = code
        if name != "step":
            return
        cells = int(STEP_BINS.middle[code])
        if self._in_gap(row):
            assert self.gap is not None
            low, high = self._span(row)
            cells = min(max(cells, low), high)
            self.gap.left -= cells
        self.cells[row] = cells

    def _in_gap(self, row: int) -> bool:
        return self.gap is not None and self.gap.first <= row <= self.gap.last

    def _span(self, row: int) -> tuple[int, int]:
        """The fewest and the most cells that a masked step of the gap may take: the last one, all that is left."""
        assert self.gap is not None
        others = self._steps()
        others = others[others != row]
        most = self.gap.left - self.gap.reserved - int(self.least[others].sum())
        return (most if not len(others) and not self.gap.beyond else int(self.least[row])), most

    def _fitting(self, row: int) -> np.ndarray:
        """(V,) bool: steps that leave the others of the gap their time."""
        if not self._in_gap(row):
            return np.ones(STEP_BINS.size, bool)
        low, high = self._span(row)
        codes = np.arange(STEP_BINS.size)
        first, last = STEP_BINS.index(np.array([low, high]))
        found: np.ndarray = (codes >= first) & (codes <= last)
        return found

    def _rising(self, row: int) -> np.ndarray:
        """(128,) bool: pitches above those below in the chord and below those above, with room for the masked ones."""
        assert self.rising is not None
        chord = np.flatnonzero(self.rising == self.rising[row])
        codes, place = np.arange(128), int(np.flatnonzero(chord == row)[0])
        low = _stacked([self._choices(r) for r in chord[:place]])
        high = 127 - _stacked([self._choices(r)[::-1] for r in chord[:place:-1]])
        found: np.ndarray = self.pitches[row] & (codes > low) & (codes < high)
        return found

    def _choices(self, row: int) -> np.ndarray:
        """(128,) bool: the pitch of a row where it is known, else what it may have."""
        pitch = self.rows[row, self.codec.column["pitch"]]
        return self.pitches[row] if pitch == 128 else np.arange(128) == pitch


def _stacked(choices: list[np.ndarray]) -> int:
    """The lowest pitch on which a chord of some notes, each of its own choice, can end; -1 without any.

    128 stands for none that is possible.
    """
    at = -1
    for allowed in choices:
        above = np.flatnonzero(allowed[at + 1 :])
        if not len(above):
            return 128
        at += 1 + int(above[0])
    return at


def plain_durations(codec: NoteCodec) -> np.ndarray:
    """(V,) bool: all but a key that is still down."""
    return np.arange(codec.attributes[codec.column["duration"]].size) < HELD
