"""Melodies on a grid of sixteenths, cut into passages of some bars.

A melody is the highest part of a piece, or the highest notes where there is one part only. Tempo and loudness are left
out of it: a sixteenth is 100 ms, and all notes are equally loud. A bar here is sixteen sixteenths; passages begin at
the bar lines of the piece, whatever its metre, and a closing row stands where they end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.bins import CELL_MS, DURATION_BINS, STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.corpus.augment import Excerpt
from antiphon.corpus.pairs import Pair
from antiphon.corpus.phrases import top_part
from antiphon.corpus.store import Corpus, Piece
from antiphon.notes import DEFAULT_TEMPO, DRUMS, NOTE, TICKS_PER_QUARTER, Score, score

SIXTEENTH_MS = 100
BAR = 16  # sixteenths
VELOCITY = 80  # of all notes
CLOSING = 0  # the pitch of a closing row, which no melody has
HOLD, REST = 128, 129  # what a sixteenth may be besides the pitch that begins in it
_TICKS = TICKS_PER_QUARTER // 4
_SILENCE = BAR  # sixteenths without a note's beginning or sound that a passage may not have


class Bars:
    """Passages of so many bars of the melodies of some pieces: each is its own call."""

    def __init__(self, corpus: Corpus, pieces: Sequence[Piece], bars: int, most: int) -> None:
        """``most`` is the number of notes that no passage exceeds."""
        music = (corpus.score(piece) for piece in pieces)
        self._tables = [table for one in music for table in passages(one, bars, most)]
        self._length = bars * BAR * SIXTEENTH_MS

    def __len__(self) -> int:
        return len(self._tables)

    def __getitem__(self, index: int) -> Pair:
        excerpt = as_excerpt(self._tables[index])
        return Pair(excerpt, excerpt, 0, follows=False, ends_ms=self._length)


def passages(music: Score, bars: int, most: int) -> list[np.ndarray]:
    """(N, 3) sixteenth of the onset, length in sixteenths, pitch of each passage from 1 to ``most`` notes.

    One begins at every bar line; those that are silent for a bar or begin with half a bar of rest are left out.
    """
    notes = melody(music)
    last = int((notes[:, 0] + notes[:, 1]).max(initial=0))
    found = []
    for start in bar_lines(music, last):
        table = passage(notes, start, bars)
        if 0 < len(table) <= most and _sounds(table, bars * BAR):
            found.append(table)
    return found


def melody(music: Score) -> np.ndarray:
    """(N, 3) sixteenth, length in sixteenths, and pitch of a score's melody: one note at a time, in order."""
    notes = music.notes[music.notes["program"] != DRUMS]
    if not len(notes):
        return np.empty((0, 3), np.int64)
    notes = notes[top_part(notes["onset"], notes["pitch"], notes["track"])]
    start = (notes["onset"].astype(np.int64) + _TICKS // 2) // _TICKS
    end = (notes["onset"].astype(np.int64) + notes["duration"] + _TICKS // 2) // _TICKS
    order = np.lexsort((-notes["pitch"].astype(int), start))
    order = order[np.diff(start[order], prepend=-1) > 0]  # the highest of each sixteenth
    start, end, pitch = start[order], end[order], notes["pitch"][order].astype(np.int64)
    following = np.append(start[1:], np.iinfo(np.int64).max)
    return np.stack([start, np.maximum(np.minimum(end, following) - start, 1), pitch], -1)


def bar_lines(music: Score, last: int) -> list[int]:
    """The sixteenths before ``last`` at which bars begin; the nearest where one falls between two."""
    lines: list[int] = []
    ends = [*music.metres["tick"][1:].tolist(), last * _TICKS]
    for (tick, numerator, denominator), end in zip(music.metres.tolist(), ends, strict=True):
        lines += range(tick, min(end, last * _TICKS), numerator * 4 * TICKS_PER_QUARTER // denominator)
    return sorted({round(tick / _TICKS) for tick in lines})


def passage(notes: np.ndarray, start: int, bars: int) -> np.ndarray:
    """(M, 3) those of (N, 3) notes that begin within some bars from a sixteenth on, which becomes 0."""
    end = start + bars * BAR
    table = notes[(notes[:, 0] >= start) & (notes[:, 0] < end)].copy()
    table[:, 0] -= start
    table[:, 1] = np.minimum(table[:, 1], bars * BAR - table[:, 0])
    return table


def _sounds(table: np.ndarray, length: int) -> bool:
    ends = np.append(0, table[:, 0] + table[:, 1])
    rests = np.append(table[:, 0], length) - ends
    return bool(rests.max() < _SILENCE and table[0, 0] < BAR // 2)


def as_excerpt(table: np.ndarray) -> Excerpt:
    """The notes (N, 3) of a melody in milliseconds."""
    times = table[:, :2] * SIXTEENTH_MS
    plain = np.zeros(len(table), np.uint8)
    return Excerpt(times[:, 0], times[:, 1], table[:, 2], plain + np.uint8(VELOCITY), plain)


def from_rows(codec: NoteCodec, rows: np.ndarray, bars: int) -> np.ndarray:
    """(M, 3) the notes of some bars that (N, A) rows stand for, each time rounded to sixteenths.

    It ends with the closing row, wherever a model has put it; what begins at the end or later and rows of padding are
    no part of it.
    """
    rows = np.asarray(rows, np.int64)
    rows = rows[(rows[:, 0] < codec.attributes[0].size)]
    rows = rows[np.cumsum(rows[:, codec.column["pitch"]] == CLOSING) == 0]
    step, pitch, code = (rows[:, codec.column[name]] for name in ("step", "pitch", "duration"))
    start = np.cumsum(_sixteenths(STEP_BINS.middle[step]))
    length = _sixteenths(DURATION_BINS.middle[np.minimum(code, DURATION_BINS.size - 1)])  # held: as long as can be
    table = np.stack([start, np.maximum(length, 1), pitch], -1)[start < bars * BAR]
    following = np.append(table[1:, 0], bars * BAR)
    table[:, 1] = np.minimum(table[:, 1], np.maximum(following - table[:, 0], 1))
    return table


def _sixteenths(cells: np.ndarray) -> np.ndarray:
    return (cells * CELL_MS + SIXTEENTH_MS // 2) // SIXTEENTH_MS


def to_rows(codec: NoteCodec, table: np.ndarray) -> np.ndarray:
    """(N, A) rows of a passage's notes (N, 3), the first step counted from its beginning."""
    notes = as_excerpt(table)
    columns = notes.onset_ms, notes.duration_ms, notes.pitch, notes.velocity, notes.program
    return codec.encode_ms(*columns, previous_ms=0)


def on_grid(table: np.ndarray, bars: int) -> np.ndarray:
    """(bars * 16,) what a melody does in each sixteenth: its pitch where a note begins, else HOLD or REST."""
    grid = np.full(bars * BAR, REST)
    for start, length, pitch in table:
        grid[start] = pitch
        grid[start + 1 : start + length] = HOLD
    return grid


def as_score(tables: Sequence[np.ndarray], bars: int, tempo: int = DEFAULT_TEMPO) -> Score:
    """Passages of some bars, one after another, at a tempo in microseconds a quarter note."""
    whole = [table + [i * bars * BAR, 0, 0] for i, table in enumerate(tables)]
    notes = np.zeros(sum(map(len, whole)), NOTE)
    start, length, notes["pitch"] = np.concatenate([np.empty((0, 3), np.int64), *whole]).T
    notes["onset"], notes["duration"], notes["velocity"] = start * _TICKS, length * _TICKS, VELOCITY
    return score(notes, [(0, tempo)])
