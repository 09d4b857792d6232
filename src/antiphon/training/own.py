"""Scheduled sampling: in training, some of the notes that a model hears are its own.

A model that has heard only real music takes its own small faults for a wilder kind of music, and goes on more wildly:
pieces grow denser as they last. So, of a share of the notes, pitch and loudness are heard as the model would have
written them there, while what it is to predict stays (Bengio et al. 2015; in parallel, from one pass over the real
notes: Mihaylova & Martins 2019). Times stay, so that durations still point to the notes they end with.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.base import Batch, Model, Stepper
from antiphon.training.recipe import Recipe

_WRITTEN = "pitch", "velocity"


def check(model: Model, recipe: Recipe) -> None:
    """Raise RecipeError where a recipe wants this of a family that does not go from note to note."""
    if recipe.train.own and not (isinstance(model, Stepper) and model.cut == "windows" and _of_notes(model)):
        raise RecipeError(
            f"the family {recipe.family} does not learn from windows of notes, so it can hear none of its own: set "
            "train.own to 0"
        )


def _of_notes(model: Model) -> bool:
    return isinstance(model.codec, NoteCodec) and not model.codec.programs


def with_own(model: Stepper, batch: Batch, share: float) -> Batch:
    """A batch in which each window hears up to twice ``share`` of its notes as the model would have written them."""
    codec = model.codec
    assert isinstance(codec, NoteCodec)
    with torch.no_grad():
        rows = written(model, codec, model.heard(batch), batch.targets)
        level = 2 * share * torch.rand(len(rows), 1, device=rows.device)
        own = torch.rand(rows.shape[:2], device=rows.device) < level
        inputs = batch.inputs.clone()
        for name in _WRITTEN:
            column = codec.column[name]
            inputs[:, 1:, column] = torch.where(own, rows[..., column], batch.targets[..., column])[:, :-1]
    return batch._replace(inputs=inputs)


def written(model: Stepper, codec: NoteCodec, features: Tensor, targets: Tensor) -> Tensor:
    """(B, T, A) targets whose pitch and velocity are drawn, with the notes of a chord still in order of pitch."""
    rows = targets.clone()
    for name in _WRITTEN:
        logits = model.heads.logits(codec.column[name], features, rows).float()
        if name == "pitch":
            logits = logits.masked_fill(~between(targets, codec), -torch.inf)
        rows[..., codec.column[name]] = torch.distributions.Categorical(logits=logits).sample()
    return rows


def between(targets: Tensor, codec: NoteCodec) -> Tensor:
    """(B, T, 128) bool: pitches that leave a note above the one before in its chord and below the next."""
    step, pitch = targets[..., codec.column["step"]], targets[..., codec.column["pitch"]]
    chord = step[:, 1:] == 0
    low = F.pad(torch.where(chord, pitch[:, :-1], -1), (1, 0), value=-1)[..., None]
    high = F.pad(torch.where(chord, pitch[:, 1:], 128), (0, 1), value=128)[..., None]
    every = torch.arange(128, device=targets.device)
    return ((every > low) & (every < high)) | (every == pitch[..., None])
