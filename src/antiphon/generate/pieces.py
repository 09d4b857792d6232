"""Whole pieces: the note stream collected until each has its length."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.engine.base import Engine
from antiphon.errors import OptionError
from antiphon.generate.sampling import Sampling
from antiphon.generate.stream import Seed, prompt_rows, streams
from antiphon.notes import Score

MOST_NOTES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long a piece gets: so many notes, or all notes that begin within so many seconds."""

    notes: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.notes is None) == (self.seconds is None):
            raise OptionError("give either a number of notes or of seconds, not both")
        if self.notes is not None and not 1 <= self.notes <= MOST_NOTES:
            raise OptionError(f"{self.notes} notes is out of range: 1 to {MOST_NOTES:,}")
        if self.seconds is not None and not (math.isfinite(self.seconds) and 0 < self.seconds <= 86_400):
            raise OptionError(f"{self.seconds} seconds is out of range: above 0 and at most 86400, a day")


@dataclass(frozen=True)
class Pieces:
    """What was written, and how fast."""

    scores: list[Score]
    notes: int  # in all pieces
    first_note_s: float  # until the first note of each was there, the prompt heard
    elapsed_s: float  # until the last

    @property
    def notes_per_second(self) -> float:
        """Notes of all pieces written a second, after the first of each."""
        return (self.notes - len(self.scores)) / max(self.elapsed_s - self.first_note_s, 1e-9)


def write_pieces(
    engine: Engine,
    length: Length,
    seeds: Sequence[Seed],
    *,
    prompt: Score | None = None,
    keep_prompt: bool = False,
    sampling: Sampling = Sampling(),
    program: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> Pieces:
    """One piece a seed. ``progress`` is called with the share done, 0 to 1, of the slowest piece.

    With ``keep_prompt`` each piece begins with the prompt; otherwise with the first new note.
    """
    codec, began = engine.codec, time.perf_counter()
    heard = None if prompt is None else prompt_rows(codec, prompt)
    written: list[list[np.ndarray]] = [[] for _ in seeds]
    cells = np.zeros(len(seeds), np.int64)
    first_note_s = 0.0
    for count, rows in enumerate(streams(engine, seeds, prompt=heard, sampling=sampling), start=1):
        first_note_s = first_note_s or time.perf_counter() - began
        if count > 1:  # the first note stands at 0
            cells += STEP_BINS.middle[rows[:, codec.column["step"]]]
        share = _share(length, count, cells)
        for piece, row, done in zip(written, rows, share, strict=True):
            if done <= 1:
                piece.append(row)
        progress(min(float(share.min()), 1.0))
        if share.min() >= 1 and (length.notes or share.min() > 1):
            break
    elapsed_s = time.perf_counter() - began
    scores = [_score(engine, np.array(piece), heard if keep_prompt else None, program, length) for piece in written]
    return Pieces(scores, sum(map(len, written)), first_note_s, elapsed_s)


def _share(length: Length, count: int, cells: np.ndarray) -> np.ndarray:
    """(B,) how much of each piece is there; above 1, the note at hand is beyond the end."""
    if length.notes is not None:
        return np.full(len(cells), count / length.notes)
    assert length.seconds is not None
    return cells * CELL_MS / 1000 / length.seconds


def _score(engine: Engine, rows: np.ndarray, heard: np.ndarray | None, program: int, length: Length) -> Score:
    """The music of one piece's rows, behind the prompt where that is kept; what would sound too long is cut."""
    if heard is None or not len(heard):
        rows[0, engine.codec.column["step"]] = 0
        heard = rows[:0]
    score = engine.codec.decode(np.concatenate([heard, rows]), program)
    if length.seconds is None:
        return score
    return score.until(float(score.onset_s[len(heard)]) + length.seconds)
