"""Learning against a critic: two sides, each with its own optimiser, one step of one of them a batch.

Lightning's manual optimisation. As a batch is a step, as everywhere else, what a run does at a step is a function of
that step: batches, noise, learning rate and whose turn it is. So checkpoints, resuming, validation and Ctrl-C need to
know nothing of it.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn

from antiphon.models.base import Batch
from antiphon.training.learner import Learner, M
from antiphon.training.recipe import Train

BETAS = (0.0, 0.99)  # Adam's for what learns from a loss that the other side moves (Gulrajani 2017, Karras 2019)


class Duel(Learner[M]):
    """Trains a player against a critic; the moving average is of the model after the player's steps."""

    critic_steps: int  # to one of the player
    head_start = 0  # steps at the beginning that are the critic's alone

    def __init__(self, model: M, train: Train, steps: int) -> None:
        super().__init__(model, train, steps)
        self.automatic_optimization = False

    @abstractmethod
    def sides(self) -> tuple[nn.Module, nn.Module]:
        """The player and the critic."""

    @abstractmethod
    def player_loss(self, batch: Batch) -> Tensor:
        """What the player minimises."""

    @abstractmethod
    def critic_loss(self, batch: Batch) -> Tensor:
        """What the critic minimises."""

    @property
    def optimisers(self) -> list[LightningOptimizer]:
        """The player's and the critic's."""
        found = self.optimizers()
        assert isinstance(found, list)
        return found

    def configure_optimizers(self) -> Any:
        rate = self._train.learning_rate
        return [torch.optim.Adam(side.parameters(), rate, betas=BETAS) for side in self.sides()]

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        turn = self.global_step - self.head_start
        judges = turn < 0 or turn % (self.critic_steps + 1) < self.critic_steps
        optimiser, (player, critic) = self.optimisers[judges], self.sides()
        own, other = (critic, player) if judges else (player, critic)
        other.requires_grad_(False)
        loss = self.critic_loss(batch) if judges else self.player_loss(batch)
        optimiser.zero_grad()
        self.manual_backward(loss)
        if self._train.clip:
            nn.utils.clip_grad_norm_(own.parameters(), self._train.clip)
        optimiser.step()
        other.requires_grad_(True)
        self.log("critic" if judges else "loss", loss.detach(), prog_bar=True)
        self.log("rate", self.learning_rate(self.global_step))
        if not judges:
            self.follow()

    def set_rate(self, rate: float) -> None:
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
