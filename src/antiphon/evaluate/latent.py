"""What a model with a latent space loses and keeps, its numbers always together: accuracy is bought with divergence.

Shapes: B passages, K places drawn for each, Z numbers of a place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

Progress = Callable[[float], None]


def split_report(
    engine: LatentEngine, corpus: Corpus, split: str, seed: int = 0, progress: Progress = lambda share: None
) -> dict[str, Any]:
    """:func:`latent_report` on the passages of a corpus's split; CorpusError where it has none."""
    bars = Bars(corpus, corpus.split(split), engine.bars, engine.longest)
    pairs = Pairs(bars, engine.codec, Sizes(call=engine.longest, answer=engine.longest + 1))
    batches = list(fixed_pairs(pairs, BATCH, min(PASSAGES / len(pairs), 1.0)))
    return latent_report(engine, batches, seed, progress)


def latent_report(
    engine: LatentEngine, batches: Sequence[Arrays], seed: int = 0, progress: Progress = lambda share: None
) -> dict[str, Any]:
    """The numbers of an engine with a latent space on passages, with stable names; ``progress`` is told the share done.

    ``teacher_forced`` is the share of codes that are the likeliest, from the mean place and with all codes before
    right, by attribute and ``all`` of a note; ``sampled`` the share of sixteenths that sound alike when the passage is
    written from its mean place, drawn and greedily, ``by_chance`` when it is compared with another's. Nats are those of
    the divergence, and bounds of all: ``bound`` from one place (ELBO), ``weighted_bound`` from DRAWN of them (Burda et
    al. 2016).
    """
    rng = np.random.default_rng(seed)
    chosen = batches[:: max(len(batches) // BOUNDED, 1)][:BOUNDED]
    right, kl, tables = [], [], []
    same: dict[str, list[float]] = {"drawn": [], "greedy": []}
    for done, batch in enumerate(batches):
        assert batch.call is not None
        mean, deviation = engine.place(batch.call.astype(np.int64))
        kl.append(divergence(mean, deviation))
        right.append(_right(engine, batch, engine.unfold(mean)))
        true = [from_rows(engine.codec, call, engine.bars) for call in batch.call]
        seeds = [(seed, int(i)) for i in rng.integers(2**31, size=len(mean))]
        for name in same:
            same[name] += _alike(true, unfolded(engine, mean, seeds, greedy=name == "greedy"), engine.bars)
        tables += true
        progress((done + 1) / (len(batches) + len(chosen)))
    bounds = []
    for done, batch in enumerate(chosen):
        bounds.append(bounds_of(engine, batch, rng))
        progress((len(batches) + done + 1) / (len(batches) + len(chosen)))
    half = len(tables) // 2  # far away: neighbours overlap, and a song repeats itself
    by_chance = _alike(tables, tables[half:] + tables[:half], engine.bars)
    names = [*(a.name for a in engine.codec.attributes), "all"]
    return {
        "passages": len(tables),
        "bars": engine.bars,
        "teacher_forced": dict(zip(names, np.concatenate(right).mean(0).tolist(), strict=True)),
        "sampled": {name: float(np.mean(shares)) for name, shares in (*same.items(), ("by_chance", by_chance))},
        "kl_nats_per_passage": float(np.concatenate(kl).mean()),
        "kl_nats_per_bar": float(np.concatenate(kl).mean() / engine.bars),
        **_bounds(chosen, bounds, engine.bars),
    }


def _bounds(
    batches: Sequence[Arrays], bounds: Sequence[tuple[np.ndarray, np.ndarray]], bars: int
) -> dict[str, float | int]:
    notes = float(sum(batch.weight.sum() for batch in batches))
    one, many = (np.concatenate(found) for found in zip(*bounds, strict=True))
    return {
        "bound_passages": len(one),
        "bound_nats_per_note": float(one.sum() / notes),
        "weighted_bound_nats_per_note": float(many.sum() / notes),
        "weighted_bound_nats_per_bar": float(many.mean() / bars),
        "weighted_bound_places": DRAWN,
    }


def _alike(tables: Sequence[np.ndarray], others: Sequence[np.ndarray], bars: int) -> list[float]:
    return [alike(one, other, bars) for one, other in zip(tables, others, strict=True)]


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
