"""Music by a model that fills what is masked: a passage between others, or block after block from the start.

A model of this kind says what stands in a note that is there, not how many notes there are. Their number is drawn: as
many as the notes around would have in that time, more or less.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from antiphon import instruments
from antiphon.bins import CELL_MS, DURATION_BINS
from antiphon.codec import VELOCITY_WIDTH, milliseconds
from antiphon.engine.base import Engine, Filling
from antiphon.errors import OptionError
from antiphon.gaps import HINTS
from antiphon.generate.canvas import Canvas, Gap
from antiphon.generate.constraints import Constraints
from antiphon.generate.finish import Progress, Works, finish
from antiphon.generate.length import Length
from antiphon.generate.options import Value, control
from antiphon.generate.passage import Passage, cut
from antiphon.generate.prompt import joined
from antiphon.generate.stream import prompt_rows
from antiphon.generate.unmask import Brush, brush, filling, new_canvas, unmask
from antiphon.notes import DRUMS, Score, from_seconds

CANDIDATES = 4
_NEIGHBOURS_S = 4.0  # around a passage, in which notes are counted; more where the passage is longer
_DENSEST = 50  # notes a second
_SPREAD = 0.24  # of the logarithm of the number of notes around what is expected: MAESTRO's, 4 s in the middle of 12
_JUDGED = 8  # notes on each side of a passage, by which candidates are judged

Seeds = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Filled:
    """New rows and when they begin."""

    rows: np.ndarray  # (N, A)
    onset: np.ndarray  # (N,) cells from the last onset before
    fits: float = 0.0  # nats a note of the notes around, once it is there

    def score(self, column: Mapping[str, int], origin_ms: int, loudness: tuple[int, int]) -> Score:
        """The notes, at 120 bpm."""
        onset_s = (origin_ms + self.onset * CELL_MS) / 1000
        length_s = DURATION_BINS.middle[self.rows[:, column["duration"]]] * CELL_MS / 1000
        velocity = np.clip(self.rows[:, column["velocity"]] * VELOCITY_WIDTH + VELOCITY_WIDTH // 2, *loudness)
        return from_seconds(onset_s, length_s, self.rows[:, column["pitch"]], velocity)


def infill_filled(
    engine: Engine, options: Mapping[str, Value], seeds: Seeds, prompt: Score, progress: Progress
) -> Works:
    """``prompt`` with the notes from ``from`` to ``to`` written anew, seeing what comes before and after; one a seed.

    Of ``candidates``, each with a number of notes of its own, the one is kept next to which the notes around are the
    likeliest. Raises OptionError where nothing follows the passage.
    """
    began, last, model = time.perf_counter(), finish(options), filling(engine)
    how, candidates = brush(model, options), int(options.get("candidates", CANDIDATES))
    if not 1 <= candidates <= 1000:
        raise OptionError(f"candidates {candidates} is out of range: 1 to 1000")
    passage, c = cut(engine.codec, prompt, options), control(options, endless=True).constraints
    pieces, gains, whole = [], [], len(seeds) * candidates
    for i, seed in enumerate(seeds):
        found = []
        for k in range(candidates):
            rng = np.random.default_rng((*seed, k))

            def show(share: float, done: int = i * candidates + k) -> None:
                progress((done + share) / whole)

            found.append(fill_passage(model, passage, how, rng, show, judged=candidates > 1))
        fits = [one.fits for one in found]
        gains.append(float(np.max(fits) - np.median(fits)))
        best = found[int(np.argmax(fits))]
        new = best.score(engine.codec.column, passage.origin_ms, (c.velocity_low, c.velocity_high))
        new = replace(new.with_program(last.program), tracks=(instruments.name(last.program),))
        pieces.append(
            last.piece(joined(passage.kept, last.part(new), 0.0), seed, len(new), first_track=len(prompt.tracks))
        )
    elapsed_s = time.perf_counter() - began
    return Works(pieces, elapsed_s, elapsed_s, {"nats_per_neighbour_over_median": gains})


def fill_passage(
    engine: Filling,
    passage: Passage,
    how: Brush,
    rng: np.random.Generator,
    progress: Progress = lambda share: None,
    *,
    judged: bool = False,
) -> Filled:
    """New notes for a passage; ``judged`` says how well its neighbours fit."""
    codec = engine.codec
    heard = codec.encode(passage.before).astype(np.int64)
    right = passage.follows(codec, passage.origin_ms).astype(np.int64)
    following_ms = int(milliseconds(passage.after)[0].min())
    whole = round((following_ms - passage.origin_ms) / CELL_MS)  # cells that all steps take, that of what follows too
    latest = max(passage.cells(passage.to_s) - 1, 0)
    earliest = min(-(-round(passage.from_s * 1000 - passage.origin_ms) // CELL_MS), latest)
    total, left, new, cells = _count(passage, rng), whole, heard[:0], np.zeros(0, np.int64)
    while len(new) < total:
        size = min(total - len(new), engine.window * 2 // 3)
        beyond = total - len(new) - size
        canvas, start = lay(engine, how, np.concatenate([heard, new]), size, right if not beyond else right[:0])
        canvas.least[start] = earliest if len(heard) and not len(new) else 0
        if beyond:
            canvas.gap = Gap(start, start + size - 1, left, beyond + 1, whole - latest)
        else:
            canvas.gap = Gap(start, start + size, left)
            canvas.mask(start + size, "step")
            canvas.least[start + size] = whole - latest

        def show(done: float, before: int = len(new), size: int = size) -> None:
            progress((before + done * size) / total)

        unmask(engine, canvas, canvas.masked, how, rng, show)
        new = np.concatenate([new, canvas.rows[start : start + size]])
        cells = np.concatenate([cells, canvas.cells[start : start + size]])
        left = canvas.gap.left
    return Filled(new, np.cumsum(cells), _fits(engine, canvas.rows, start, size) if judged else 0.0)


def lay(engine: Filling, how: Brush, heard: np.ndarray, size: int, right: np.ndarray) -> tuple[Canvas, int]:
    """A canvas of ``size`` masked rows between as many of the rows around as the window holds; where they begin.

    With nothing before them the first begins at once.
    """
    room = engine.window - size
    before = min(len(heard), max(room - len(right), (room + 1) // 2))
    rows = np.concatenate([heard[len(heard) - before :], masked_rows(engine, size), right[: room - before]])
    if not before:
        rows[0, engine.codec.column["step"]] = 0
    return new_canvas(engine, rows, how), before


def masked_rows(engine: Filling, count: int) -> np.ndarray:
    """(count, A) rows of which nothing is known."""
    return np.tile(np.array([a.size for a in engine.codec.attributes]), (count, 1))


def _count(passage: Passage, rng: np.random.Generator) -> int:
    """How many notes a passage gets: by those that begin in the seconds before and after it."""
    length_s = passage.to_s - passage.from_s
    span_s = max(length_s, _NEIGHBOURS_S)
    before_s, after_s = passage.before.onset_s, passage.after.onset_s
    notes, time_s = 0, 0.0
    for near, spare_s in (
        (before_s >= passage.from_s - span_s, passage.from_s - (float(before_s.min()) if len(before_s) else np.inf)),
        (after_s < passage.to_s + span_s, float(after_s.max()) - passage.to_s),
    ):
        notes += int(near.sum())
        time_s += min(span_s, max(spare_s, 0.0))
    expected = length_s * notes / max(time_s, CELL_MS / 1000)
    return max(round(min(expected, _DENSEST * length_s) * float(np.exp(_SPREAD * rng.standard_normal()))), 1)


def _fits(engine: Filling, rows: np.ndarray, start: int, size: int) -> float:
    """Nats a note of the nearest notes around ``size`` rows from ``start``, none of them known but when they begin."""
    near = np.r_[max(start - _JUDGED, 0) : start, start + size : min(start + size + _JUDGED, len(rows))]
    hidden = rows.copy()
    columns = [i for name, i in engine.codec.column.items() if name != "step"]
    for i in columns:
        hidden[near, i] = engine.codec.attributes[i].size
    logits = engine.fill(hidden[None], np.zeros((1, len(rows), HINTS), np.int64))
    nats = 0.0
    for i in columns:
        scores = logits[i][0][near].astype(np.float64)
        chosen = scores[np.arange(len(near)), rows[near, i]]
        nats += float((chosen - np.logaddexp.reduce(scores, 1)).sum())
    return nats / max(len(near), 1)


def write_filled(
    engine: Engine,
    options: Mapping[str, Value],
    seeds: Seeds,
    prompt: Score | None,
    progress: Progress,
    *,
    keeps: bool,
) -> Works:
    """A piece for each seed, block after block, each seeing the last notes before it; ``keeps`` a prompt in front."""
    began, last, model = time.perf_counter(), finish(options), filling(engine)
    how, wanted = brush(model, options), control(options)
    c, heard = wanted.constraints, masked_rows(model, 0) if prompt is None else prompt_rows(engine.codec, prompt)
    assert wanted.length is not None
    length, pieces = _length(wanted.length, c), []
    for i, seed in enumerate(seeds):

        def show(share: float, i: int = i) -> None:
            progress((i + min(share, 1.0)) / len(seeds))

        new = _written(model, how, heard.astype(np.int64), length, np.random.default_rng(seed), show)
        onset_ms = 0 if prompt is None or not keeps else int(milliseconds(_audible(model, prompt))[0].max())
        onset = new.onset if keeps else new.onset - new.onset[:1]
        music = replace(new, onset=onset).score(engine.codec.column, onset_ms, (c.velocity_low, c.velocity_high))
        music = replace(music.with_program(last.program), tracks=(instruments.name(last.program),))
        if length.seconds is not None:
            music = music.until(onset_ms / 1000 + length.seconds)
        music, count = last.part(music), len(music)
        if keeps and prompt is not None:
            music = joined(prompt, music, 0.0)
        pieces.append(last.piece(music, seed, count, first_track=len(prompt.tracks) if keeps and prompt else 0))
    elapsed_s = time.perf_counter() - began
    return Works(pieces, elapsed_s, elapsed_s)


def _written(
    engine: Filling, how: Brush, heard: np.ndarray, length: Length, rng: np.random.Generator, progress: Progress
) -> Filled:
    """Blocks until there are notes enough, or beyond the time; what is too much is left out."""
    new, cells, share = heard[:0], np.zeros(0, np.int64), 0.0
    while share < 1:
        left = engine.window // 2 if length.notes is None else min(engine.window // 2, length.notes - len(new))
        canvas, start = lay(engine, how, np.concatenate([heard, new]), left, heard[:0])
        unmask(engine, canvas, canvas.masked, how, rng)
        new = np.concatenate([new, canvas.rows[start : start + left]])
        cells = np.concatenate([cells, canvas.cells[start : start + left]])
        onset = np.cumsum(cells)
        share = len(new) / length.notes if length.notes else float(onset[-1]) * CELL_MS / 1000 / (length.seconds or 1)
        progress(share)
    inside = onset * CELL_MS / 1000 < (length.seconds or np.inf)
    return Filled(new[inside], onset[inside])


def _length(length: Length, c: Constraints) -> Length:
    """So many notes or seconds; bars at the tempo, in seconds."""
    if length.bars is None:
        return length
    return Length(seconds=length.bars * int(c.metre.split("/")[0]) * 60 / (c.tempo or 120.0))


def _audible(engine: Filling, prompt: Score) -> Score:
    return prompt.select(engine.codec.programs | (prompt.notes["program"] != DRUMS))
