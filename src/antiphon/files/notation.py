"""A Score on paper: bars, voices, note values.

Place in the path: between a Score and the writers of notation. Times are whole units, 24 a quarter note, so that 32nd
notes (3 units) and triplets of 16ths (4) are both exact.

Conventions. Each beat of a staff has the grid that fits its onsets better, 32nds or triplets of 16ths; a beat is a
quarter, in metres of eighths an eighth. Notes that begin and end together are a chord. What overlaps goes into another
voice; where all voices of a staff are taken, the note before is cut short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from antiphon.notes import TICKS_PER_QUARTER, Score

UNITS = 24  # a quarter note
TICKS = TICKS_PER_QUARTER // UNITS  # a unit
TRIPLET = 4  # units: a triplet of 16ths
SHORTEST = 3  # units: a 32nd
VALUES = {96: ("whole", 0), 72: ("half", 1), 48: ("half", 0), 36: ("quarter", 1), 24: ("quarter", 0),
          18: ("eighth", 1), 12: ("eighth", 0), 9: ("16th", 1), 6: ("16th", 0), 3: ("32nd", 0)}  # fmt: skip
TRIPLETS = {16: ("quarter", 0), 8: ("eighth", 0), 4: ("16th", 0)}  # units, and what is written for them
TRIPLETS_COST = 1.3  # a beat is read as triplets only where they fit better by this factor


class Chord(NamedTuple):
    """Notes that begin and end together; a rest has none."""

    start: int  # units, from the beginning of the music
    end: int
    notes: tuple[tuple[int, int], ...]  # pitch and velocity, low to high


class Piece(NamedTuple):
    """What one written symbol is: a note value, plain or of a triplet."""

    start: int
    length: int  # units
    value: str  # "quarter"
    dots: int
    triplet: bool
    chord: Chord | None  # None: a rest
    tied_from: bool
    tied_on: bool


class BarOf(NamedTuple):
    """A bar line's distance to the next, and the metre between them."""

    start: int  # units
    length: int
    metre: tuple[int, int]
    beat: int  # units
    upbeat: bool


@dataclass
class Paper:
    """A staff or part on paper."""

    bars: Sequence[BarOf]
    voices: list[list[Chord]] = field(default_factory=list)
    triplets: frozenset[int] = frozenset()  # the starts of beats whose grid is triplets

    def pieces(self, voice: int, bar: BarOf) -> Iterator[Piece]:
        """The symbols of one voice in one bar, rests between them."""
        now = bar.start
        for chord in self.voices[voice]:
            if chord.end <= bar.start or chord.start >= bar.start + bar.length:
                continue
            start, end = max(chord.start, bar.start), min(chord.end, bar.start + bar.length)
            if start > now:
                yield from self._symbols(None, now, start, bar)
            yield from self._symbols(chord, start, end, bar)
            now = end
        if now < bar.start + bar.length:
            yield from self._symbols(None, now, bar.start + bar.length, bar)

    def _symbols(self, chord: Chord | None, start: int, end: int, bar: BarOf) -> Iterator[Piece]:
        """A stretch of time as note values, the longest that may stand where it begins."""
        now = start
        while now < end:
            length, triplet = self._value(now, end, bar)
            value, dots = (TRIPLETS if triplet else VALUES)[length]
            before = chord is not None and now > chord.start
            after = chord is not None and now + length < chord.end
            yield Piece(now, length, value, dots, triplet, chord, before, after)
            now += length

    def _value(self, now: int, end: int, bar: BarOf) -> tuple[int, bool]:
        place = now - bar.start
        beat = now - place % bar.beat
        if beat in self.triplets and (place % bar.beat or end < beat + bar.beat):
            left = min(end, beat + bar.beat) - now
            return max(length for length in TRIPLETS if length <= left), True
        fitting = [length for length in VALUES if self._fits(now, length, end, bar)]
        return (max(fitting) if fitting else SHORTEST), False

    def _fits(self, now: int, length: int, end: int, bar: BarOf) -> bool:
        """Whether a plain value may stand here: where beats stay visible, and not ending within a triplet."""
        place, after = now - bar.start, now - bar.start + length
        into = bar.start + after - after % bar.beat in self.triplets and after % bar.beat
        return now + length <= end and place % _step(length) == 0 and not into


def _step(length: int) -> int:
    """Where in a bar a value may begin: at multiples of its half or its dot, so that the beats stay visible."""
    return length // 3 if VALUES[length][1] else max(length // 2, SHORTEST) if length <= UNITS else UNITS


