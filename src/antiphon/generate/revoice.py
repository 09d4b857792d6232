"""Other pitches below a top line: onsets, durations and loudness stay, the model draws what sounds under the melody."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from antiphon.bins import CELL_MS
from antiphon.codec import milliseconds
from antiphon.engine.base import Engine, Filling
from antiphon.errors import OptionError
from antiphon.generate.finish import Progress, Works, finish
from antiphon.generate.options import Value
from antiphon.generate.prompt import seconds
from antiphon.generate.unmask import Brush, brush, filling, new_canvas, unmask
from antiphon.notes import DRUMS, Score, score


def revoice(
    engine: Engine, options: Mapping[str, Value], seeds: Sequence[tuple[int, int]], prompt: Score, progress: Progress
) -> Works:
    """``prompt`` with all pitches but those of its top line drawn anew, below that line; one piece a seed.

    Only notes that begin from ``from`` to ``to``, where these are given.

    Pitches of a chord differ. Where the constraints leave a note none, it keeps its own.
    """
    began, last, model = time.perf_counter(), finish(options), filling(engine)
    how, codec = brush(model, options), engine.codec
    heard = codec.programs | (prompt.notes["program"] != DRUMS)
    music, silent = prompt.select(heard), prompt.select(~heard)
    onset, end, order = times(music)
    music = music.select(order)
    rows, pitch = codec.encode(music).astype(np.int64), music.notes["pitch"].astype(np.int64)
    top = top_line(onset, end, pitch)
    below = ~top & _inside(music, options)
    if not below.any():
        raise OptionError("there is nothing there but a top line; `antiphon harmonise` adds notes below one")
    lowest = ceiling(onset, end, pitch, top)
    pieces, stuck = [], []
    for i, seed in enumerate(seeds):

        def show(share: float, i: int = i) -> None:
            progress((i + share) / len(seeds))

        voices = Below(model, how, rows, onset, below, lowest)
        voices.draw(np.random.default_rng(seed), show)
        notes = music.notes.copy()
        notes["pitch"] = voices.rows[:, codec.column["pitch"]]
        whole = score(np.concatenate([notes, silent.notes]), prompt.tempos, prompt.metres, prompt.tracks)
        pieces.append(last.piece(whole, seed, int(voices.drawn.sum())))
        stuck.append(voices.stuck)
    elapsed_s = time.perf_counter() - began
    report = {"changed_notes": [piece.notes for piece in pieces], "kept_for_constraints": stuck}
    return Works(pieces, elapsed_s, elapsed_s, report)


def _inside(music: Score, options: Mapping[str, Value]) -> np.ndarray:
    """(N,) bool: notes that begin from ``from`` to ``to``; without either all."""
    low = seconds(str(options["from"]), "from") if "from" in options else 0.0
    high = seconds(str(options["to"]), "to") if "to" in options else np.inf
    found: np.ndarray = (music.onset_s >= low) & (music.onset_s < high)
    return found


def times(music: Score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N,) onsets and ends in cells, and the order in which the codec has the notes."""
    onset_ms, duration_ms = milliseconds(music)
    onset, end = ((t + CELL_MS // 2) // CELL_MS for t in (onset_ms, onset_ms + duration_ms))
    order = np.lexsort((music.notes["pitch"], onset))
    return onset[order], end[order], order


def top_line(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(N,) bool: notes, in order of onset then pitch, above which nothing sounds when they begin."""
    found = np.zeros(len(onset), bool)
    for i, begins in enumerate(onset):
        sounding = (onset <= begins) & ((end > begins) | (onset == begins))
        found[i] = pitch[i] == pitch[sounding].max()
    return found


def ceiling(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray, top: np.ndarray) -> np.ndarray:
    """(N,) the lowest pitch of the top line while each note sounds: the note must stay below it."""
    line_onset, line_end, line = onset[top], end[top], pitch[top]
    found = np.full(len(onset), 128)
    for i, (begins, ends) in enumerate(zip(onset, end, strict=True)):
        along = (line_onset < max(ends, begins + 1)) & ((line_end > begins) | (line_onset == begins))
        found[i] = line[along].min(initial=128)
    return found


class Below:
    """Notes of which some are drawn below a line: their pitch, and what else of them is masked."""

    def __init__(
        self, engine: Filling, how: Brush, rows: np.ndarray, onset: np.ndarray, below: np.ndarray, lowest: np.ndarray
    ) -> None:
        """``below`` (N,) says which of (N, A) rows are drawn, ``lowest`` (N,) which pitch each must not reach."""
        self._engine, self._how, self._canvas = engine, how, new_canvas(engine, rows, how)
        self._canvas.pitches &= np.arange(128) < lowest[:, None]
        self._canvas.rising = np.cumsum(np.diff(onset, prepend=onset[:1] - 1) > 0)
        for row in np.flatnonzero(below):
            self._canvas.mask(int(row), "pitch")
        self.drawn = below & ~self._keep_stuck(rows)
        self.stuck = int((below & ~self.drawn).sum())

    @property
    def rows(self) -> np.ndarray:
        """(N, A) the rows as they are now."""
        return self._canvas.rows

    def _keep_stuck(self, rows: np.ndarray) -> np.ndarray:
        """(N,) bool: notes of chords in which not all have room; they keep their pitches."""
        stuck = np.zeros(len(rows), bool)
        for row in np.flatnonzero(self._canvas.masked.any(1)):
            stuck[row] = not self._canvas.open(int(row), "pitch").any()
        assert self._canvas.rising is not None
        stuck = np.isin(self._canvas.rising, self._canvas.rising[stuck])
        self._canvas.rows[stuck] = rows[stuck]
        return stuck

    def draw(self, rng: np.random.Generator, progress: Progress) -> None:
        """All of it, block after block; of what comes after a block the notes to be drawn are not known yet."""
        window, count = self._engine.window, len(self.rows)
        block = window // 2
        for start in range(0, count, block):
            first = max(min(start - window // 4, count - window), 0)
            inside = np.zeros(self.rows.shape, bool)
            inside[start : start + block] = True
            unmask(self._engine, self._canvas, inside, self._how, rng, view=slice(first, first + window))
            progress(min((start + block) / count, 1.0))
