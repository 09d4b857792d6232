"""Fine-tuning a model that goes from note to note against a critic of its own continuations.

The model goes on learning the likelihood of real music. Beside it, it goes on from the beginnings of windows, and a
critic hears both its end and the real one; the loss pairs them, as the relativistic loss of :mod:`antiphon.models.gan`
does, with the critic's gradients held small at both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.errors import RecipeError
from antiphon.models.base import Batch, Model, Stepper
from antiphon.models.critic import Codes, RowCritic, continued, known, straight_through
from antiphon.models.heads import Heads
from antiphon.training.duel import BETAS, Duel
from antiphon.training.optimiser import make_optimiser
from antiphon.training.recipe import Adversary, Recipe, Train


class SparringLearner(Duel[Stepper]):
    """Trains a model by likelihood and by a critic's verdict; validation tells its likelihood as ever."""

    def __init__(self, model: Stepper, train: Train, steps: int, how: Adversary) -> None:
        super().__init__(model, train, steps)
        self._how = how
        self.critic = RowCritic(model.codec, self._how.size)
        self.critic_steps, self.head_start = how.critic_steps, how.head_start

    def sides(self) -> tuple[nn.Module, nn.Module]:
        return self.model, self.critic

    def configure_optimizers(self) -> Any:
        rate = self._train.learning_rate * self._how.rate
        return [make_optimiser(self.model, self._train), torch.optim.Adam(self.critic.parameters(), rate, betas=BETAS)]

    def set_rate(self, rate: float) -> None:
        for optimiser, factor in zip(self.optimisers, (1.0, self._how.rate), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor

    def player_loss(self, batch: Batch) -> Tensor:
        nats = self.model.loss(batch)
        inputs, beginning, real = self._parts(batch)
        with _evaluating(self.model):  # no dropout: what is judged is what was drawn
            rows, noise = continued(self.model, inputs, self._how.notes)
            made = straight_through(self.model, inputs, rows, noise, self._how.temperature)
        with self._exact():
            before, one, other = (self.critic.embed(codes) for codes in (beginning, real, made))
            verdict = F.softplus(self.critic(before, one).detach() - self.critic(before, other)).mean()
        self.log("nats", nats.detach())
        self.log("verdict", verdict.detach())
        return nats + self._how.weight * verdict

    def critic_loss(self, batch: Batch) -> Tensor:
        inputs, beginning, real = self._parts(batch)
        with _evaluating(self.model):
            rows, _ = continued(self.model, inputs, self._how.notes)
        (one, slope), (other, other_slope) = (
            self._scored(beginning, end) for end in (real, known(self.model.codec, rows))
        )
        return F.softplus(other - one).mean() + 0.5 * self._how.penalty * (slope + other_slope)

    def _parts(self, batch: Batch) -> tuple[Tensor, Codes, Codes]:
        """Inputs (B, P, A) of the batch's windows that are whole, or of all if none is; their beginnings and ends."""
        first, codec = self._how.prompt - 1, self.model.codec
        stop = first + self._how.notes
        whole = batch.weight[:, :stop].all(-1)
        whole = whole if whole.any() else torch.ones_like(whole)
        inputs, targets = batch.inputs[whole], batch.targets[whole]
        return inputs[:, : first + 1], known(codec, targets[:, :first]), known(codec, targets[:, first:stop])

    def _exact(self) -> torch.autocast:
        """Single precision while this is open: verdicts differ by less than bfloat16 can say."""
        return torch.autocast(self.device.type, enabled=False)

    def _scored(self, beginning: Codes, end: Codes) -> tuple[Tensor, Tensor]:
        """(B,) verdicts, and the mean of their squared gradients."""
        with self._exact(), torch.enable_grad():
            rows = self.critic.embed(end)
            score = self.critic(self.critic.embed(beginning), rows)
            (slope,) = torch.autograd.grad(score.sum(), rows, create_graph=True)
        return score, slope.square().sum((1, 2)).mean()


def check(model: Model, recipe: Recipe) -> None:
    """Raise RecipeError where a recipe wants a critic that its family or its windows have no use for."""
    if not recipe.adversary.weight:
        return
    if not isinstance(model, Stepper) or model.cut != "windows" or not isinstance(model.heads, Heads):
        raise RecipeError(
            f"the family {recipe.family} does not learn from windows of notes, so no critic can hear it go on: set "
            "adversary.weight to 0"
        )
    needed = recipe.adversary.prompt + recipe.adversary.notes - 1
    if recipe.data.window < needed:
        raise RecipeError(
            f"data.window {recipe.data.window} is too short for a critic: it must be at least adversary.prompt + "
            f"adversary.notes - 1, {needed}"
        )


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """The model without dropout while this is open."""
    was = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was)
