"""Music from a latent space: imagined, from the prior; between two passages; around one.

A passage is some bars of melody on a grid of sixteenths, see :mod:`antiphon.corpus.melodies`; longer music is a passage
after another. A place is where a passage lies: Z numbers, which are normal in the prior.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from antiphon.corpus.melodies import BAR, as_score, from_rows, melody, on_grid, passage, to_rows
from antiphon.engine.base import Engine, Latent
from antiphon.engine.begun import Begun
from antiphon.errors import OptionError
from antiphon.generate.beginning import Seed, imagined
from antiphon.generate.control import Control
from antiphon.generate.finish import Progress, Works, finish
from antiphon.generate.options import Value, control
from antiphon.generate.sampling import Sampling
from antiphon.generate.voice import Voices
from antiphon.notes import Score


def between(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """A place on the great circle between two of (…, Z): 0 is the one, 1 the other (Shoemake 1985).

    Straight lines would lead through the middle of the space, where the prior has no music.
    """
    cosine = (one * other).sum(-1) / np.maximum(np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1), 1e-9)
    angle = np.arccos(np.clip(cosine, -1, 1))[..., None]
    sine = np.sin(angle)
    straight = (1 - share) * one + share * other
    with np.errstate(divide="ignore", invalid="ignore"):
        curved = (np.sin((1 - share) * angle) * one + np.sin(share * angle) * other) / sine
    return np.where(sine > 1e-4, curved, straight)


def unfolded(
    engine: Engine, places: np.ndarray, seeds: Sequence[Seed], sampling: Sampling | None = None, *, greedy: bool = False
) -> list[np.ndarray]:
    """The passage that lies at each of (B, Z) places: notes (N, 3), see :func:`antiphon.corpus.melodies.melody`."""
    model = latent(engine)
    sampling = Sampling(greedy=greedy) if sampling is None else sampling
    voices = Voices(Begun(engine, model.unfold(places)), seeds, Control(sampling=sampling))
    rows = [voices.next() for _ in range(model.longest + 1)]  # the closing row too
    return [from_rows(engine.codec, written, model.bars) for written in np.stack(rows, 1)]


def latent(engine: Engine) -> Latent:
    """The engine as one with a latent space; OptionError if it has none."""
    if not isinstance(engine, Latent):
        raise OptionError("this model has no latent space; choose one of the family vae: `antiphon models` lists them")
    return engine


def placed(engine: Engine, tables: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Where passages (N, 3) lie: mean and deviation, (B, Z) each."""
    model = latent(engine)
    rows = np.broadcast_to(engine.codec.start_row, (len(tables), model.longest, len(engine.codec.attributes))).copy()
    for place, table in zip(rows, tables, strict=True):
        place[: len(table)] = to_rows(engine.codec, table)[: model.longest]
    return model.place(rows)


def read(engine: Engine, music: Score) -> list[np.ndarray]:
    """The melody of a piece as passages (N, 3), one after another from its first bar line; the last may be short.

    Those without a note are empty. Raises OptionError where there is no melody, or more notes than the model hears.
    """
    model, notes = latent(engine), melody(music)
    if not len(notes):
        raise OptionError("there is no melody in it: no note but those of drums; give a file with one")
    length = model.bars * BAR
    tables = [passage(notes, start, model.bars) for start in range(0, int(notes[-1, 0]) + 1, length)]
    crowded = max(map(len, tables))
    if crowded > model.longest:
        raise OptionError(
            f"{model.bars} bars of it have {crowded} notes on a grid of sixteenths, and this model hears "
            f"{model.longest}; give a calmer melody, or pick its track"
        )
    return tables


def vary_latent(
    engine: Engine, options: Mapping[str, Value], seeds: Sequence[tuple[int, int]], prompt: Score, progress: Progress
) -> Works:
    """A variation of a melody for each seed: each passage written from between its place and one from the prior.

    ``amount`` says how far it goes: 0 writes the piece again as well as the model can, 1 something of its own.
    """
    began, last = time.perf_counter(), finish(options)
    amount = float(options.get("amount", 0.3))
    if not 0 <= amount <= 1:
        raise OptionError(f"amount {amount} is out of range: 0 to 1, all of it")
    model, tables, wanted = latent(engine), read(engine, prompt), control(options, endless=True)
    means, _ = placed(engine, tables)
    pieces = []
    for count, seed in enumerate(seeds):
        each = [(*seed, i) for i in range(len(tables))]
        written = unfolded(engine, between(means, imagined(model, each), amount), each, wanted.sampling)
        music = as_score(written, model.bars, int(prompt.tempos["tempo"][0]))
        pieces.append(last.piece(music.with_program(last.program), seed, len(music)))
        progress((count + 1) / len(seeds))
    elapsed_s = time.perf_counter() - began
    return Works(pieces, elapsed_s, elapsed_s, {"passages": len(tables)})


