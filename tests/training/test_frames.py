"""A run on frames: its unit is said, it goes on where it stopped, and its bundle and card speak of frames."""

import pytest

from antiphon.engine import open_bundle
from antiphon.errors import ModelError, RecipeError
from antiphon.training.callbacks import BEST, Stopped
from antiphon.training.checkpoint import load_tensors
from antiphon.training.finish import finish, notes_to_measure
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run

pytestmark = pytest.mark.torch
SMALL = (
    "model.keys=24", "model.lowest=52", "model.head_size=8", "model.channels=4",
    'model.options={size = 16, layers = 1, dropout = 0.2}', "data.window=32", "data.batch=8", "train.passes=0.5",
    "train.validate_every=4",
)  # fmt: skip


def run_of(corpus, *overrides):
    return prepare_run(load_recipe("roll", (*SMALL, *overrides)), corpus)


def test_a_run_from_recipe_to_card(corpus, tmp_path):
    run = run_of(corpus)
    assert run.unit == "nats/frame"
    nats = fit(run, tmp_path / "run")
    heard = []
    measured = finish(run, tmp_path / "run", tmp_path / "model", heard.append)
    assert sum(heard) == pytest.approx(notes_to_measure(run), rel=0.01)
    found = measured["validation"]
    assert found["nats_per_frame"] == pytest.approx(nats, rel=0.2)  # windows forget, whole pieces do not
    assert "nats_per_note" not in found
    bundle = open_bundle(tmp_path / "model")
    assert bundle.rows == run.model.codec
    card = bundle.read("card.md").decode()
    assert "nats a frame" in card
    assert "nats a note" not in card
    with pytest.raises(ModelError, match="choose a model of notes here"):
        bundle.codec  # noqa: B018  # reading it is the test


def test_it_goes_on_where_it_stopped(corpus, tmp_path, at_step):
    fit(run_of(corpus), tmp_path / "whole")
    with pytest.raises(Stopped):
        fit(run_of(corpus, "train.max_minutes=1e-9"), tmp_path / "parts")
    fit(run_of(corpus), tmp_path / "parts", resume=True)
    one, other = (load_tensors(tmp_path / name / BEST) for name in ("whole", "parts"))
    assert all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize("wish", ["augment.stretch=[0.9, 1.1]", "augment.velocity=3", "augment.held=0.1"])
def test_what_frames_cannot_show_is_refused(corpus, wish):
    with pytest.raises(RecipeError, match=r"learns frames on a grid, without loudness: set augment\.stretch"):
        run_of(corpus, wish)


def test_frames_have_no_instruments(corpus):
    with pytest.raises(RecipeError, match="rolls have no instruments"):
        run_of(corpus, "codec.programs=true")


def test_a_codec_that_cannot_be_is_a_recipe_that_cannot(corpus):
    with pytest.raises(RecipeError, match="frames of 5 ms are out of range"):
        run_of(corpus, "model.beats=false", "model.frame_ms=5")
