"""The likelihood of chords: exact, in nats a note, and honest about what is not counted."""

import numpy as np
import pytest
from tests.tiny import tiny_model, write_model

from antiphon.charts.drawing import Text
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.torch_engine import load_model
from antiphon.errors import ModelError
from antiphon.evaluate.chords import chord_likelihood
from antiphon.evaluate.report.architecture import architecture
from antiphon.training.batches import as_batch
from antiphon.training.cutting import validation_batches
from antiphon.training.recipe import load_recipe

pytestmark = pytest.mark.torch
SMALL = {"notes": 3, "size": 16, "layers": 1, "attention": 4, "head_size": 16}


@pytest.fixture(scope="module", params=["chained", "independent"])
def path(request, tmp_path_factory):
    config = {**SMALL, "heads": request.param}
    return write_model(tmp_path_factory.mktemp("chord") / request.param, tiny_model("chord", config), "chord", config)


@pytest.fixture(scope="module")
def music(corpus):
    opened = open_corpus(corpus)
    return opened, opened.split("validation")


def test_it_is_that_of_training(path, music, corpus):
    """The same pieces as one window each, by torch: the same nats, those of a chord."""
    opened, pieces = music
    found = chord_likelihood(open_engine(path), opened, pieces)
    recipe = load_recipe("chord", ("data.validation_window=5000", "data.validation_share=1.0"))
    model = load_model(open_bundle(path))
    (batch,) = map(as_batch, validation_batches(recipe, opened, model.codec, model))
    nats = (-model.log_prob(batch).detach().numpy() * batch.weight.numpy()[..., None]).sum((0, 1))
    cells = [table[batch.targets[..., i].numpy()] for i, table in enumerate(model.codec.log_cells)]
    spread = (np.stack(cells, -1) * batch.weight.numpy()[..., None]).sum((0, 1))
    assert found.nats.sum() == pytest.approx((nats + spread).sum(), rel=1e-4)
    assert found.nats[:, 2].sum() == pytest.approx((nats + spread)[2::2].sum(), rel=1e-4)


def test_what_is_counted_is_said(path, music):
    opened, pieces = music
    found = chord_likelihood(open_engine(path), opened, pieces)
    report = found.report()
    assert report["of"] == "chords"
    assert report["notes"] + report["dropped_notes"] == sum(piece.count for piece in pieces)
    assert report["nats_per_chord"] * report["chords"] == pytest.approx(report["nats_per_note"] * report["notes"])
    assert sum(report["nats_per_note_by_attribute"].values()) == pytest.approx(report["nats_per_note"])
    assert "nats_per_midi_token" not in report


def test_keeping_to_the_rules_helps_only_heads_that_do_not(path, music):
    opened, pieces = music
    free, ruled = (chord_likelihood(open_engine(path), opened, pieces, ruled=r).nats.sum() for r in (False, True))
    assert ruled == pytest.approx(free, rel=1e-6) if path.name == "chained" else ruled < free - 1


def test_progress_tells_of_the_notes(path, music):
    told = []
    found = chord_likelihood(open_engine(path), *music, told.append)
    assert sum(told) == pytest.approx(found.notes.sum(), abs=len(told))


def test_its_picture_names_what_it_hears(path):
    words = [shape.text for shape in architecture(open_bundle(path)).shapes if isinstance(shape, Text)]
    assert "a chord of up to 3 notes heard" in words
    assert f"{path.name} heads" in words


def test_who_needs_notes_is_told_that_there_are_none(path):
    with pytest.raises(ModelError, match="writes chords, not notes"):
        _ = open_engine(path).codec