@dataclass(frozen=True)
class Way:
    """From one passage to another."""

    music: Score  # all steps, one after another
    alike: list[float]  # of each step but the first, the share of sixteenths in which it does what the one before did


def interpolated(
    engine: Engine, one: Score, other: Score, steps: int, *, seed: int | None = None, tempo: float | None = None
) -> Way:
    """The first passages of two pieces and what lies between their places, ``steps`` in all, evenly spaced.

    With a ``seed`` notes are drawn, otherwise the likeliest taken. ``tempo`` in beats a minute; else that of ``one``.
    """
    model, firsts = latent(engine), [first(engine, music) for music in (one, other)]
    (start, end), _ = placed(engine, firsts)
    places = np.stack([between(start, end, i / (steps - 1)) for i in range(steps)])
    tables = unfolded(engine, places, [(seed or 0, i) for i in range(steps)], greedy=seed is None)
    grids = [on_grid(table, model.bars) for table in tables]
    pace = int(one.tempos["tempo"][0]) if tempo is None else round(60e6 / tempo)
    return Way(as_score(tables, model.bars, pace), [float((a == b).mean()) for a, b in pairwise(grids)])


def first(engine: Engine, music: Score) -> np.ndarray:
    """The first passage of a piece that has notes, (N, 3)."""
    return next(table for table in read(engine, music) if len(table))


@dataclass(frozen=True)
class Reconstruction:
    """A melody that went through a latent space and back."""

    music: Score
    report: Mapping[str, Any]


def reconstructed(engine: Engine, music: Score, seed: int = 0) -> Reconstruction:
    """Each passage of a melody written from its mean place; its report compares sixteenths and notes, see ``latent``.

    ``drawn`` and ``greedy`` are the shares of sixteenths that come back, ``notes_right`` the share of notes that are
    the likeliest with all before them right, ``kl_nats_per_bar`` the divergence of places from the prior.
    """
    model, tables = latent(engine), read(engine, music)
    mean, deviation = placed(engine, tables)
    seeds = [(seed, i) for i in range(len(tables))]
    drawn, greedy = (unfolded(engine, mean, seeds, greedy=likeliest) for likeliest in (False, True))
    nats = (0.5 * (mean**2 + deviation**2 - 1) - np.log(deviation)).sum(-1)
    report = {
        "passages": len(tables),
        "bars": model.bars,
        "notes": sum(map(len, tables)),
        "drawn": _alike(tables, drawn, model.bars),
        "greedy": _alike(tables, greedy, model.bars),
        "notes_right": _notes_right(engine, tables, mean),
        "kl_nats_per_bar": float(nats.mean() / model.bars),
    }
    return Reconstruction(as_score(greedy, model.bars, int(music.tempos["tempo"][0])), report)


def _alike(tables: Sequence[np.ndarray], others: Sequence[np.ndarray], bars: int) -> float:
    same = [on_grid(a, bars) == on_grid(b, bars) for a, b in zip(tables, others, strict=True)]
    return float(np.mean(same))


def _notes_right(engine: Engine, tables: Sequence[np.ndarray], places: np.ndarray) -> float:
    """The share of notes all of whose codes are the likeliest from their place, given the true notes before."""
    model, right = latent(engine), []
    for table, place in zip(tables, places, strict=True):
        if not len(table):
            continue
        rows = to_rows(engine.codec, table).astype(np.int64)
        before = np.concatenate([engine.codec.start_row[None].astype(np.int64), rows[:-1]])
        features, _ = engine.hear(before[None], model.unfold(place[None]))
        codes = [engine.logits(i, features[0], rows).argmax(-1) for i in range(rows.shape[1])]
        right.append((np.stack(codes, -1) == rows).all(-1))
    return float(np.concatenate(right).mean())
