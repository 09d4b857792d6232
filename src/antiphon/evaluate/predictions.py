"""What a model says of every note of real music: not only how likely it was, but what was expected instead.

One pass gives, for each note and attribute, the nats, the likeliest code, its probability and the rank of the truth;
for times also the median of what was predicted. ``evaluate/prediction_report.py`` sums it up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from antiphon.bins import CELL_MS, DURATION_BINS, STEP_BINS
from antiphon.codec import HELD, NoteCodec
from antiphon.corpus.store import Corpus, Piece
from antiphon.corpus.windows import Columns
from antiphon.engine.base import Engine
from antiphon.evaluate.likelihood import log_prob_of, log_prob_on_grid, normalised, notes_of, truth_of
from antiphon.evaluate.listening import Progress, before, listen
from antiphon.evaluate.tokens import midi_tokens, segments, tokens_before

_EACH = 4  # numbers an attribute: nats, likeliest code, its probability, rank of the truth


@dataclass(frozen=True)
class Predictions:
    """What was predicted of N notes of P pieces, one piece after another."""

    attributes: tuple[str, ...]
    rows: np.ndarray  # (N, A) what was played, in codes
    nats: np.ndarray  # (N, A) on the 10 ms grid
    likeliest: np.ndarray  # (N, A) code
    confidence: np.ndarray  # (N, A) probability of the likeliest code, its cells together
    rank: np.ndarray  # (N, A) codes that were held likelier than what was played; 0: none
    step_ms: np.ndarray  # (N, 2) played, and the median of what was predicted
    duration_ms: np.ndarray  # (N, 2) likewise
    nats_reset: np.ndarray  # (N, A) after a reset at each segment of 2,048 tokens; empty if that was not asked
    since_reset: np.ndarray  # (N,) notes heard since that reset
    starts: np.ndarray  # (P+1,) where each piece begins, and the end of all
    tokens: np.ndarray  # (P,) MIDI-like tokens
    seconds: np.ndarray  # (P,) from the first onset to the last end

    def column(self, name: str) -> int:
        """Where an attribute stands."""
        return self.attributes.index(name)

    def by_piece(self, values: np.ndarray) -> np.ndarray:
        """(P, …) sums over the notes of each piece."""
        return np.add.reduceat(values, self.starts[:-1], axis=0)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All of it as arrays to be kept; floats in 32 bits, which halves the file and moves no sum by a millionth."""
        arrays = {field.name: np.array(getattr(self, field.name)) for field in fields(self)}
        small = {n: a.astype(np.float32) if a.dtype == np.float64 and n != "seconds" else a for n, a in arrays.items()}
        return {n: a.astype(np.uint8) if n in ("likeliest", "rank") else a for n, a in small.items()}

    @staticmethod
    def of_arrays(arrays: Mapping[str, np.ndarray]) -> Predictions:
        """What :meth:`to_arrays` kept."""
        wide: dict[str, Any] = {n: a.astype(np.float64) if a.dtype == np.float32 else a for n, a in arrays.items()}
        wide |= {name: wide[name].astype(np.int64) for name in ("likeliest", "rank")}
        return Predictions(**{**wide, "attributes": tuple(wide["attributes"].tolist())})


def predict(
    engine: Engine,
    corpus: Corpus,
    pieces: Sequence[Piece],
    progress: Progress = lambda notes: None,
    *,
    reset: bool = True,
) -> Predictions:
    """Hear some pieces of a corpus from beginning to end and, with ``reset``, once more segment by segment.

    ``progress`` is told the notes just heard, so that all notes are told twice with ``reset``.
    """
    codec = engine.codec
    notes = notes_of(codec, corpus, pieces)
    truths, size = [truth_of(codec, piece) for piece in notes], len(codec.attributes)
    rows = [truth[:, :size].astype(np.uint8) for truth in truths]
    targets = [np.column_stack([truth, pointed(codec, r)]) for truth, r in zip(truths, rows, strict=True)]
    heard = listen(engine, [before(engine, r) for r in rows], targets, lambda f, t: _judge(engine, f, t), progress)
    judged = np.concatenate([np.empty((0, _EACH * size + 2)), *heard])  # of pieces of drums alone nothing is heard
    each = judged[:, : _EACH * size].reshape(len(judged), _EACH, size)
    counts = np.array([len(r) for r in rows], int)
    nats_reset, since_reset = _reset(engine, notes, truths, progress) if reset else (each[:0, 0], counts[:0])
    return Predictions(
        tuple(a.name for a in codec.attributes),
        np.concatenate([np.empty((0, size), np.uint8), *rows]),
        each[:, 0],
        each[:, 1].astype(np.int64),
        each[:, 2],
        each[:, 3].astype(np.int64),
        np.column_stack([np.concatenate([np.empty(0), *map(_steps_ms, notes)]), judged[:, -2]]),
        np.column_stack([np.concatenate([np.empty(0), *map(_durations_ms, notes)]), judged[:, -1]]),
        nats_reset,
        since_reset,
        np.concatenate([[0], np.cumsum(counts)]),
        np.array([midi_tokens(p["onset_ms"], p["duration_ms"], p["velocity"]) for p in notes], int),
        np.array([(p["onset_ms"] + p["duration_ms"]).max() - p["onset_ms"].min() for p in notes]) / 1000,
    )


