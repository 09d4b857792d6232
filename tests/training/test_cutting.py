"""Each family's own cut of a corpus: a run of each ends in a bundle whose numbers are of passages."""

import numpy as np
import pytest

from antiphon.corpus.store import open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Calling, Latent
from antiphon.engine.bundle import CARD
from antiphon.errors import RecipeError
from antiphon.training.finish import finish, notes_to_measure
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run

pytestmark = pytest.mark.torch
TINY = (
    "model.size=16", "model.layers=1", "model.head_size=16", "data.batch=4", "train.passes=0.05", "train.warmup=1",
    "train.precision=32-true",
)  # fmt: skip
SIZES = {"seq2seq": (), "seq2seq-chorales": ("model.call=24", "data.window=40"), "vae": ("model.latent=4",)}


@pytest.mark.parametrize("name", SIZES)
def test_a_run_ends_in_a_bundle_that_hears_passages(name, corpus, tmp_path):
    run = prepare_run(load_recipe(name, (*TINY, *SIZES[name])), corpus)
    assert np.isfinite(fit(run, tmp_path / "mine.run"))
    told = []
    measured = finish(run, tmp_path / "mine.run", tmp_path / "mine", told.append)
    assert sum(told) == notes_to_measure(run)
    engine = open_engine(open_bundle(tmp_path / "mine"))
    assert isinstance(engine, Latent if name == "vae" else Calling)
    assert ("latent" in measured) == (name == "vae")
    assert measured["validation"]["notes"] > 0
    card = (tmp_path / "mine" / CARD).read_text()
    assert ("divergence from the prior, nats a bar" in card) == (name == "vae")


def test_phrases_of_all_training_pieces_are_learned(corpus):
    run = prepare_run(load_recipe("seq2seq", TINY), corpus)
    batch = run.windows.batch(0)
    assert batch.call.shape == (4, 48, 4)
    assert (batch.weight.sum(1) >= 8).all()
    notes = sum(piece.count for piece in open_corpus(corpus).split("train"))
    assert notes / 48 / 4 - 2 < run.windows.per_pass < notes / 8 / 4


@pytest.mark.parametrize("name", ["seq2seq-chorales", "vae"])
def test_what_lies_on_a_grid_is_not_stretched(name, corpus):
    with pytest.raises(RecipeError, match=r"set augment\.stretch to \[1, 1\]"):
        prepare_run(load_recipe(name, (*TINY, "augment.stretch=[0.9, 1.1]")), corpus)


def test_music_changes_between_two_passes_alone(corpus):
    plainly = (*TINY, "data.window=32", "augment.stretch=[1, 1]", "augment.velocity=0", "augment.transpose=0")
    plain = prepare_run(load_recipe("gru", plainly), corpus).windows
    changing = (*plainly, "augment.transpose=12", "augment.after=1", "augment.until=2")
    run = prepare_run(load_recipe("gru", changing), corpus)
    batches = range(3 * run.windows.per_pass)
    same = [np.array_equal(run.windows.batch(i).targets, plain.batch(i).targets) for i in batches]
    first, second, third = np.split(np.array(same), 3)
    assert first.all()
    assert not second.all()
    assert third.all()


def test_music_cannot_stop_changing_before_it_begins(corpus):
    with pytest.raises(RecipeError, match=r"augment\.until .*above augment\.after"):
        load_recipe("gru", ("augment.after=2", "augment.until=1"))
