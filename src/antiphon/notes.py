"""Score: the one thing music is, anywhere in Antiphon.

A score is a table of notes and the maps that turn its ticks into seconds and bars. Time is integer ticks at one fixed
resolution; seconds are derived, and a name that holds seconds ends in ``_s``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

TICKS_PER_QUARTER = 1920  # a multiple of 24, 96, 120, 192, 240, 384, 480 and 960: files with these divisions stay exact
DEFAULT_TEMPO = 500_000  # microseconds a quarter note, 120 bpm: what a file without a tempo means
DRUMS = 128  # the program of percussion, which has none of its own in General MIDI

NOTE = np.dtype(
    [
        ("onset", "<i4"),  # ticks from the start
        ("duration", "<i4"),  # ticks, at least 1
        ("pitch", "u1"),  # 0 to 127, 60 is middle C
        ("velocity", "u1"),  # 1 to 127
        ("program", "u1"),  # General MIDI program 0 to 127, or DRUMS
        ("track", "<u2"),  # index into Score.tracks
    ]
)
TEMPO = np.dtype([("tick", "<i4"), ("tempo", "<i4")])  # tempo in microseconds a quarter note
METRE = np.dtype([("tick", "<i4"), ("numerator", "u1"), ("denominator", "u1")])

_ORDER = ("onset", "pitch", "track", "program", "duration", "velocity")


@dataclass(frozen=True, eq=False)
class Score:
    """Notes sorted by onset then pitch, with the tempo and metre maps and the track names of their file.

    Build one with :func:`score`, which sorts and checks; the constructor trusts its arguments.
    """

    notes: np.ndarray  # (N,) of NOTE
    tempos: np.ndarray  # (>=1,) of TEMPO, the first at tick 0
    metres: np.ndarray  # (>=1,) of METRE, the first at tick 0
    tracks: tuple[str, ...] = ("",)  # a name for each track index in use

    def __len__(self) -> int:
        return len(self.notes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Score):
            return NotImplemented
        pairs = ((self.notes, other.notes), (self.tempos, other.tempos), (self.metres, other.metres))
        return self.tracks == other.tracks and all(np.array_equal(a, b) for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equal by content, so not hashable

    def seconds(self, ticks: np.ndarray | Sequence[int] | int) -> np.ndarray:
        """Seconds from the start at each of ``ticks``, float64, through the tempo map."""
        tick = np.asarray(ticks, dtype=np.int64)
        i = np.searchsorted(self.tempos["tick"], tick, side="right") - 1
        return self._tempo_starts_s()[i] + (tick - self.tempos["tick"][i]) * self._tick_s()[i]

    def ticks(self, seconds: np.ndarray | Sequence[float] | float) -> np.ndarray:
        """The nearest tick to each of ``seconds``, int64: the inverse of :meth:`seconds`."""
        second = np.asarray(seconds, dtype=np.float64)
        starts_s = self._tempo_starts_s()
        i = np.maximum(np.searchsorted(starts_s, second, side="right") - 1, 0)
        return np.rint(self.tempos["tick"][i] + (second - starts_s[i]) / self._tick_s()[i]).astype(np.int64)

    def _tick_s(self) -> np.ndarray:
        return self.tempos["tempo"] / (TICKS_PER_QUARTER * 1e6)

    def _tempo_starts_s(self) -> np.ndarray:
        spans_s = np.diff(self.tempos["tick"]) * self._tick_s()[:-1]
        return np.concatenate([[0.0], np.cumsum(spans_s)])

    @property
    def onset_s(self) -> np.ndarray:
        """(N,) onset of each note in seconds."""
        return self.seconds(self.notes["onset"])

    @property
    def end_s(self) -> np.ndarray:
        """(N,) end of each note in seconds."""
        return self.seconds(self.notes["onset"].astype(np.int64) + self.notes["duration"])

    @property
    def length_s(self) -> float:
        """Seconds from the start to the end of the last note; 0 without notes."""
        return float(self.end_s.max()) if len(self) else 0.0

    def select(self, where: np.ndarray) -> Score:
        """The notes that a mask or an ordered index picks, with the same maps."""
        return replace(self, notes=self.notes[where])

    def passage(self, start_s: float, end_s: float) -> Score:
        """Notes whose onset lies in [start_s, end_s), moved so that start_s becomes 0; ends are kept, not cut."""
        onset_s, end_of_note_s = self.onset_s, self.end_s
        inside = (onset_s >= start_s) & (onset_s < end_s)
        notes = self.notes[inside]
        return from_seconds(
            onset_s[inside] - start_s,
            (end_of_note_s - onset_s)[inside],
            notes["pitch"],
            notes["velocity"],
            notes["program"],
            notes["track"],
            tracks=self.tracks,
        )

    def until(self, end_s: float) -> Score:
        """Notes that begin before ``end_s``; those that would sound beyond it end there."""
        end = int(self.ticks(end_s))
        notes = self.notes[self.notes["onset"] < end]
        notes["duration"] = np.minimum(notes["duration"], end - notes["onset"])
        return replace(self, notes=notes)

    def transpose(self, semitones: int) -> Score:
        """All pitches but those of drums moved by ``semitones``; notes that leave 0-127 are dropped."""
        pitch = self.notes["pitch"].astype(int) + np.where(self.notes["program"] == DRUMS, 0, semitones)
        inside = (pitch >= 0) & (pitch <= 127)
        notes = self.notes[inside].copy()
        notes["pitch"] = pitch[inside]
        return score(notes, self.tempos, self.metres, self.tracks)

    def with_program(self, program: int) -> Score:
        """The same notes on another instrument; drums stay drums."""
        notes = self.notes.copy()
        notes["program"][notes["program"] != DRUMS] = program
        return score(notes, self.tempos, self.metres, self.tracks)


def score(
    notes: np.ndarray,
    tempos: Iterable[tuple[int, int]] | np.ndarray = (),
    metres: Iterable[tuple[int, int, int]] | np.ndarray = (),
    tracks: Sequence[str] = (),
) -> Score:
    """A checked, sorted Score from a NOTE table in any order.

    Maps may be unsorted or empty: of several entries at one tick the last counts, an entry that changes nothing is
    dropped, and tick 0 gets 120 bpm and 4/4 where nothing is said. Raises ValueError for a note out of range.
    """
    notes = np.asarray(notes, dtype=NOTE)
    _check(notes)
    order = np.lexsort([notes[name] for name in reversed(_ORDER)])
    count = int(notes["track"].max()) + 1 if len(notes) else 0
    names = tuple(tracks) + ("",) * (max(count, 1) - len(tracks))
    return Score(notes[order], _map(tempos, TEMPO, (0, DEFAULT_TEMPO)), _map(metres, METRE, (0, 4, 4)), names)


def from_seconds(
    onset_s: np.ndarray,
    duration_s: np.ndarray,
    pitch: np.ndarray,
    velocity: np.ndarray,
    program: np.ndarray | int = 0,
    track: np.ndarray | int = 0,
    tracks: Sequence[str] = (),
) -> Score:
    """A Score at 120 bpm from arrays of seconds, for music that was played rather than written."""
    per_second = TICKS_PER_QUARTER * 1e6 / DEFAULT_TEMPO
    onset = np.rint(np.asarray(onset_s) * per_second)
    notes = np.empty(len(onset), NOTE)
    notes["onset"] = onset
    notes["duration"] = np.maximum(np.rint((np.asarray(onset_s) + duration_s) * per_second) - onset, 1)
    notes["pitch"], notes["velocity"], notes["program"], notes["track"] = pitch, velocity, program, track
    return score(notes, tracks=tracks)


def join(scores: Sequence[Score], gap_s: float = 0.0) -> Score:
    """Pieces one after another at 120 bpm, ``gap_s`` seconds between the end of one and the start of the next."""
    starts_s = np.cumsum([0.0] + [s.length_s + gap_s for s in scores[:-1]])
    onset_s = np.concatenate([s.onset_s + t for s, t in zip(scores, starts_s, strict=True)])
    duration_s = np.concatenate([s.end_s - s.onset_s for s in scores])
    notes = np.concatenate([s.notes for s in scores])
    names = max((s.tracks for s in scores), key=len)
    pitch, velocity, program, track = (notes[name] for name in ("pitch", "velocity", "program", "track"))
    return from_seconds(onset_s, duration_s, pitch, velocity, program, track, tracks=names)


def _check(notes: np.ndarray) -> None:
    """Raise ValueError for the first value out of range."""
    limits = {
        "onset": (0, 2**31 - 1),
        "duration": (1, 2**31 - 1),
        "pitch": (0, 127),
        "velocity": (1, 127),
        "program": (0, 128),
    }
    for name, (low, high) in limits.items():
        column = notes[name]
        bad = (column < low) | (column > high)
        if bad.any():
            raise ValueError(f"note {name} {column[bad][0]} is outside {low} to {high}")


def _map(entries: Iterable[tuple[int, ...]] | np.ndarray, dtype: np.dtype, default: tuple[int, ...]) -> np.ndarray:
    """A canonical map: sorted, starting at tick 0, one entry a tick, no entry that repeats the one before."""
    rows = [default] + sorted((tuple(int(x) for x in e) for e in entries), key=lambda e: e[0])
    by_tick = {row[0]: row for row in rows}
    kept: list[tuple[int, ...]] = []
    for _, row in sorted(by_tick.items()):
        if not kept or row[1:] != kept[-1][1:]:
            kept.append(row)
    return np.array(kept, dtype)
