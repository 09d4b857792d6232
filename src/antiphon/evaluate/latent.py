"""What a model with a latent space loses and keeps, its numbers always together: accuracy is bought with divergence.

Shapes: B passages, K places drawn for each, Z numbers of a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from antiphon.corpus.melodies import Bars, from_rows, on_grid
from antiphon.corpus.pairs import Pairs, Sizes, fixed_pairs
from antiphon.corpus.store import Corpus
from antiphon.corpus.windows import Arrays
from antiphon.engine.base import Engine, State
from antiphon.engine.encoding import LatentEngine
from antiphon.evaluate.answers import divergence, heard
from antiphon.generate.latent import unfolded

DRAWN = 16  # places a passage for the importance-weighted bound
BOUNDED = 8  # batches for which that bound is found: it takes DRAWN times as long as the rest
BATCH = 32  # passages
PASSAGES = 2000  # of a split, evenly spread, that are measured at most


def split_report(engine: LatentEngine, corpus: Corpus, split: str, seed: int = 0) -> dict[str, Any]:
    """:func:`latent_report` on the passages of a corpus's split; CorpusError where it has none."""
    bars = Bars(corpus, corpus.split(split), engine.bars, engine.longest)
    pairs = Pairs(bars, engine.codec, Sizes(call=engine.longest, answer=engine.longest + 1))
    return latent_report(engine, list(fixed_pairs(pairs, BATCH, min(PASSAGES / len(pairs), 1.0))), seed)


def latent_report(engine: LatentEngine, batches: Sequence[Arrays], seed: int = 0) -> dict[str, Any]:
    """The numbers of an engine with a latent space on passages, with stable names.

    ``teacher_forced`` is the share of codes that are the likeliest, from the mean place and with all codes before
    right, by attribute and ``all`` of a note; ``sampled`` the share of sixteenths that sound alike when the passage is
    written from its mean place, drawn and greedily, ``by_chance`` when it is compared with another's. Nats are those of
    the divergence, and bounds of all: ``bound`` from one place (ELBO), ``weighted_bound`` from DRAWN of them (Burda et
    al. 2016).
    """
    rng, size = np.random.default_rng(seed), engine.bars
    right, notes, kl = [], [], []
    same: dict[str, list[float]] = {"drawn": [], "greedy": [], "by_chance": []}
    for batch in batches:
        assert batch.call is not None
        mean, deviation = engine.place(batch.call.astype(np.int64))
        kl.append(divergence(mean, deviation))
        right.append(_right(engine, batch, engine.unfold(mean)))
        notes.append(batch.weight.sum(1))
        tables = [from_rows(engine.codec, call, size) for call in batch.call]
        seeds = [(seed, int(i)) for i in rng.integers(2**31, size=len(mean))]
        for name, greedy in (("drawn", False), ("greedy", True)):
            written = unfolded(engine, mean, seeds, greedy=greedy)
            same[name] += [alike(a, b, size) for a, b in zip(tables, written, strict=True)]
        same["by_chance"] += [alike(a, b, size) for a, b in pairwise(tables)]
    bounds = [bounds_of(engine, batch, rng) for batch in batches[:BOUNDED]]
    lengths = np.concatenate(notes[:BOUNDED])
    one, many = (sum(float(b[i].sum()) for b in bounds) for i in (0, 1))
    names = [*(a.name for a in engine.codec.attributes), "all"]
    codes = np.concatenate(right)
    return {
        "passages": len(np.concatenate(kl)),
        "bars": size,
        "teacher_forced": dict(zip(names, codes.mean(0).tolist(), strict=True)),
        "sampled": {name: float(np.mean(shares)) for name, shares in same.items()},
        "kl_nats_per_passage": float(np.concatenate(kl).mean()),
        "kl_nats_per_bar": float(np.concatenate(kl).mean() / size),
        "bound_passages": len(lengths),
        "bound_nats_per_note": one / float(lengths.sum()),
        "weighted_bound_nats_per_note": many / float(lengths.sum()),
        "weighted_bound_nats_per_bar": many / len(lengths) / size,
        "weighted_bound_places": DRAWN,
    }


def _right(engine: Engine, batch: Arrays, state: State) -> np.ndarray:
    """(N, A + 1) whether each code of the notes was the likeliest, and whether all of a note were."""
    features, _ = engine.hear(batch.inputs.astype(np.int64), state)
    there = batch.weight > 0
    rows, features = batch.targets[there].astype(np.int64), features[there]
    columns = [engine.logits(i, features, rows).argmax(-1) == rows[:, i] for i in range(rows.shape[1])]
    return np.stack([*columns, np.all(columns, axis=0)], -1)


def alike(one: np.ndarray, other: np.ndarray, bars: int) -> float:
    """The share of sixteenths in which two melodies do the same: begin a note of a pitch, hold on, or rest."""
    return float((on_grid(one, bars) == on_grid(other, bars)).mean())


def bounds_of(engine: LatentEngine, batch: Arrays, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(B,) nats of each passage, from above: from one place drawn for it on average, and from DRAWN weighted ones."""
    assert batch.call is not None
    mean, deviation = engine.place(batch.call.astype(np.int64))
    found = []
    for _ in range(DRAWN):
        noise = rng.standard_normal(mean.shape)
        place = mean + deviation * noise
        log_prob = (heard(engine, batch, engine.unfold(place)) * batch.weight[..., None]).sum((1, 2))
        prior = -0.5 * (place**2).sum(-1)
        posterior = -0.5 * (noise**2).sum(-1) - np.log(deviation).sum(-1)
        found.append(log_prob + prior - posterior)
    weights = np.array(found)  # (K, B)
    best = weights.max(0)
    return -weights.mean(0), -(best + np.log(np.exp(weights - best).mean(0)))
