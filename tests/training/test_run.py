"""A run: reproducible to the bit, also when killed and resumed; stopped by validation, by the clock, by Ctrl-C."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from antiphon.errors import CorpusError, FileError, ModelError, RecipeError
from antiphon.training.callbacks import BEST, CHECKPOINT, Stopped
from antiphon.training.checkpoint import load_tensors
from antiphon.training.recipe import load_recipe
from antiphon.training.run import best_model, fit, prepare_run, run_folder

pytestmark = pytest.mark.torch
RECIPE = """
family = "lstm"
[model]
size = 16
layers = 1
head_size = 16
[data]
window = 16
batch = 4
validation_window = 128
[train]
passes = 0.5
warmup = 3
average = 0.9
validate_every = 4
checkpoint_minutes = 0.0
precision = "32-true"
"""
KILL_AT = 10  # steps, of some 17

# A process that ends by SIGKILL right after a checkpoint, as a machine that loses power would.
KILLED = f"""
import os, signal, sys
from pathlib import Path
from antiphon.training.callbacks import Keeper
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run
ended = Keeper.on_train_batch_end
def on_train_batch_end(self, trainer, *rest):
    ended(self, trainer, *rest)
    if trainer.global_step == {KILL_AT}:
        os.kill(os.getpid(), signal.SIGKILL)
Keeper.on_train_batch_end = on_train_batch_end
recipe, corpus, folder = sys.argv[1:]
fit(prepare_run(load_recipe(recipe), Path(corpus)), Path(folder))
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    (path := tmp_path_factory.mktemp("recipe") / "tiny.toml").write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def train(recipe, corpus):
    """A function that runs the recipe with some keys set; the best validation."""

    def run(folder, *overrides, resume=False):
        return fit(prepare_run(load_recipe(recipe, overrides), corpus), folder, resume=resume)

    return run


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    """The folder of a run that was never interrupted, and its best validation."""
    folder = tmp_path_factory.mktemp("whole") / "model.run"
    return folder, train(folder)


def weights(folder, name=CHECKPOINT):
    return load_tensors(folder / name)


def validations(folder: Path) -> dict[int, float]:
    """The validation after each step, over all of a run's sessions."""
    found = {}
    for file in sorted(folder.glob("logs/*/metrics.csv")):
        with file.open() as lines:
            found |= {int(r["step"]): float(r["validation"]) for r in csv.DictReader(lines) if r.get("validation")}
    return found


def assert_same_run(folder, best, whole):
    expected, best_expected = whole
    assert best == best_expected
    for name in (CHECKPOINT, BEST):
        found, wanted = weights(folder, name), weights(expected, name)
        assert found.keys() == wanted.keys()
        assert all(torch.equal(found[key], wanted[key]) for key in found), name
    assert validations(folder) == validations(expected)


def test_the_same_seed_is_the_same_run(train, whole, tmp_path):
    best = train(tmp_path / "again.run")
    assert_same_run(tmp_path / "again.run", best, whole)


def test_another_seed_is_another_run(train, whole, tmp_path):
    assert train(tmp_path / "other.run", "train.seed=1") != whole[1]


