"""Scheduled sampling: what is heard of the model's own, what stays, and that runs with it resume exactly."""

from pathlib import Path

import pytest
import torch
from tests.tiny import tiny_model

from antiphon.corpus.store import open_corpus
from antiphon.errors import RecipeError
from antiphon.training.batches import as_batch
from antiphon.training.callbacks import CHECKPOINT, Stopped
from antiphon.training.checkpoint import load_tensors
from antiphon.training.cutting import training_batches
from antiphon.training.own import between, with_own
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run

pytestmark = pytest.mark.torch
SMALL = {"size": 16, "head_size": 16}
TINY = (
    "model.size=16", "model.layers=1", "model.head_size=16", "data.window=24", "data.batch=4", "train.passes=0.5",
    "train.warmup=1", "train.validate_every=6", "train.precision=32-true", "train.checkpoint_minutes=0",
    "data.validation_window=128",
)  # fmt: skip


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return tiny_model("lstm", SMALL)


@pytest.fixture(scope="module")
def batch(model, corpus):
    return as_batch(training_batches(load_recipe("lstm", TINY), open_corpus(corpus), model.codec, model).batch(0))


def test_pitch_and_loudness_are_the_models_and_all_else_is_as_it_was(model, batch):
    torch.manual_seed(1)
    heard = with_own(model, batch, 0.5)
    changed = (heard.inputs != batch.inputs).flatten(0, 1).any(0).tolist()
    assert changed == [name in ("pitch", "velocity") for name in model.codec.column]
    assert heard.targets is batch.targets
    assert torch.equal(heard.inputs[:, 0], batch.inputs[:, 0])  # what came before the window


def test_of_a_share_of_nothing_nothing_is_changed(model, batch):
    assert torch.equal(with_own(model, batch, 0.0).inputs, batch.inputs)


def test_a_note_of_a_chord_stays_between_its_neighbours(model, batch):
    torch.manual_seed(2)
    step, pitch = model.codec.column["step"], model.codec.column["pitch"]
    heard, real = with_own(model, batch, 0.5).inputs[:, 1:, pitch], batch.inputs[:, 1:, pitch]
    rising = (batch.inputs[:, 2:, step] == 0) & (batch.weight[:, 2:] > 0) & (real[:, :-1] < real[:, 1:])
    assert (heard != real)[:, 1:][rising].any()
    assert (heard[:, 1:] > real[:, :-1])[rising].all()
    assert (heard[:, :-1] < real[:, 1:])[rising].all()


def test_a_note_alone_may_be_any_pitch(model):
    targets = torch.tensor([[[5, 60, 10, 10], [0, 64, 10, 10], [0, 67, 10, 10], [5, 60, 10, 10]]])
    allowed = between(targets, model.codec)[0]
    assert [int(row.sum()) for row in allowed] == [64, 6, 63, 128]
    assert allowed.gather(1, targets[0, :, 1:2]).all()


def test_a_run_with_it_learns_the_same_whether_interrupted_or_not(corpus, tmp_path):
    def train(folder: Path, *overrides: str, resume: bool = False) -> float:
        how = load_recipe("lstm", (*TINY, "train.own=0.3", "train.own_after=0.2", *overrides))
        return fit(prepare_run(how, corpus), folder, resume=resume)

    best = train(tmp_path / "whole.run")
    with pytest.raises(Stopped):
        train(tmp_path / "parts.run", "train.max_minutes=1e-9")
    assert train(tmp_path / "parts.run", resume=True) == best
    one, other = (load_tensors(tmp_path / name / CHECKPOINT) for name in ("whole.run", "parts.run"))
    assert all(torch.equal(one[name], other[name]) for name in one if "state_dict" in name)
    without = prepare_run(load_recipe("lstm", TINY), corpus)
    assert fit(without, tmp_path / "without.run") != best


def test_a_family_that_hears_passages_has_no_use_for_it(corpus):
    with pytest.raises(RecipeError, match=r"set train\.own to 0"):
        prepare_run(load_recipe("seq2seq", ("train.own=0.1",)), corpus)
    with pytest.raises(RecipeError, match=r"train\.own is out of range"):
        load_recipe("lstm", ("train.own=0.7",))
