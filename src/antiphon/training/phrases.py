"""Learning to draw phrases: batches of rolls, and a family with a critic of its own trained on them."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from antiphon.conditions import NAMES, UNSAID
from antiphon.corpus.phrase_rolls import BEGINS, Layout, PhraseRolls, transposed
from antiphon.corpus.store import Corpus
from antiphon.corpus.windows import Arrays
from antiphon.errors import RecipeError
from antiphon.evaluate.phrases import apart
from antiphon.models.base import Batch
from antiphon.models.gan import GAN
from antiphon.training.duel import Duel
from antiphon.training.recipe import Recipe, Train

COMPARED = 512  # phrases of a validation, real ones and made ones


class TrainingRolls:
    """Endless shuffled, transposed batches of rolls; every pass takes each phrase once.

    In a batch's arrays a row is a step and a code a cell, (B, T, K · 2 · P); the weight of a step is how many notes
    begin in it.
    """

    def __init__(self, rolls: PhraseRolls, *, batch: int, transpose: int, seed: int) -> None:
        self._rolls, self._size, self._transpose, self._seed = rolls, batch, transpose, seed
        self.per_pass = max(len(rolls) // batch, 1)  # batches
        self._order = lru_cache(2)(self._shuffled)

    def batch(self, index: int) -> Arrays:
        """Batch ``index`` ≥ 0 of an endless sequence."""
        number, place = divmod(index, self.per_pass)
        chosen = self._order(number)[place * self._size : (place + 1) * self._size]
        rng = np.random.default_rng((self._seed, 1, index))
        return as_arrays(transposed(self._rolls.take(chosen), self._transpose, rng))

    def _shuffled(self, number: int) -> np.ndarray:
        rng = np.random.default_rng((self._seed, 0, number))
        order = rng.permutation(len(self._rolls))
        return np.resize(order, max(len(order), self._size))


def as_arrays(rolls: np.ndarray) -> Arrays:
    """(B, T, K, 2, P) rolls as a batch's arrays."""
    rows = rolls.reshape(*rolls.shape[:2], -1)
    weight = rolls[:, :, :, BEGINS].sum((2, 3)).astype(np.float32)
    return Arrays(rows, rows, weight, np.full((len(rows), len(NAMES)), UNSAID, np.uint8))


def layout_of(model: GAN) -> Layout:
    """What the phrases of a family that draws look like, from its configuration."""
    return Layout(**{field.name: getattr(model.config, field.name) for field in fields(Layout)})


def training_rolls(recipe: Recipe, corpus: Corpus, model: GAN) -> TrainingRolls:
    """The phrases of the training pieces. RecipeError for augmentations that rolls cannot show."""
    augment = recipe.augment
    if augment.stretch != (1.0, 1.0) or augment.velocity or augment.held:
        raise RecipeError(
            f"the family {recipe.family} learns rolls on a grid, without loudness: set augment.stretch to [1, 1], "
            "augment.velocity and augment.held to 0"
        )
    pieces = corpus.split("train")[: recipe.data.pieces or None]
    rolls = PhraseRolls(corpus, pieces, layout_of(model))
    return TrainingRolls(rolls, batch=recipe.data.batch, transpose=augment.transpose, seed=recipe.train.seed)


def validation_rolls(corpus: Corpus, model: GAN, batch: int) -> list[Arrays]:
    """Phrases of the validation pieces, evenly spread, COMPARED at most."""
    rolls = PhraseRolls(corpus, corpus.split("validation"), layout_of(model))
    chosen = np.unique(np.linspace(0, len(rolls) - 1, COMPARED).round().astype(int))
    return [as_arrays(rolls.take(chosen[i : i + batch])) for i in range(0, len(chosen), batch)]


class PhraseLearner(Duel[GAN]):
    """Trains a generator against its critic.

    Its validation has no likelihood: it says how far the measures of made phrases are from those of real ones, see
    :func:`antiphon.evaluate.phrases.apart`; the noise is the same each time.
    """

    def __init__(self, model: GAN, train: Train, steps: int) -> None:
        if train.optimiser != "adam":
            raise RecipeError("a model with a critic learns by adam: set train.optimiser to adam")
        super().__init__(model, train, steps)
        self.critic_steps = model.config.critic_steps
        self._real: list[np.ndarray] = []

    def sides(self) -> tuple[nn.Module, nn.Module]:
        return self.model.player, self.model.critic

    def player_loss(self, batch: Batch) -> Tensor:
        return self.model.player_loss(batch)

    def critic_loss(self, batch: Batch) -> Tensor:
        return self.model.critic_loss(batch)

    def on_validation_epoch_start(self) -> None:
        self._real = []

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._real.append(batch.targets.to(torch.uint8).cpu().numpy())

    def on_validation_epoch_end(self) -> None:
        layout = layout_of(self.best)
        real = np.concatenate(self._real).reshape(-1, *layout.shape)
        noise = torch.randn(len(real), self.best.draws, generator=torch.Generator().manual_seed(0))
        made = self.best.draw(noise.to(self.device)).to(torch.uint8).cpu().numpy()
        found = apart(made, real, layout)
        self.log("validation", float(np.mean(list(found.values()))), prog_bar=True)
        for name, value in found.items():
            self.log(f"validation_{name}", value)
