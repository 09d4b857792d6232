"""A tempo map for music that was written at one tempo: its bars played slower or faster, as a step after the model.

Ticks stay as they are, so the piece keeps its bars and its grid, and the map can be taken off again. Whatever was
promised in seconds was promised at the tempo of writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from antiphon.errors import OptionError
from antiphon.generate.options import number
from antiphon.notes import TICKS_PER_QUARTER, Score, score

_MOST = 1000
Point = tuple[float, float]  # a bar, 1 is the first, and beats a minute from there on


def read_tempo_map(text: str) -> tuple[Point, ...]:
    """``"1:96 7:84 8.5:60"``: from bar 1 on 96 beats a minute, … . Raises OptionError."""
    points = []
    for word in text.replace(",", " ").split():
        bar, colon, beats = word.partition(":")
        if not colon:
            raise OptionError(
                f"tempo-map {text!r} is not understood at {word!r}; write bar:tempo, such as 1:96 7:84 8:60"
            )
        points.append((number(bar, "tempo-map bar"), number(beats, "tempo-map tempo")))
    if not 1 <= len(points) <= _MOST:
        raise OptionError(f"a tempo-map of {len(points)} points is out of range: 1 to {_MOST}, such as 1:96 8:60")
    for at, tempo in points:
        if not 1 <= at <= 100_000 or not 10 <= tempo <= 400:
            raise OptionError(f"tempo-map {at:g}:{tempo:g} is out of range: bars from 1, 10 to 400 beats a minute")
    if any(first >= second for (first, _), (second, _) in pairwise(points)):
        raise OptionError(f"tempo-map {text!r}: the bars must rise")
    return tuple(points)


def paced(music: Score, points: Sequence[Point]) -> Score:
    """The music under a tempo map; a bar is one of its first metre, and before the first point its own tempo holds."""
    _, numerator, denominator = (int(value) for value in music.metres[0])
    beat = TICKS_PER_QUARTER * 4 // denominator
    tempos = [(round((bar - 1) * numerator * beat), round(60e6 / beats * denominator / 4)) for bar, beats in points]
    return score(music.notes, [(0, int(music.tempos[0]["tempo"])), *tempos], music.metres, music.tracks)
