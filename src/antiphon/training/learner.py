"""The Lightning module: a model, its moving average, its optimiser and its schedule, for any family.

Everything that varies with time (learning rate, dropout's random numbers, batches) is a function of the step, so a run
that goes on from a checkpoint repeats exactly what an uninterrupted one would have done.
"""

from __future__ import annotations

import copy
import math
from typing import Any, Generic, TypeVar

import lightning.pytorch as pl
import torch
from torch import Tensor

from antiphon.models.base import Batch, Model, Predictor, Stepper
from antiphon.training.optimiser import make_optimiser
from antiphon.training.own import with_own
from antiphon.training.recipe import Train

M = TypeVar("M", bound=Model)


class Learner(pl.LightningModule, Generic[M]):
    """Trains ``model`` for ``steps`` optimiser steps; validates its moving average where there is one."""

    unit: str  # of what validation tells

    def __init__(self, model: M, train: Train, steps: int) -> None:
        super().__init__()
        self.model, self._train, self._steps = model, train, steps
        self.unit = unit_of(model)
        self._loss = torch.compile(model.loss) if train.compile else model.loss
        self._own_from = train.own_after / train.passes * steps if train.own else math.inf
        self.average = copy.deepcopy(model).requires_grad_(False).eval() if train.average else None
        for i, table in enumerate(model.codec.log_cells):
            self.register_buffer(f"log_cells{i}", torch.from_numpy(table).float(), persistent=False)

    @property
    def best(self) -> M:
        """The weights that are measured and kept."""
        return self.average or self.model

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, the highest rate for as long as the recipe holds it, then a cosine down to the final rate."""
        warmup, final = self._train.warmup, self._train.final_rate
        if step < warmup:
            return self._train.learning_rate * (step + 1) / warmup
        falls = self._train.cooldown * (self._steps - warmup)
        done = min(max(1 - (self._steps - step) / max(falls, 1), 0.0), 1.0)
        return self._train.learning_rate * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done)))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return make_optimiser(self.model, self._train)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        torch.manual_seed(self._train.seed * 1_000_003 + self.global_step)  # dropout
        self.model.at(self.global_step)
        self.set_rate(self.learning_rate(self.global_step))

    def set_rate(self, rate: float) -> None:
        """Give the optimiser the learning rate of the step at hand."""
        optimiser = self.optimizers()
        assert isinstance(optimiser, torch.optim.Optimizer | pl.core.optimizer.LightningOptimizer)
        for group in optimiser.param_groups:
            group["lr"] = rate

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        if self.global_step >= self._own_from:
            assert isinstance(self.model, Stepper)
            batch = with_own(self.model, batch, self._train.own)
        loss = self._loss(batch)
        self.log("loss", loss, prog_bar=True)
        self.log("rate", self.learning_rate(self.global_step))
        return loss

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """A step, and the moving average after it; not in ``on_train_batch_end``, which comes after checkpoints."""
        super().optimizer_step(*args, **kwargs)
        self.follow()

    def follow(self) -> None:
        """Move the average after the weights, where there is one."""
        if self.average is not None:
            decay = min(self._train.average, (2 + self.global_step) / (11 + self.global_step))
            with torch.no_grad():
                for kept, now in zip(self.average.parameters(), self.model.parameters(), strict=True):
                    kept.lerp_(now, 1 - decay)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Logs nats a note on the 10 ms grid, in all and by attribute, as every evaluation reports them."""
        model = self.best
        assert isinstance(model, Predictor)  # what learns otherwise validates otherwise
        log_prob = model.log_prob(batch)
        cells = torch.stack(
            [getattr(self, f"log_cells{i}")[batch.targets[..., i]] for i in range(log_prob.shape[-1])], -1
        )
        nats = ((cells - log_prob) * batch.weight[..., None]).sum((0, 1)) / batch.weight.sum()
        size = int(batch.weight.sum())
        parts = dict(zip([a.name for a in model.codec.attributes], nats, strict=True))
        parts |= {name: value.sum() / batch.weight.sum() for name, value in model.further(batch).items()}
        self.log("validation", torch.stack(list(parts.values())).sum(), prog_bar=True, batch_size=size)
        for name, value in parts.items():
            self.log(f"validation_{name}", value, batch_size=size)


def unit_of(model: Model) -> str:
    """Of a likelihood in training, where a row is what the family has for one."""
    return {"chords": "nats/chord", "frames": "nats/frame", "rolls": "deviations apart"}.get(model.cut, "nats/note")
