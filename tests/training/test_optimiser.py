"""What a recipe's optimiser steps: every weight once, matrices by Muon where asked, and on after a checkpoint."""

from copy import deepcopy

import pytest
import torch
from tests.tiny import EVERY_MODEL, tiny_model

from antiphon.training.optimiser import make_optimiser
from antiphon.training.recipe import Train

pytestmark = pytest.mark.torch
OPTIMISERS = ("adamw", "adam", "muon")
TRANSFORMER = {"size": 64, "layers": 1, "groups": 1, "inner": 64, "context": 6, "head_size": 16}


def stepped(model, optimiser, steps, seed=0):
    """Step on gradients that depend on the seed and the step alone."""
    for step in range(steps):
        generator = torch.Generator().manual_seed(100 * seed + step)
        for p in model.parameters():
            p.grad = torch.randn(p.shape, generator=generator)
        optimiser.step()


def test_muon_has_the_inner_matrices_and_adam_the_rest():
    model = tiny_model("transformer", TRANSFORMER)
    muon, adam = make_optimiser(model, Train(optimiser="muon")).parts
    names = {id(p): name for name, p in model.named_parameters()}
    of = {
        part: {names[id(p)] for group in optimiser.param_groups for p in group["params"]}
        for part, optimiser in (("muon", muon), ("adam", adam))
    }
    assert of["muon"] | of["adam"] == set(names.values())
    assert not of["muon"] & of["adam"]
    assert not any("embed.tables" in name or "heads.heads" in name for name in of["muon"])
    assert all(p.dim() == 2 for group in muon.param_groups for p in group["params"])


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_weight_is_stepped(name):
    model = tiny_model("transformer", TRANSFORMER)
    before = {key: p.detach().clone() for key, p in model.named_parameters()}
    stepped(model, make_optimiser(model, Train(optimiser=name)), 1)
    still = [key for key, p in model.named_parameters() if torch.equal(p, before[key])]
    assert not still


@pytest.mark.parametrize(("family", "config"), EVERY_MODEL)
def test_muon_steps_every_family(family, config):
    model = tiny_model(family, config)
    before = {key: p.detach().clone() for key, p in model.named_parameters()}
    stepped(model, make_optimiser(model, Train(optimiser="muon")), 1)
    assert not [key for key, p in model.named_parameters() if torch.equal(p, before[key])]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_state_that_was_kept_goes_on_exactly(name):
    train = Train(optimiser=name)
    whole, halves = tiny_model("transformer", TRANSFORMER), tiny_model("transformer", TRANSFORMER)
    optimiser = make_optimiser(whole, train)
    stepped(whole, optimiser, 2)
    halves.load_state_dict(whole.state_dict())
    kept = make_optimiser(halves, train)
    kept.load_state_dict(deepcopy(optimiser.state_dict()))
    stepped(whole, optimiser, 2, seed=1)
    stepped(halves, kept, 2, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), halves.parameters(), strict=True))