def test_killed_and_resumed_is_uninterrupted(recipe, corpus, train, whole, tmp_path):
    folder = tmp_path / "killed.run"
    command = [sys.executable, "-c", KILLED, str(recipe), str(corpus), str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert weights(folder).keys() == weights(whole[0]).keys()
    assert not torch.equal(*(weights(f)["/state_dict/model.embed.tables.0.weight"] for f in (folder, whole[0])))
    best = train(folder, resume=True)
    assert_same_run(folder, best, whole)


@pytest.mark.parametrize("step", [6, 8])  # between validations, and right before one
def test_interrupted_and_resumed_is_uninterrupted(step, train, whole, tmp_path, at_step):
    folder, handler = tmp_path / "interrupted.run", signal.getsignal(signal.SIGINT)
    at_step(step, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Stopped, match="interrupted"):
        train(folder, "train.checkpoint_minutes=60")
    assert signal.getsignal(signal.SIGINT) is handler
    assert not (folder / "model").exists()
    at_step(step, lambda: None)
    best = train(folder, resume=True)
    assert_same_run(folder, best, whole)


def test_a_time_limit_stops_with_a_checkpoint(train, tmp_path):
    folder = tmp_path / "limited.run"
    with pytest.raises(Stopped, match="time limit reached"):
        train(folder, "train.max_minutes=1e-9", "train.checkpoint_minutes=60")
    assert (folder / CHECKPOINT).is_file()
    assert train(folder, resume=True) > 0


def test_resuming_where_there_is_nothing_begins(train, whole, tmp_path):
    assert train(tmp_path / "fresh.run", resume=True) == whole[1]


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")  # torch's advice on one core
def test_batches_cut_by_workers_are_the_same(train, whole, tmp_path):
    best = train(tmp_path / "workers.run", "train.workers=2")
    assert_same_run(tmp_path / "workers.run", best, whole)


def test_a_run_from_before_a_key_was_there_goes_on(train, tmp_path):
    folder = tmp_path / "older.run"
    with pytest.raises(Stopped):
        train(folder, "train.max_minutes=1e-9")
    saved = json.loads((folder / "recipe.json").read_text())
    del saved["train"]["workers"], saved["augment"]["held"]
    (folder / "recipe.json").write_text(json.dumps(saved))
    assert train(folder, resume=True) > 0


def test_a_run_of_another_recipe_is_not_resumed(train, whole):
    with pytest.raises(RecipeError, match="holds a run of another recipe"):
        train(whole[0], "train.learning_rate=1e-4", resume=True)


def test_a_run_with_a_cool_down_may_be_lengthened(train, tmp_path):
    """Until the rate falls, no step knows how many will follow."""
    held = ("train.cooldown=0.25",)
    best = train(tmp_path / "long.run", *held)
    with pytest.raises(Stopped):
        train(tmp_path / "longer.run", *held, "train.passes=5", "train.max_minutes=1e-9")
    assert train(tmp_path / "longer.run", *held, resume=True) == best


def test_a_run_is_not_begun_over_another(train, whole):
    with pytest.raises(FileError, match="add --resume"):
        train(whole[0])


def test_validation_that_no_longer_improves_ends_the_run_and_the_best_is_kept(train, tmp_path):
    folder = tmp_path / "diverging.run"
    best = train(
        folder, "data.pieces=1", "augment.transpose=0", "augment.held=0", "model.dropout=0", "train.learning_rate=0.03",
        "train.average=0", "train.validate_every=10", "train.patience=2", "train.passes=100",
    )  # fmt: skip
    found = list(validations(folder).values())
    assert best == pytest.approx(min(found), rel=1e-6)
    assert found.index(min(found)) == len(found) - 3  # two more, and out
    last = {name.removeprefix("/state_dict/model."): t for name, t in weights(folder).items()}
    assert any(not torch.equal(t, last[name]) for name, t in weights(folder, BEST).items())


def test_training_learns(whole):
    found = list(validations(whole[0]).values())
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0] - 0.1


def test_the_best_weights_are_those_measured(recipe, corpus, whole):
    run = prepare_run(load_recipe(recipe), corpus)
    model, kept = best_model(run, whole[0]), weights(whole[0], BEST)
    assert all(torch.equal(t, kept[name]) for name, t in model.state_dict().items())
    assert not model.training


def test_a_window_model_is_calibrated_on_training_data(recipe, corpus, tmp_path, train):
    keys = ("model.window=16", "model.inputs=continuous", "model.heads=independent", 'model.kinds={step="gaussian"}')
    train(tmp_path / "n.run", *keys)
    run = prepare_run(load_recipe(recipe, keys), corpus)
    sigma = best_model(run, tmp_path / "n.run").heads.heads[0].sigma
    assert 0.001 < float(sigma) < 10
    assert float(sigma) != 1


def test_a_run_lies_beside_its_model(tmp_path):
    assert run_folder(tmp_path / "mine") == tmp_path / "mine.run"


@pytest.mark.parametrize("key", ["model.sise=3", "family=lstn"])
def test_what_no_model_can_be_built_of_is_refused(key, recipe, corpus):
    with pytest.raises((RecipeError, ModelError), match="did you mean"):
        prepare_run(load_recipe(recipe, [key]), corpus)


def test_a_missing_corpus_is_refused(recipe, tmp_path):
    with pytest.raises(CorpusError, match="there is no corpus"):
        prepare_run(load_recipe(recipe), tmp_path / "none")
