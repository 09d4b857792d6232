"""How well a model that fills what is masked predicts real music: a bound on its likelihood, in nats a note.

A piece is taken in blocks of half the model's window, each given the notes before it. Of a block's M attributes k are
masked, k and which of them by lot; their nats, times M / k, are in the mean the nats of the block when its attributes
come one after another in a random order. The mean over orders bounds the nats of the model as a distribution from
above (Hoogeboom et al. 2022), so this is to its disadvantage: another model's likelihood, which is exact, may be
compared with it only where that is the lower one. The lots are drawn from a seed; see Likelihood for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.corpus.store import Corpus, Piece
from antiphon.engine.base import Filling
from antiphon.evaluate.bootstrap import ratio
from antiphon.evaluate.cache import Keep, keep_nothing
from antiphon.evaluate.likelihood import Likelihood, normalised, notes_of, rows_of
from antiphon.evaluate.tokens import midi_tokens
from antiphon.gaps import HINTS

BATCH = 16  # blocks
KIND = "bound"


class _Block(NamedTuple):
    """Some rows of a piece, of which the last are to be predicted."""

    piece: int
    rows: np.ndarray  # (T, A)
    given: int  # of them, the first


class _Lots(NamedTuple):
    """What of a batch of blocks is masked."""

    masked: np.ndarray  # (B, T, A) bool
    weight: np.ndarray  # (B,) attributes of a block for each that is masked


def filling_bound(
    engine: Filling,
    corpus: Corpus,
    pieces: Sequence[Piece],
    progress: Callable[[int], None] = lambda notes: None,
    seed: int = 0,
    keep: Keep = keep_nothing,
) -> Likelihood:
    """The bound on some pieces of a corpus; ``progress`` is called with the number of notes just predicted.

    The nats of a batch of blocks are given to ``keep``. All lots are drawn before, so that they are the same whatever
    is known already.
    """
    codec, rng = engine.codec, np.random.default_rng(seed)
    heard = notes_of(codec, corpus, pieces)
    rows = [rows_of(codec, notes).astype(np.int64) for notes in heard]
    nats = np.zeros((len(rows), len(codec.attributes)))
    batches = list(_batches(list(_blocks(rows, engine.window))))
    lots = [_draw(codec, batch, rng) for batch in batches]
    for i, (batch, drawn) in enumerate(zip(batches, lots, strict=True)):
        for block, found in zip(batch, keep(i, partial(_filled, engine, batch, drawn))["nats"], strict=True):
            nats[block.piece] += found
        progress(sum(len(block.rows) - block.given for block in batch))
    tokens = [midi_tokens(notes["onset_ms"], notes["duration_ms"], notes["velocity"]) for notes in heard]
    names = tuple(a.name for a in codec.attributes)
    return Likelihood(names, nats, np.array([len(r) for r in rows]), np.array(tokens))


def summary(found: Likelihood) -> dict[str, Any]:
    """The numbers of a table row, marked as a bound, with intervals over pieces where there are enough."""
    total = found.nats.sum(axis=1)
    known = {
        "nats_per_note": ratio(total, found.notes),
        "nats_per_midi_token": ratio(total, found.tokens),
        "nats_per_note_pitch_step_duration": ratio(found.without_velocity, found.notes),
        **{f"nats_per_note_{name}": ratio(found.nats[:, i], found.notes) for i, name in enumerate(found.attributes)},
    }
    intervals = {name: [one.to_dict()["low"], one.to_dict()["high"]] for name, one in known.items()}
    return {**found.report(), "kind": KIND, "intervals_95": intervals}


def _blocks(pieces: Sequence[np.ndarray], window: int) -> Iterator[_Block]:
    length = window // 2
    for i, rows in enumerate(pieces):
        for start in range(0, len(rows), length):
            given = min(start, window - length)
            yield _Block(i, rows[start - given : start + length], given)


def _batches(blocks: Sequence[_Block]) -> Iterator[Sequence[_Block]]:
    return (blocks[i : i + BATCH] for i in range(0, len(blocks), BATCH))


def bounds(engine: Filling, blocks: Sequence[_Block], rng: np.random.Generator) -> np.ndarray:
    """(B, A) an estimate of the nats of each attribute of some blocks, on the 10 ms grid."""
    return _filled(engine, blocks, _draw(engine.codec, blocks, rng))["nats"]


def _draw(codec: NoteCodec, blocks: Sequence[_Block], rng: np.random.Generator) -> _Lots:
    size = len(codec.attributes)
    masked = np.zeros((len(blocks), max(len(block.rows) for block in blocks), size), bool)
    weight = np.zeros(len(blocks))
    shares = (rng.permutation(len(blocks)) + rng.random(len(blocks))) / len(blocks)
    for b, (block, share) in enumerate(zip(blocks, shares, strict=True)):
        lots = _lots((len(block.rows) - block.given) * size, share, rng)
        masked[b, block.given : len(block.rows)] = lots.reshape(-1, size)
        weight[b] = lots.size / lots.sum()
    return _Lots(masked, weight)


def _filled(engine: Filling, blocks: Sequence[_Block], lots: _Lots) -> dict[str, np.ndarray]:
    """``nats`` (B, A) of some blocks, by how well what is masked is filled."""
    sizes = np.array([a.size for a in engine.codec.attributes])
    rows = np.tile(sizes + 1, (*lots.masked.shape[:2], 1))
    for b, block in enumerate(blocks):
        rows[b, : len(block.rows)] = block.rows
    logits = engine.fill(np.where(lots.masked, sizes, rows), np.zeros((*rows.shape[:2], HINTS), np.int64))
    nats = np.zeros(rows.shape)
    for i, scores in enumerate(logits):
        where = lots.masked[..., i]
        nats[where, i] = -np.take_along_axis(normalised(scores[where]), rows[where, i][:, None], -1)[:, 0]
    # A code's probability is spread over its cells, which is known whatever is masked.
    cells = np.array([_cells(engine.codec, block) for block in blocks])
    return {"nats": nats.sum(1) * lots.weight[:, None] + cells}


def _lots(count: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """(count,) bool, true for so many that every number from 1 on is as likely, by ``share`` in [0, 1)."""
    found: np.ndarray = rng.permutation(count) <= int(share * count)
    return found


def _cells(codec: NoteCodec, block: _Block) -> list[float]:
    """For each attribute the sum of the logarithms of the cells of its codes."""
    rows = block.rows[block.given :]
    return [float(cells[rows[:, i]].sum()) for i, cells in enumerate(codec.log_cells)]