def bars(music: Score) -> list[BarOf]:
    """The bars from the beginning to the end of the last note; a short first one is an upbeat."""
    end = int((music.notes["onset"].astype(np.int64) + music.notes["duration"]).max(initial=1))
    until = -(-end // TICKS)
    changes = [(round(int(m["tick"]) / TICKS), (int(m["numerator"]), int(m["denominator"]))) for m in music.metres]
    found: list[BarOf] = []
    now, i = 0, 0
    while now < until:
        while i + 1 < len(changes) and changes[i + 1][0] <= now:
            i += 1
        above, below = metre = changes[i][1]
        length = max(round(4 * UNITS * above / below / SHORTEST) * SHORTEST, SHORTEST)
        following = changes[i + 1][0] if i + 1 < len(changes) else now + length
        size = min(length, max(-(-(following - now) // SHORTEST) * SHORTEST, SHORTEST))
        found.append(BarOf(now, size, metre, UNITS if below <= 4 else UNITS // 2, False))
        now += size
    if len(found) > 1 and found[0].length < found[1].length and len(changes) > 1 and changes[1][0] == found[1].start:
        found[0] = found[0]._replace(metre=found[1].metre, beat=found[1].beat, upbeat=True)
    return found


def lay_out(notes: np.ndarray, lines: Sequence[BarOf], voices: int) -> Paper:
    """Notes of one staff, (N,) of NOTE, as at most so many voices."""
    triplets, start, end = _on_grid(notes, lines)
    together: dict[tuple[int, int], dict[int, int]] = {}
    for row in range(len(notes)):
        pitches = together.setdefault((int(start[row]), int(end[row])), {})
        pitches[int(notes["pitch"][row])] = int(notes["velocity"][row])
    chords = [Chord(a, b, tuple(sorted(sounds.items()))) for (a, b), sounds in together.items()]
    chords.sort(key=lambda chord: (chord.start, -chord.notes[-1][0], -chord.end))
    paper = Paper(lines, [], triplets)
    for chord in chords:
        _place(chord, paper.voices, voices)
    return paper


def _place(chord: Chord, voices: list[list[Chord]], most: int) -> None:
    """Put a chord into the first voice that is free, else cut short what sounds in the one that is free soonest."""
    free = next((voice for voice in voices if not voice or voice[-1].end <= chord.start), None)
    if free is None and len(voices) < most:
        free = []
        voices.append(free)
    if free is None:
        begun = [voice for voice in voices if voice[-1].start < chord.start]
        if not begun:  # all began now: one chord more cannot be written apart, so it joins the lowest
            last = voices[-1][-1]
            voices[-1][-1] = last._replace(notes=tuple(sorted({**dict(chord.notes), **dict(last.notes)}.items())))
            return
        free = min(begun, key=lambda voice: voice[-1].end)
        free[-1] = free[-1]._replace(end=chord.start)
    free.append(chord)


def _on_grid(notes: np.ndarray, lines: Sequence[BarOf]) -> tuple[frozenset[int], np.ndarray, np.ndarray]:
    """Beats that are triplets, and (N,) start and end of each note in units on the grid of the beat they lie in."""
    onset = notes["onset"] / TICKS
    end = onset + notes["duration"] / TICKS
    beat, size = _beats(onset, lines)
    plain, triple = (np.abs(onset - beat - np.rint((onset - beat) / step) * step) for step in (SHORTEST, TRIPLET))
    keys, index = np.unique(beat, return_inverse=True)
    errors = [np.bincount(index, error, len(keys)) for error in (plain, triple)]
    whole = np.ones(len(keys), bool)
    whole[index] = np.isin(size, (UNITS, UNITS // 2))  # not what a short bar leaves of a beat
    triplets = keys[whole & (errors[1] * TRIPLETS_COST + 1e-6 < errors[0])]

    def snapped(time: np.ndarray) -> np.ndarray:
        beat, size = _beats(time, lines)
        step = np.where(np.isin(beat, triplets), TRIPLET, SHORTEST)
        return (beat + np.minimum(np.rint((time - beat) / step) * step, size)).astype(int)

    start, stop = snapped(onset), snapped(end)
    least = np.where(np.isin(_beats(start.astype(float), lines)[0], triplets), TRIPLET, SHORTEST)
    return frozenset(triplets.astype(int).tolist()), start, np.maximum(stop, start + least)


def _beats(time: np.ndarray, lines: Sequence[BarOf]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) the beginning and the length of the beats in which times lie, all in units."""
    starts, sizes, beats = (
        np.array(column) for column in zip(*((b.start, b.length, b.beat) for b in lines), strict=True)
    )
    bar = np.clip(np.searchsorted(starts, time, side="right") - 1, 0, None)
    begins = starts[bar] + (time - starts[bar]) // beats[bar] * beats[bar]
    return begins, np.minimum(beats[bar], starts[bar] + sizes[bar] - begins)


def hands(notes: np.ndarray) -> np.ndarray:
    """(N,) whether each note of a keyboard, sorted by onset, is for the left hand: the lower staff.

    At each onset the notes that sound are cut at the widest gap near middle C and near where they were cut before.
    """
    left = np.zeros(len(notes), bool)
    onset, end = notes["onset"].astype(np.int64), notes["onset"].astype(np.int64) + notes["duration"]
    pitch = notes["pitch"].astype(int)
    cut = float(MIDDLE_C)
    sounding: list[int] = []  # rows
    for at in np.unique(onset).tolist():
        first, last = np.searchsorted(onset, [at, at + 1])
        sounding = [row for row in sounding if end[row] > at] + list(range(int(first), int(last)))
        cut = _cut(sorted({int(pitch[row]) for row in sounding}), cut)
        left[first:last] = pitch[first:last] < cut
    return left


MIDDLE_C = 60
_SPAN = 14  # semitones that a hand reaches


def _cut(pitches: list[int], before: float) -> float:
    """Where to cut sounding pitches, in order, between two hands."""

    def cost(cut: float) -> float:
        low, high = [p for p in pitches if p < cut], [p for p in pitches if p >= cut]
        stretch = sum(max(hand[-1] - hand[0] - _SPAN, 0) for hand in (low, high) if hand)
        gap = min(high) - max(low) if low and high else 0
        return 0.5 * abs(cut - MIDDLE_C) + 0.5 * abs(cut - before) + 3 * stretch - 0.5 * min(gap, 12)

    middles = [(a + b + 1) / 2 for a, b in pairwise(pitches)]
    return min([before, float(MIDDLE_C), pitches[0], pitches[-1] + 1, *middles], key=cost)
