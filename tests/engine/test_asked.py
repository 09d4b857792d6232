"""Models that may be asked for something: told apart from the rest, and changed by what they are asked."""

import numpy as np
import pytest
import torch
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.engine import asked, open_bundle, open_engine
from antiphon.errors import OptionError
from antiphon.models.base import Batch

pytestmark = pytest.mark.torch
TOLD = CONFIGS["transformer"]["told"]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    model = tiny_model("transformer", TOLD)
    with torch.no_grad():
        for table in model.wishes:
            table.weight.normal_()
            table.weight[0] = 0
    return open_bundle(write_model(tmp_path_factory.mktemp("told") / "model", model, "transformer", TOLD))


def logits(engine, rows):
    features, _ = engine.hear(rows, engine.start(len(rows)))
    return engine.logits(1, features[:, -1], np.zeros((len(rows), 4), np.int64))


def test_what_is_asked_changes_what_is_likely(told):
    engine, rows = open_engine(told), np.tile(told.codec.start_row, (2, 3, 1))
    plain, liszt, same = (
        logits(asked(engine, told, wishes), rows)
        for wishes in ({}, {"composer": "liszt", "density": "high"}, {"density": "high", "composer": "Franz Liszt"})
    )
    assert np.abs(plain - liszt).max() > 0.01
    np.testing.assert_array_equal(liszt, same)


def test_training_and_playing_are_told_the_same(told):
    rows = np.tile(told.codec.start_row, (2, 3, 1)).astype(np.int64)
    codes = torch.from_numpy(told.conditions.ask({"register": "low"})).expand(2, -1)
    from antiphon.engine.torch_engine import load_model

    model = load_model(told)
    with torch.no_grad():
        features = model.heard(Batch(torch.from_numpy(rows), torch.from_numpy(rows), torch.ones(2, 3), codes))
    played = asked(open_engine(told), told, {"register": "low"})
    np.testing.assert_allclose(features.numpy(), played.hear(rows, played.start(2))[0], atol=1e-3)


def test_a_model_without_conditions_says_so(bundle):
    plain = open_bundle(bundle)
    assert plain.conditions is None
    with pytest.raises(OptionError, match="cannot be asked for density"):
        asked(open_engine(plain), plain, {"density": "high"})
