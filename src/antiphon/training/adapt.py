"""Adapting a model to a player: its heads learn from what one person played, while the rest of it stays as it was.

The heads turn what the network has understood of the music so far into the next note; they are a tenth of the weights,
and learn in minutes on a processor without forgetting how music goes. One passage in six decides when to stop, another
one in six is measured at the end with the very files that would play, before and after: a model that predicts those no
better is not written. The model that it began with is not touched, so the way back is to play with that one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from antiphon.corpus.augment import Augmentation
from antiphon.engine import open_engine
from antiphon.engine.base import Engine
from antiphon.engine.bundle import Bundle
from antiphon.engine.torch_engine import load_model
from antiphon.errors import ModelError, OptionError
from antiphon.evaluate.likelihood import log_probs
from antiphon.models.base import Batch, Model, Stepper
from antiphon.models.heads import Heads
from antiphon.training.adapted import write_adapted
from antiphon.training.sessions import Passage, batch_of

DEAL = 6  # of so many passages one decides when to stop and one is measured at the end
STOPS, JUDGES = 2, 5  # which of them
LEAST = 2 * DEAL  # passages without which nothing can be learned and measured
CLIP = 1.0  # norm of the gradient

Progress = Callable[[float], None]  # is told the share of the time that has passed


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """How the heads learn."""

    minutes: float = 5.0  # at most; it ends sooner where the passages that decide get no better
    learning_rate: float = 1e-3
    batch: int = 8  # passages a step
    check_every: int = 10  # steps from one look at the passages that decide to the next
    patience: int = 10  # looks without a better one before it ends
    seed: int = 0
    augment: Augmentation = Augmentation(transpose=0, stretch=(0.95, 1.05), velocity=4, held=0.1)

    def __post_init__(self) -> None:
        for name, value, low, high in (("minutes", self.minutes, 0.01, 1440), ("seed", self.seed, 0, 2**63)):
            if not low <= value <= high:
                raise OptionError(f"--{name} {value:g} is out of range: {low:g} to {high:g}")


@dataclass(frozen=True)
class Dealt:
    """Passages for three purposes."""

    learned: Sequence[Passage]
    stops: Sequence[Passage]
    judges: Sequence[Passage]


def deal(passages: Sequence[Passage]) -> Dealt:
    """Some passages are held out, evenly spread; raises OptionError where there are too few."""
    if len(passages) < LEAST:
        notes = sum(int(p.mine.sum()) for p in passages)
        raise OptionError(
            f"{notes:,} notes in {len(passages)} passages are too few to learn from and to measure on: about 1,500 are "
            f"needed, {LEAST} passages; add sessions"
        )
    place = np.arange(len(passages)) % DEAL
    learned, stops, judges = (
        [p for p, here in zip(passages, chosen, strict=True) if here]
        for chosen in (~np.isin(place, (STOPS, JUDGES)), place == STOPS, place == JUDGES)
    )
    return Dealt(learned, stops, judges)


def adapt(
    bundle: Bundle,
    passages: Sequence[Passage],
    out: Path,
    how: Adaptation | None = None,
    progress: Progress = lambda share: None,
) -> dict[str, Any]:
    """Write the adapted model to ``out``; what was measured. If it is no better: ModelError, and nothing is written.

    Likelihoods are of the player's notes in passages heard from their beginning, in nats a note on the 10 ms grid.
    """
    how, dealt = how or Adaptation(), deal(passages)
    model = load_model(bundle)
    began_s = time.monotonic()
    steps = _learn(model, dealt, how, progress)
    measured = {
        "from": bundle.name,
        "learned_notes": _count(dealt.learned),
        "held_out_notes": _count(dealt.judges),
        "steps": steps,
        "minutes": round((time.monotonic() - began_s) / 60, 2),
        "engine": bundle.meta["measured"].get("engine", "float32"),
        "nats_per_note": {},
    }
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        candidate = Path(folder) / out.name
        write_adapted(model, bundle, candidate, asdict(how), measured)
        before = held_out_nats(open_engine(bundle), dealt.judges)
        after = held_out_nats(open_engine(candidate), dealt.judges)
    measured["nats_per_note"] = {"before": before, "after": after}
    if not after < before:
        raise ModelError(
            f"refused: on {measured['held_out_notes']:,} notes of yours that it did not learn from, the adapted model "
            f"has {after:.3f} nats a note and {bundle.name} {before:.3f}; nothing was written. Add sessions, or keep "
            f"to {bundle.name}"
        )
    write_adapted(model, bundle, out, asdict(how), measured)
    return measured


def held_out_nats(engine: Engine, passages: Sequence[Passage]) -> float:
    """Nats a note of the player's, each passage heard from its beginning."""
    encoded = [passage.encoded(engine.codec) for passage in passages]
    found = log_probs(engine, [rows for rows, _ in encoded])
    nats = -sum(float(f[mine].sum()) for f, (_, mine) in zip(found, encoded, strict=True))
    return nats / sum(int(mine.sum()) for _, mine in encoded)


def _count(passages: Sequence[Passage]) -> int:
    return sum(int(passage.mine.sum()) for passage in passages)


def _learn(model: Model, dealt: Dealt, how: Adaptation, progress: Progress) -> int:
    """Train the heads and leave the model with those that predict the deciding passages best; the steps it took."""
    if not (isinstance(model, Stepper) and isinstance(model.heads, Heads)):
        raise ModelError("a model that counts instead of learning cannot be adapted: train it on your own corpus")
    parameters = list(model.heads.parameters())
    model.requires_grad_(False).eval()  # no dropout: the network that understands stays as it plays
    model.heads.requires_grad_(True)
    optimiser = torch.optim.AdamW(parameters, lr=how.learning_rate, weight_decay=0.0)
    best, kept, waited, steps = _nats(model, dealt.stops, how.batch), _copy(model.heads), 0, 0
    began_s, batches = time.monotonic(), _batches(model, dealt.learned, how)
    while waited < how.patience and (share := (time.monotonic() - began_s) / 60 / how.minutes) < 1:
        progress(share)
        optimiser.zero_grad()
        model.loss(next(batches)).backward()
        nn.utils.clip_grad_norm_(parameters, CLIP)
        optimiser.step()
        steps += 1
        if steps % how.check_every:
            continue
        now = _nats(model, dealt.stops, how.batch)
        waited = 0 if now < best else waited + 1
        if now < best:
            best, kept = now, _copy(model.heads)
    model.heads.load_state_dict(kept)
    return steps


def _batches(model: Model, learned: Sequence[Passage], how: Adaptation) -> Iterator[Batch]:
    """Endless batches: all passages in a new order again and again."""
    rng = np.random.default_rng(how.seed)
    order: list[int] = []
    while True:
        while len(order) < how.batch:
            order += rng.permutation(len(learned)).tolist()
        chosen, order = order[: how.batch], order[how.batch :]
        yield batch_of([learned[i] for i in chosen], model.codec, how.augment, rng)


@torch.no_grad()
def _nats(model: Stepper, passages: Sequence[Passage], size: int) -> float:
    """What the model gives to passages as they are; codes, not cells: good enough to compare one model with itself."""
    total = weight = 0.0
    for start in range(0, len(passages), size):
        batch = batch_of(passages[start : start + size], model.codec)
        total -= float((model.log_prob(batch).sum(-1) * batch.weight).sum())
        weight += float(batch.weight.sum())
    return total / weight


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}
