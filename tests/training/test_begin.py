"""Beginning with another model's weights, also with those of one that could not point to ends."""

import dataclasses

import pytest
import torch
from tests.tiny import tiny_model, write_model

from antiphon.codec import HELD
from antiphon.errors import RecipeError
from antiphon.training.begin import begin_with
from antiphon.training.recipe import load_recipe

pytestmark = pytest.mark.torch
ROWS = torch.randint(0, 32, (2, 9, 4), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def recipe(tmp_path):
    path = write_model(tmp_path / "old", tiny_model())
    return dataclasses.replace(load_recipe("lstm"), start_from=str(path))


@torch.no_grad()
def test_a_model_that_learns_to_point_keeps_what_it_knew(recipe):
    old, new = tiny_model(), tiny_model(ends=8)
    begin_with(old, recipe)
    begin_with(new, recipe)
    rows = torch.cat([torch.tensor(new.codec.start_row).long().expand(2, 1, -1), ROWS], 1)
    before = torch.cat([torch.tensor(old.codec.start_row).long().expand(2, 1, -1), ROWS], 1)
    features, plain = new.features(rows), old.features(before)
    for i in range(4):
        logits, known = new.heads.logits(i, features[:, :-1], ROWS), old.heads.logits(i, plain[:, :-1], ROWS)
        torch.testing.assert_close(logits[..., : known.shape[-1]], known)
    assert (logits[..., HELD + 1 :] <= 0).all()  # nothing is known of pointers but which are impossible


def test_weights_that_do_not_fit_are_named(recipe):
    with pytest.raises(RecipeError, match=r"recipe lstm cannot begin with old: .* is \[.*\] here and \[.*\] there"):
        begin_with(tiny_model("lstm", {"size": 32, "head_size": 16}), recipe)
