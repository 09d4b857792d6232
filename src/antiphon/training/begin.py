"""Beginning a run with the weights of a trained model, also one whose codec had no pointers to ends yet."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from antiphon.engine.bundle import open_bundle
from antiphon.engine.torch_engine import load_model
from antiphon.errors import RecipeError
from antiphon.models.base import Model
from antiphon.training.recipe import Recipe


def begin_with(model: Model, recipe: Recipe) -> None:
    """Give a model the weights of the one that its recipe names; RecipeError if they do not fit."""
    bundle = open_bundle(recipe.start_from)
    weights = load_model(bundle).state_dict()
    if model.codec.ends and not bundle.codec.ends:
        weights = grown(weights, model.state_dict(), model.codec.ends)
    check_fit(model.state_dict(), weights, f"recipe {recipe.name}", bundle.name)
    model.load_state_dict(weights)


def check_fit(mine: Mapping[str, Tensor], other: Mapping[str, Tensor], what: str, whose: str) -> None:
    """Raise RecipeError where the other weights are not of the same names and shapes."""
    here, there = ({name: list(t.shape) for name, t in weights.items()} for weights in (mine, other))
    if here != there:
        name = next(n for n in sorted(here | there) if here.get(n) != there.get(n))
        raise RecipeError(
            f"{what} cannot begin with {whose}: {name} is {here.get(name, [])} here and {there.get(name, [])} there; "
            "family and sizes must be the same"
        )


def grown(old: Mapping[str, Tensor], new: Mapping[str, Tensor], ends: int) -> dict[str, Tensor]:
    """The weights of a model without pointers in the shapes of one with ``ends`` of them.

    What is new about the past adds nothing at first; pointers begin as they were drawn in embeddings and at zero in
    the heads.
    """
    return {name: _grown(name, old.get(name), tensor, ends) for name, tensor in new.items()}


def _grown(name: str, old: Tensor | None, new: Tensor, ends: int) -> Tensor:
    if old is None:  # of the past: nothing comes of it yet
        return new.new_zeros(new.shape) if name.endswith("times.mix.weight") else new
    if old.shape == new.shape or len(old) + ends != len(new):
        return old
    grown = new.clone()
    if ".tables." in name:  # the last row stands for the start
        grown[: len(old) - 1], grown[-1] = old[:-1], old[-1]
    else:
        grown.zero_()
        grown[: len(old)] = old
    return grown
