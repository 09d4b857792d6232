"""The likelihood of frames: exact, by the published protocol, and never a number for notes."""

import itertools

import numpy as np
import pytest
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.corpus.store import open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.torch_engine import load_model
from antiphon.evaluate.rolls import frame_nats, roll_likelihood
from antiphon.training.batches import as_batch
from antiphon.training.cutting import validation_batches
from antiphon.training.recipe import load_recipe

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module", params=["joint", "independent"])
def path(request, tmp_path_factory):
    config = {**CONFIGS["roll"][request.param], "keys": 20, "lowest": 55, "beats": True}
    return write_model(tmp_path_factory.mktemp("roll") / request.param, tiny_model("roll", config), "roll", config)


def test_it_is_that_of_training(path, corpus):
    """The same pieces as one window each, by torch: the same nats, the first frame of each piece free."""
    opened, model = open_corpus(corpus), load_model(open_bundle(path))
    found = roll_likelihood(open_engine(path), opened, opened.split("validation"))
    (batch,) = map(
        as_batch, validation_batches(load_recipe("roll", ("data.validation_window=2000",)), opened, model.codec, model)
    )
    assert batch.weight[:, 0].tolist() == [0] * len(batch.weight)
    assert found.mean == pytest.approx(model.loss(batch).item(), rel=1e-4)
    assert found.frames.sum() == batch.weight.sum()


def test_the_report_counts_frames_and_nothing_a_note(path, corpus):
    opened = open_corpus(corpus)
    heard = []
    report = roll_likelihood(open_engine(path), opened, opened.split("validation"), heard.append).report()
    assert report["of"] == "frames"
    assert report["nats_per_frame"] > 0
    assert not [name for name in report if "note" in name and name != "notes"]
    assert 0 < report["frames_like_the_one_before"] < 1
    assert sum(heard) == pytest.approx(sum(piece.count for piece in opened.split("validation")), rel=0.01)


@pytest.mark.parametrize("kind", ["joint", "independent"])
def test_the_probabilities_of_all_frames_sum_to_one(kind, tmp_path):
    config = {**CONFIGS["roll"][kind], "keys": 6}
    engine = open_engine(write_model(tmp_path / "m", tiny_model("roll", config), "roll", config))
    features, _ = engine.step(engine.rolls.start_row[None], engine.start(1))
    every = np.array(list(itertools.product((0, 1), repeat=6)))
    nats = frame_nats(engine, np.repeat(features, len(every), 0), every)
    assert np.exp(-nats).sum() == pytest.approx(1, abs=1e-4)
