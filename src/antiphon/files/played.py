"""Written bars become a Score: unfolded, tied notes joined, quarter notes turned into ticks.

Place in the path: what :mod:`antiphon.files.musicxml` and :mod:`antiphon.files.abc` share, between the bars they read
and the Score. Times are exact fractions of a quarter note until the last step, so that nothing drifts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from antiphon.errors import FileError
from antiphon.files.road import Bar, metre_map, unfold
from antiphon.notes import NOTE, TICKS_PER_QUARTER, Score, score

MOST_NOTES = 1_000_000  # that sound when all is unfolded
VELOCITY = 80  # of a note under no dynamic mark, as in typed melodies
DYNAMICS = {"pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126, "ffff": 127}
_LAST_TICK = 2**31 - 1  # what the note table's int32 holds


class Sound(NamedTuple):
    """A note in its bar; times in quarter notes."""

    onset: Fraction  # from the bar's beginning
    length: Fraction  # above 0
    pitch: int
    velocity: int
    program: int
    tied: bool = False  # it goes on in the next of its pitch; not every program marks where a tie ends


@dataclass
class Measure:
    """A bar as it is written: one for all tracks."""

    road: Bar = field(default_factory=Bar)
    metre: tuple[int, int] = (4, 4)
    length: Fraction = Fraction(0)  # in quarter notes
    tempos: list[tuple[Fraction, int]] = field(default_factory=list)  # place in it, microseconds a quarter note
    sounds: dict[int, list[Sound]] = field(default_factory=dict)  # of each track


def play(pieces: Sequence[Sequence[Measure]], tracks: Sequence[str], name: str) -> Score:
    """The Score of pieces as they are played, one after another.

    Raises FileError where the repeats or times make too much of them.
    """
    measures = [piece[i] for piece in pieces for i in unfold([measure.road for measure in piece], name)]
    starts, metres = metre_map([measure.length for measure in measures], [measure.metre for measure in measures])
    rows: list[list[int]] = []
    for track in range(len(tracks)):
        rows += _rows(track, measures, starts, name)
        if len(rows) > MOST_NOTES:
            raise FileError(f"cannot read {name}: with its repeats it has more than {MOST_NOTES:,} notes")
    tempos = [
        (_tick(start + place, name), tempo)
        for measure, start in zip(measures, starts, strict=True)
        for place, tempo in measure.tempos
    ]
    table = np.array([tuple(row) for row in rows], NOTE)
    return score(table, tempos, [(_tick(start, name), above, below) for start, above, below in metres], tracks)


def _rows(track: int, measures: Sequence[Measure], starts: Sequence[Fraction], name: str) -> list[list[int]]:
    """The rows of NOTE of one track; a tied note lengthens the one it goes on from."""
    rows: list[list[int]] = []
    tied: dict[tuple[int, Fraction], int] = {}  # the row of a note that goes on, by its pitch and end
    for sound, begin in _sounds(track, measures, starts):
        onset, end = begin + sound.onset, begin + sound.onset + sound.length
        row = tied.pop((sound.pitch, onset), None)
        if row is None:
            row, first = len(rows), _tick(onset, name)
            rows.append([first, 1, sound.pitch, sound.velocity, sound.program, track])
            if row > MOST_NOTES:
                break
        rows[row][1] = max(_tick(end, name) - rows[row][0], 1)
        if sound.tied:
            tied[sound.pitch, end] = row
    return rows


def _sounds(track: int, measures: Sequence[Measure], starts: Sequence[Fraction]) -> Iterator[tuple[Sound, Fraction]]:
    """The notes of one track with where their bar begins, in order of onset within each bar."""
    for measure, start in zip(measures, starts, strict=True):
        for sound in sorted(measure.sounds.get(track, ()), key=lambda sound: sound.onset):
            yield sound, start


def _tick(quarters: Fraction, name: str) -> int:
    tick = round(quarters * TICKS_PER_QUARTER)
    if not 0 <= tick <= _LAST_TICK:
        raise FileError(f"cannot read {name}: it lasts longer than {_LAST_TICK // TICKS_PER_QUARTER:,} quarter notes")
    return tick
