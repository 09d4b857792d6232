"""A run against a critic: reproducible and resumable like any other, and ends in a bundle that draws."""

import csv
import os
import signal

import numpy as np
import pytest
import torch

from antiphon.corpus.phrase_rolls import SOUNDS
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Drawing
from antiphon.engine.bundle import CARD
from antiphon.errors import RecipeError
from antiphon.training.callbacks import BEST, CHECKPOINT, Stopped
from antiphon.training.checkpoint import load_tensors
from antiphon.training.finish import finish, notes_to_measure
from antiphon.training.phrases import COMPARED, layout_of
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run

pytestmark = pytest.mark.torch
TINY = (
    "model.size=4", "model.critic_size=4", "model.noise=4", "model.bars=1", "model.steps=8", "data.batch=4",
    "train.passes=1.5", "train.validate_every=6", "train.average=0.9", "train.checkpoint_minutes=0",
)  # fmt: skip


@pytest.fixture(scope="module")
def train(corpus):
    def run(folder, *overrides, resume=False):
        made = prepare_run(load_recipe("gan", (*TINY, *overrides)), corpus)
        return made, fit(made, folder, resume=resume)

    return run


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    """A run that was never interrupted, its folder, and its best validation."""
    folder = tmp_path_factory.mktemp("gan") / "model.run"
    return *train(folder), folder


def logged(folder, name):
    """The values of a number by step, over all of a run's sessions."""
    found = {}
    for file in sorted(folder.glob("logs/*/metrics.csv")):
        with file.open() as lines:
            found |= {int(row["step"]): float(row[name]) for row in csv.DictReader(lines) if row.get(name)}
    return found


def test_a_step_is_of_one_side_and_a_batch_is_a_step(whole):
    run, _, folder = whole
    last = load_tensors(folder / CHECKPOINT)
    steps = [int(t) for name, t in last.items() if name.startswith("/optimizer_states") and name.endswith("/step")]
    assert set(steps) == {run.steps // 2, run.steps - run.steps // 2}
    assert any(name.startswith("/state_dict/average.critic.") for name in last)


@pytest.mark.parametrize("step", [5, 6])  # a player's turn comes next; a validation comes first
def test_interrupted_and_resumed_is_uninterrupted(step, train, whole, tmp_path, at_step):
    folder = tmp_path / "interrupted.run"
    at_step(step, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Stopped, match="interrupted"):
        train(folder)
    at_step(step, lambda: None)
    _, best = train(folder, resume=True)
    assert best == whole[1]
    for name in (CHECKPOINT, BEST):
        found, wanted = load_tensors(folder / name), load_tensors(whole[2] / name)
        assert found.keys() == wanted.keys()
        assert all(torch.equal(found[key], wanted[key]) for key in found), name
    assert logged(folder, "validation") == logged(whole[2], "validation")


def test_validation_tells_of_every_measure(whole):
    _, best, folder = whole
    assert best == pytest.approx(min(logged(folder, "validation").values()), rel=1e-5)
    parts = [logged(folder, f"validation_{n}") for n in ("melody_empty_bars", "accompaniment_notes", "tonal_distance")]
    assert all(parts)


def test_it_ends_in_a_bundle_that_draws(whole, corpus, tmp_path):
    run, _, folder = whole
    told = []
    measured = finish(run, folder, tmp_path / "mine", told.append)
    assert sum(told) == notes_to_measure(run)
    assert isinstance(open_engine(tmp_path / "mine"), Drawing)
    report = open_bundle(tmp_path / "mine").meta["measured"]["phrases"]
    assert report == measured["phrases"]
    assert report["phrases"] <= COMPARED
    assert report["apart"] > report["apart_floor"] > 0
    card = (tmp_path / "mine" / CARD).read_text()
    assert "No likelihood: it draws whole phrases of noise." in card
    assert "| melody, empty bars |" in card
    assert "| cells that differ between two phrases |" in card


def test_batches_are_transposed_phrases_and_weigh_what_begins(corpus):
    run = prepare_run(load_recipe("gan", TINY), corpus)
    one, again, other = run.windows.batch(0), run.windows.batch(0), run.windows.batch(1)
    assert np.array_equal(one.targets, again.targets)
    assert not np.array_equal(one.targets, other.targets)
    layout = layout_of(run.model)
    rolls = one.targets.reshape(4, *layout.shape)
    assert rolls[:, :, :, SOUNDS].any((1, 2, 3)).all()
    assert one.weight.sum() == rolls[:, :, :, 1].sum()
    opened = open_corpus(corpus)
    assert run.windows.per_pass * 4 <= sum(piece.count for piece in opened.split("train"))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("augment.stretch=[0.9, 1.1]", r"set augment\.stretch to \[1, 1\]"),
        ("augment.held=0.1", r"augment\.held to 0"),
        ("codec.ends=4", r"leave codec\.programs and codec\.ends out"),
    ],
)
def test_what_rolls_cannot_show_is_refused(key, message, corpus):
    with pytest.raises(RecipeError, match=message):
        prepare_run(load_recipe("gan", (*TINY, key)), corpus)


def test_it_learns_by_adam(train, tmp_path):
    with pytest.raises(RecipeError, match=r"set train\.optimiser to adam"):
        train(tmp_path / "x.run", "train.optimiser=muon")
