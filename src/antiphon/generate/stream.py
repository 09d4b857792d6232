"""The note stream: a model writing music one note at a time, as an iterator.

A whole piece is the stream collected; several pieces at once are one batch of it. A piece's notes depend on the model,
the prompt, the control and its own seed, and on nothing else: not on the size of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.engine.base import Engine
from antiphon.errors import OptionError
from antiphon.generate.control import PLAIN, Control
from antiphon.generate.sampling import Sampling
from antiphon.generate.voice import Seed, Voices
from antiphon.notes import DRUMS, Score


def streams(
    engine: Engine,
    seeds: Sequence[Seed],
    *,
    prompt: np.ndarray | None = None,
    sampling: Sampling | None = None,
    control: Control = PLAIN,
) -> Iterator[np.ndarray]:
    """Rows (B, A), one note of each of B pieces at a time, each from its own seed; endless unless the control closes.

    ``prompt`` (T, A) are rows that all pieces continue; ``sampling`` stands for the control's. Memory does not grow
    with the length. Raises OptionError, before any note, where the control asks for what no music can obey.
    """
    if sampling is not None:
        control = replace(control, sampling=sampling)
    voices = Voices(engine, seeds, control, prompt=prompt)
    while not voices.done.all():
        yield voices.next()


def stream(
    engine: Engine,
    seed: Seed,
    *,
    prompt: np.ndarray | None = None,
    sampling: Sampling | None = None,
    control: Control = PLAIN,
) -> Iterator[np.ndarray]:
    """Rows (A,) of one piece: :func:`streams` with a batch of one."""
    return (rows[0] for rows in streams(engine, [seed], prompt=prompt, sampling=sampling, control=control))


def prompt_rows(codec: NoteCodec, score: Score) -> np.ndarray:
    """(T, A) rows of a prompt; a codec without instruments hears no drums. Raises OptionError if nothing is left."""
    rows = codec.encode(score if codec.programs else score.select(score.notes["program"] != DRUMS))
    if not len(rows):
        raise OptionError("the prompt has no notes that this model hears (it hears no drums); give one that has")
    return rows
