"""Steps behind the model that move notes a little, and can be undone: quantising and humanising.

They know nothing of the model and it nothing of them. Each returns the new score and the changes, note by note; from
the two :func:`undo` makes the score that was there before, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.errors import OptionError
from antiphon.generate.constraints import Constraints
from antiphon.generate.options import number, settings
from antiphon.generate.timeline import Timeline
from antiphon.notes import Score, score

_MOVED = ("onset", "duration", "velocity")
_FARTHEST = 2.5  # standard deviations: no note is moved further, so that none is an accident


@dataclass(frozen=True, kw_only=True)
class Humanise:
    """How much a performance deviates: standard deviations."""

    timing_ms: float = 0.0  # of onsets; a note keeps its duration
    velocity: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.timing_ms <= 200:
            raise OptionError(f"humanise timing {self.timing_ms:g} is out of range: 0 to 200 ms; 10 is a good pianist")
        if not 0 <= self.velocity <= 40:
            raise OptionError(f"humanise velocity {self.velocity:g} is out of range: 0 to 40")


@dataclass(frozen=True, kw_only=True)
class Quantise:
    """Which grid of the score's own beats notes move to, and how far of the way."""

    grid: str = "1/16"  # as in a constraint: "1/8", "1/16t"
    strength: float = 1.0  # 0: not at all, 1: onto the grid
    swing: float = 0.5

    def __post_init__(self) -> None:
        Constraints(grid=self.grid, tempo=120, swing=self.swing)
        if not 0 <= self.strength <= 1:
            raise OptionError(f"quantise strength {self.strength:g} is out of range: 0 to 1, all the way")


@dataclass(frozen=True)
class Changes:
    """What became of each note, in the order of the changed score: what was added to its onset, duration, velocity."""

    notes: np.ndarray  # (N, 3) int64; ticks, ticks, velocity

    def to_list(self) -> list[list[int]]:
        """Plain numbers, a row a note."""
        return self.notes.tolist()

    @staticmethod
    def from_list(rows: Sequence[Sequence[int]]) -> Changes:
        """The inverse of :meth:`to_list`."""
        return Changes(np.array(rows, np.int64).reshape(-1, 3))


def read_humanise(text: str) -> Humanise:
    """``"timing=10,velocity=5"``. Raises OptionError."""
    given = settings(text, "humanise", ("timing", "velocity"), "timing=10,velocity=5")
    return Humanise(timing_ms=given.get("timing", 0.0), velocity=given.get("velocity", 0.0))


def read_quantise(text: str, swing: float = 0.5) -> Quantise:
    """``"1/16"``, ``"1/16,0.8"``. Raises OptionError."""
    grid, comma, strength = text.partition(",")
    return Quantise(grid=grid.strip(), strength=number(strength, "quantise strength") if comma else 1.0, swing=swing)


def humanise(music: Score, how: Humanise, seed: Sequence[int], only: np.ndarray | None = None) -> tuple[Score, Changes]:
    """Each note moved on its own by a normal deviate, the same for the same seed; none begins before 0.

    ``only`` (N,) bool leaves the other notes as they are.
    """
    rng = np.random.default_rng(list(seed))
    deviate = np.clip(rng.standard_normal((2, len(music))), -_FARTHEST, _FARTHEST)
    onset = music.ticks(np.maximum(music.onset_s + deviate[0] * how.timing_ms / 1000, 0))
    velocity = np.clip(np.rint(music.notes["velocity"] + deviate[1] * how.velocity), 1, 127)
    if how.timing_ms == 0:
        onset = music.notes["onset"]
    return _changed(music, (onset, music.notes["duration"], velocity), only)


def quantise(music: Score, how: Quantise, only: np.ndarray | None = None) -> tuple[Score, Changes]:
    """Onsets and ends moved towards the nearest line of the grid; a note that would vanish lasts to the next line.

    ``only`` (N,) bool leaves the other notes as they are.
    """
    timeline = Timeline(Constraints(grid=how.grid, tempo=120, swing=how.swing))
    onset = music.notes["onset"].astype(np.int64)
    end = onset + music.notes["duration"]
    begin = timeline.nearest(onset)
    until = np.maximum(timeline.nearest(end), timeline.up(begin + 1))
    onset, end = (np.rint(at + how.strength * (to - at)).astype(np.int64) for at, to in ((onset, begin), (end, until)))
    return _changed(music, (onset, np.maximum(end - onset, 1), music.notes["velocity"]), only)


def undo(music: Score, changes: Changes) -> Score:
    """The score as it was before the changes. Raises ValueError where they are of another score."""
    if len(changes.notes) != len(music):
        raise ValueError(f"{len(changes.notes)} changes do not fit {len(music)} notes")
    notes = music.notes.copy()
    for column, name in enumerate(_MOVED):
        notes[name] = notes[name] - changes.notes[:, column]
    return score(notes, music.tempos, music.metres, music.tracks)


def _changed(music: Score, columns: Sequence[np.ndarray], only: np.ndarray | None) -> tuple[Score, Changes]:
    """The score with these onsets, durations and velocities, and its changes in its own order."""
    moved, change = music.notes.copy(), np.zeros((len(music), len(_MOVED)), np.int64)
    for i, (name, column) in enumerate(zip(_MOVED, columns, strict=True)):
        moved[name] = column if only is None else np.where(only, column, moved[name])
        change[:, i] = moved[name].astype(np.int64) - music.notes[name]
    order = np.lexsort([moved[name] for name in ("velocity", "duration", "program", "track", "pitch", "onset")])
    return score(moved[order], music.tempos, music.metres, music.tracks), Changes(change[order])
