"""Learning to predict frames: windows of piano rolls, and nats a frame, in all keys together."""

from __future__ import annotations

from antiphon.corpus.roll_windows import TrainingFrames, fixed_frames, frames_of
from antiphon.corpus.store import Corpus
from antiphon.corpus.windows import Arrays
from antiphon.errors import RecipeError
from antiphon.models.base import Batch
from antiphon.models.roll import Roll
from antiphon.training.learner import Learner
from antiphon.training.recipe import Recipe


def training_frames(recipe: Recipe, corpus: Corpus, model: Roll) -> TrainingFrames:
    """The frames of the training pieces. RecipeError for augmentations that rolls cannot show."""
    data, augment = recipe.data, recipe.augment
    if augment.stretch != (1.0, 1.0) or augment.velocity or augment.held:
        raise RecipeError(
            f"the family {recipe.family} learns frames on a grid, without loudness: set augment.stretch to [1, 1], "
            "augment.velocity and augment.held to 0"
        )
    codec, pieces = model.codec, corpus.split("train")[: data.pieces or None]
    return TrainingFrames(
        frames_of(corpus, pieces, codec), codec, length=data.window, batch=data.batch, transpose=augment.transpose,
        stride=data.stride, seed=recipe.train.seed,
    )  # fmt: skip


def validation_frames(recipe: Recipe, corpus: Corpus, model: Roll, batch: int) -> list[Arrays]:
    """The validation pieces as they are, or as much of them as the recipe wants, in windows."""
    data, codec = recipe.data, model.codec
    frames = frames_of(corpus, corpus.split("validation"), codec)
    return list(fixed_frames(frames, codec, length=data.validation_window, batch=batch, share=data.validation_share))


class FrameLearner(Learner[Roll]):
    """Trains a model of piano rolls. Its validation is no likelihood of notes: a frame is a moment, not a note."""

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Logs nats a frame, summed over its keys; the batches say which frames count."""
        self.log("validation", self.best.loss(batch), prog_bar=True, batch_size=int(batch.weight.sum()))