def _judge(engine: Engine, features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(M, 4 A + 2) nats, likeliest codes, their probabilities, ranks; median step and duration in milliseconds."""
    codec, size = engine.codec, len(engine.codec.attributes)
    truth, lengths = np.split(targets, [targets.shape[1] - codec.ends], axis=1)
    rows = truth[:, :size].astype(np.int64)
    each, median_ms = np.zeros((_EACH, len(rows), size)), {}
    for i, attribute in enumerate(codec.attributes):
        log_prob = normalised(engine.logits(i, features, rows))
        each[0, :, i] = -log_prob_on_grid(engine, i, log_prob, truth)
        each[1, :, i] = log_prob.argmax(axis=-1)
        each[2, :, i] = np.exp(log_prob.max(axis=-1))
        each[3, :, i] = _rank(log_prob, rows[:, i : i + 1])
        if attribute.name == "step":
            median_ms["step"] = _median(np.exp(log_prob), STEP_BINS.middle) * CELL_MS
        if attribute.name == "duration":
            median_ms["duration"] = _median_length(np.exp(log_prob), lengths) * CELL_MS
    return np.concatenate([*each, median_ms["step"][:, None], median_ms["duration"][:, None]], axis=1)


def _rank(log_prob: np.ndarray, code: np.ndarray) -> np.ndarray:
    """(M,) how many codes stand before (M, 1) when they are put in order, of equally likely ones the lowest first."""
    mine = np.take_along_axis(log_prob, code, -1)
    lower = np.arange(log_prob.shape[1]) < code
    return ((log_prob > mine) | ((log_prob == mine) & lower)).sum(axis=-1)


def _median(weight: np.ndarray, value: np.ndarray) -> np.ndarray:
    """(M,) the value, of (V,) ascending ones, at which half of each row's weight (M, V) is reached."""
    reached = np.cumsum(weight, axis=-1)
    return value[(reached < reached[:, -1:] / 2).sum(axis=-1)]


def _median_length(weight: np.ndarray, pointed: np.ndarray) -> np.ndarray:
    """(M,) cells, the median of what the duration codes' (M, V) weights stand for; HELD says nothing.

    ``pointed`` (M, ends): the length each code beyond HELD stands for, 0 where it is impossible.
    """
    plain = weight[:, :HELD]
    if not pointed.shape[1]:
        return _median(plain, DURATION_BINS.middle)
    length = np.concatenate([np.broadcast_to(DURATION_BINS.middle, plain.shape), pointed], axis=1)
    both = np.concatenate([plain, np.where(pointed > 0, weight[:, HELD + 1 :], 0)], axis=1)
    order = np.argsort(length, axis=1)
    reached = np.cumsum(np.take_along_axis(both, order, 1), axis=1)
    place = (reached < reached[:, -1:] / 2).sum(axis=1)
    return np.take_along_axis(length, np.take_along_axis(order, place[:, None], 1), 1)[:, 0]


def pointed(codec: NoteCodec, rows: np.ndarray) -> np.ndarray:
    """(N, ends) cells each note of encoded rows would last if it ended with one of the notes before; 0: that is over.

    What the codec's reader says row by row (``NoteReader.lengths``), of all rows at once.
    """
    found = np.zeros((len(rows), codec.ends), np.int64)
    if not codec.ends:
        return found
    code = rows[:, codec.column["duration"]].astype(np.int64)
    onset = np.cumsum(STEP_BINS.middle[rows[:, codec.column["step"]]])
    row = np.arange(len(rows))
    root = np.where(code > HELD, row - (code - HELD), row)
    while not np.array_equal(further := root[root], root):  # a note may end with one that ends with another
        root = further
    end = (onset + DURATION_BINS.middle[np.minimum(code, HELD - 1)])[root]
    for back in range(1, min(codec.ends, len(rows) - 1) + 1):
        found[back:, back - 1] = np.maximum(end[:-back] - onset[back:], 0)
    return found


def _reset(
    engine: Engine, notes: Sequence[Columns], truths: Sequence[np.ndarray], progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """(N, A) nats when the model forgets all at the start of each segment, and (N,) the notes it had heard since.

    As in training windows, the row before the segment is heard first; so the first note's step has a meaning.
    """
    heard, targets, size = [], [], len(engine.codec.attributes)
    for piece, truth in zip(notes, truths, strict=True):
        whole = before(engine, truth[:, :size].astype(np.uint8))
        tokens = tokens_before(piece["onset_ms"], piece["duration_ms"], piece["velocity"])
        for part in segments(tokens):
            heard.append(whole[part])
            targets.append(truth[part])

    def judge(features: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return -log_prob_of(engine, features, truth)

    nats = np.concatenate([np.empty((0, size)), *listen(engine, heard, targets, judge, progress)])
    return nats, np.concatenate([np.empty(0, int), *(np.arange(len(part)) for part in heard)])


def _steps_ms(notes: Columns) -> np.ndarray:
    """(N,) milliseconds since the note before, in the order of the codec's rows."""
    return np.diff(np.sort(notes["onset_ms"].astype(np.int64)), prepend=notes["onset_ms"].min())


def _durations_ms(notes: Columns) -> np.ndarray:
    """(N,) milliseconds, in the order of the codec's rows: by 10 ms cell, then pitch."""
    cell = (notes["onset_ms"].astype(np.int64) + CELL_MS // 2) // CELL_MS
    return notes["duration_ms"][np.lexsort((notes["pitch"], cell))]


def join(parts: Sequence[Predictions]) -> Predictions:
    """The predictions of several groups of pieces as one."""
    ends = np.cumsum([0, *(part.starts[-1] for part in parts)])
    starts = [part.starts[:-1] + end for part, end in zip(parts, ends[:-1], strict=True)]
    arrays = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts])
        for f in fields(Predictions)
        if f.name not in ("attributes", "starts")
    }
    return Predictions(parts[0].attributes, starts=np.concatenate([*starts, ends[-1:]]), **arrays)
