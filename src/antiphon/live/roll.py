"""The piano roll of a terminal: half a character for each row of pitches, so that 28 fit into 14 lines.

Time runs to the right, to what is planned; everything moves by whole columns, so that a note keeps its shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

import numpy as np
from rich.segment import Segment
from rich.style import Style

from antiphon.charts.colour import colour
from antiphon.live.events import Played
from antiphon.live.snapshot import Snapshot
from antiphon.theory import pitch_name

COLUMN_S = 0.1  # seconds a column
AHEAD = 0.15  # the part of the width that is still to come
NAMES = 4  # columns for the names of pitches
MIDDLE = 64  # the pitch in the middle before anything was played

FIELD, OCTAVE, NOW, GHOST, PLAYER, PLAYER_ON, MODEL, MODEL_ON = range(8)
_INK = {
    FIELD: colour("paper")[1],
    OCTAVE: colour("key")[1],
    NOW: colour("grid")[1],
    GHOST: "#35506b",
    PLAYER: colour("c6")[1],
    PLAYER_ON: colour("c11")[1],
    MODEL: colour("b6")[1],
    MODEL_ON: colour("b11")[1],
}
_MUTED = Style(color=colour("muted")[1], bgcolor=_INK[FIELD])


@dataclass
class Window:
    """Which pitches are shown; it moves no more than it must."""

    low: int = MIDDLE - 14
    semitones: int = 1  # a half-row

    def fit(self, pitches: Iterable[int], half_rows: int) -> None:
        """Show all these pitches: by moving, and where that is not enough by putting more into a half-row."""
        shown = list(pitches)
        if not shown:
            self.low = min(self.low, 127 - self.semitones * half_rows) if half_rows < 128 else 0
            return
        low, high = min(shown), max(shown)
        self.semitones = max(ceil((high - low + 1) / half_rows), 1)
        span = self.semitones * half_rows
        if low < self.low:
            self.low = low
        if high >= self.low + span:
            self.low = high - span + 1
        self.low = max(min(self.low, 128 - span), 0)


def cells(seen: Snapshot, window: Window, columns: int, lines: int) -> np.ndarray:
    """(2 * lines, columns) kinds of half-characters, the highest pitches first."""
    now_column = floor(columns * (1 - AHEAD))
    first_column = floor(seen.now_s / COLUMN_S) - now_column
    start_s = first_column * COLUMN_S
    notes = [*seen.played, *seen.sounding, *seen.planned]
    notes = [n for n in notes if n.duration_s is None or n.onset_s + n.duration_s > start_s]
    window.fit((note.pitch for note in notes), 2 * lines)
    grid = np.full((2 * lines, columns), FIELD, np.int8)
    for row in range(2 * lines):
        low = window.low + row * window.semitones
        if any((low + k) % 12 == 0 for k in range(window.semitones)):
            grid[row] = OCTAVE
    grid[:, min(now_column, columns - 1)] = NOW
    ghosts = len(notes) - len(seen.planned)
    for index, note in sorted(enumerate(notes), key=lambda each: -each[0]):
        _draw(grid, note, index >= ghosts, seen.now_s, first_column, window)
    return grid[::-1]


def _draw(grid: np.ndarray, note: Played, ghost: bool, now_s: float, first: int, window: Window) -> None:
    """One note into the grid, whose rows go up; its beginning is brighter."""
    row = (note.pitch - window.low) // window.semitones
    end_s = now_s if note.duration_s is None else note.onset_s + note.duration_s
    on = floor(note.onset_s / COLUMN_S) - first
    off = max(ceil(end_s / COLUMN_S) - first, on + 1)
    if not 0 <= row < len(grid) or off <= 0 or on >= grid.shape[1]:
        return
    own = note.part == "player"
    grid[row, max(on, 0) : off] = GHOST if ghost else PLAYER if own else MODEL
    if on >= 0 and not ghost:
        grid[row, on] = PLAYER_ON if own else MODEL_ON


def names(window: Window, lines: int) -> list[str]:
    """What stands left of each line: the C in it, if there is one."""
    texts = []
    for line in range(lines):
        low = window.low + 2 * (lines - 1 - line) * window.semitones
        pitches = [p for p in range(low, low + 2 * window.semitones) if p % 12 == 0 and p <= 127]
        texts.append((pitch_name(pitches[0]) if pitches else "").rjust(NAMES - 1) + " ")
    return texts


def segments(grid: np.ndarray, name: str, line: int) -> list[Segment]:
    """One line of text: runs of equal half-characters."""
    upper, lower = grid[2 * line], grid[2 * line + 1]
    edges = [0, *(np.flatnonzero((np.diff(upper) != 0) | (np.diff(lower) != 0)) + 1).tolist(), len(upper)]
    runs = [_run(int(upper[start]), int(lower[start]), stop - start) for start, stop in pairwise(edges)]
    return [Segment(name, _MUTED), *runs]


def _run(upper: int, lower: int, length: int) -> Segment:
    """Equal half-characters in a row: notes in the foreground, so that they show in terminals without colour too."""
    if max(upper, lower) <= NOW:
        return Segment(" " * length, Style(bgcolor=_INK[max(upper, lower)]))
    if upper == lower:
        return Segment("█" * length, Style(color=_INK[upper]))
    glyph, front, back = ("▀", upper, lower) if upper > NOW else ("▄", lower, upper)
    return Segment(glyph * length, Style(color=_INK[front], bgcolor=_INK[back]))
