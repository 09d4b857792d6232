"""The note stream: a model writing music one note at a time. Everything that generates consumes it.

A whole piece is the stream collected; several pieces at once are one batch of it. A piece's notes depend on the model,
the prompt, the sampling and its own seed, and on nothing else: not on the size of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from antiphon.codec import NoteCodec, NoteReader
from antiphon.engine.base import Engine, prefill
from antiphon.errors import OptionError
from antiphon.generate.sampling import Dice, Sampling, draw
from antiphon.notes import DRUMS, Score

Seed = Sequence[int]


def streams(
    engine: Engine, seeds: Sequence[Seed], *, prompt: np.ndarray | None = None, sampling: Sampling = Sampling()
) -> Iterator[np.ndarray]:
    """Endless rows (B, A), one note of each of B pieces at a time, each from its own seed.

    ``prompt`` (T, A) are rows that all pieces continue. Memory does not grow with the length.
    """
    codec, batch = engine.codec, len(seeds)
    heard = codec.start_row[None] if prompt is None else np.concatenate([codec.start_row[None], prompt])
    features, state = prefill(engine, np.broadcast_to(heard, (batch, *heard.shape)), engine.start(batch))
    readers = [codec.reader() for _ in seeds]
    for reader in readers:
        for row in heard[1:]:
            reader.push(row)
    dice = Dice(seeds, len(codec.attributes))
    while True:
        rows = np.zeros((batch, len(codec.attributes)), np.int64)
        for i, uniform in enumerate(dice.throw().T):
            allowed = _allowed(readers, codec, i, rows)
            rows[:, i] = draw(engine.logits(i, features, rows), sampling, uniform, allowed)
        for reader, row in zip(readers, rows, strict=True):
            reader.push(row)
        yield rows
        features, state = engine.step(rows, state)


def stream(
    engine: Engine, seed: Seed, *, prompt: np.ndarray | None = None, sampling: Sampling = Sampling()
) -> Iterator[np.ndarray]:
    """Endless rows (A,) of one piece: :func:`streams` with a batch of one."""
    return (rows[0] for rows in streams(engine, [seed], prompt=prompt, sampling=sampling))


def _allowed(readers: Sequence[NoteReader], codec: NoteCodec, index: int, rows: np.ndarray) -> np.ndarray | None:
    """(B, V) codes that may follow in each piece, or None where all may in all of them."""
    name, size = codec.attributes[index]
    masks = [reader.allowed(name, row) for reader, row in zip(readers, rows, strict=True)]
    if all(mask is None for mask in masks):
        return None
    return np.stack([np.ones(size, bool) if mask is None else mask for mask in masks])


def prompt_rows(codec: NoteCodec, score: Score) -> np.ndarray:
    """(T, A) rows of a prompt; a codec without instruments hears no drums. Raises OptionError if nothing is left."""
    rows = codec.encode(score if codec.programs else score.select(score.notes["program"] != DRUMS))
    if not len(rows):
        raise OptionError("the prompt has no notes that this model hears (it hears no drums); give one that has")
    return rows
