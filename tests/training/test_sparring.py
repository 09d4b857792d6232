"""Fine-tuning against a critic: it resumes like any run, its model stays a plain one, and misuse is named."""

import csv
import os
import signal

import pytest
import torch
from tests.tiny import tiny_model, write_model

from antiphon.engine import open_bundle
from antiphon.engine.bundle import FILES
from antiphon.errors import RecipeError
from antiphon.models.base import Batch
from antiphon.training.batches import as_batch
from antiphon.training.callbacks import BEST, CHECKPOINT, Stopped
from antiphon.training.checkpoint import load_tensors
from antiphon.training.export import export
from antiphon.training.recipe import Adversary, load_recipe
from antiphon.training.run import fit, prepare_run
from antiphon.training.sparring import SparringLearner

pytestmark = pytest.mark.torch
SMALL = {"size": 16, "head_size": 16}
TINY = (
    "model.size=16", "model.head_size=16", "codec.ends=0", "data.window=24", "data.batch=4", "train.passes=0.5",
    "train.warmup=1", "train.validate_every=6", "train.precision=32-true", "train.checkpoint_minutes=0",
    "adversary.prompt=8", "adversary.notes=8", "adversary.size=8", "adversary.head_start=0",
    "data.validation_window=128",
)  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("base") / "base", tiny_model("lstm", SMALL), "lstm", SMALL)


@pytest.fixture(scope="module")
def prepared(base, corpus):
    def make(*overrides):
        return prepare_run(load_recipe("lstm-adversarial", (*TINY, f"start_from={base}", *overrides)), corpus)

    return make


@pytest.fixture(scope="module")
def whole(prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sparring") / "model.run"
    run = prepared()
    return run, fit(run, folder), folder


def logged(folder, name):
    found = []
    for file in sorted(folder.glob("logs/*/metrics.csv")):
        with file.open() as lines:
            found += [float(row[name]) for row in csv.DictReader(lines) if row.get(name)]
    return found


def test_a_run_begins_with_the_trained_model_and_logs_both_sides(whole, base):
    run, best, folder = whole
    assert run.unit == "nats/note"
    assert 5 < best < 25
    last = load_tensors(folder / CHECKPOINT)
    assert any(name.startswith("/state_dict/critic.") for name in last)
    steps = {int(t) for name, t in last.items() if name.startswith("/optimizer_states") and name.endswith("/step")}
    assert steps == {run.steps // 2, run.steps - run.steps // 2}
    kept = load_tensors(folder / BEST)
    assert kept.keys() == tiny_model("lstm", SMALL).state_dict().keys()  # no critic in what is kept


def test_the_exported_model_is_a_plain_one(whole, tmp_path):
    run, _, _ = whole
    export(run.model.eval())
    path = write_model(tmp_path / "tuned", run.model, "lstm", SMALL)
    assert set(open_bundle(path).meta["files"]) == set(FILES)


def test_interrupted_and_resumed_is_uninterrupted(prepared, whole, tmp_path, at_step):
    folder = tmp_path / "interrupted.run"
    at_step(5, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Stopped, match="interrupted"):
        fit(prepared(), folder)
    at_step(5, lambda: None)
    assert fit(prepared(), folder, resume=True) == whole[1]
    found, wanted = load_tensors(folder / CHECKPOINT), load_tensors(whole[2] / CHECKPOINT)
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_a_critic_may_have_a_head_start(prepared, tmp_path):
    run = prepared("adversary.head_start=5")
    fit(run, tmp_path / "head.run")
    last = load_tensors(tmp_path / "head.run" / CHECKPOINT)
    steps = [int(t) for name, t in last.items() if name.startswith("/optimizer_states") and name.endswith("/step")]
    assert set(steps) == {(run.steps - 5) // 2, run.steps - (run.steps - 5) // 2}


def learner(ends=4, **how):
    run = load_recipe("lstm-adversarial").train
    made = SparringLearner(tiny_model(ends=ends), run, 10, Adversary(weight=1.0, prompt=6, notes=6, size=8, **how))
    made.log = lambda *args, **kwargs: None
    return made


def batch_of(model, count=4, length=12):
    from tests.models.test_contract import random_rows

    rows = random_rows(count, length, model.codec)
    start = torch.from_numpy(model.codec.start_row).long().expand(count, 1, -1)
    return Batch(torch.cat([start, rows[:, :-1]], 1), rows, torch.ones(count, length))


def test_each_side_learns_from_its_own_loss():
    made = learner()
    batch = batch_of(made.model)
    made.critic_loss(batch).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for n, p in made.critic.named_parameters()
               if n != "score.bias")  # fmt: skip
    assert all(p.grad is None for p in made.model.parameters())
    made.critic.zero_grad()
    made.critic.requires_grad_(False)
    made.player_loss(batch).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in made.model.parameters())


def test_the_verdict_changes_what_is_learned():
    found = []
    for weight in (1e-9, 10.0):
        made = learner()
        made._how = Adversary(weight=weight, prompt=6, notes=6, size=8)
        torch.manual_seed(0)
        made.player_loss(batch_of(made.model)).backward()
        found.append(torch.cat([p.grad.flatten() for p in made.model.parameters()]))
    assert (found[0] - found[1]).norm() > 1e-3 * found[0].norm()


def test_short_windows_are_left_out():
    made = learner()
    batch = batch_of(made.model)
    batch.weight[1, 8:] = 0
    inputs, beginning, end = made._parts(batch)
    assert len(inputs) == len(beginning[0]) == len(end[0]) == 3
    assert (inputs.shape[1], beginning[0].shape[1], end[0].shape[1]) == (6, 5, 6)
    batch.weight[:] = 0
    assert len(made._parts(batch)[0]) == 4


def test_it_tells_real_ends_from_made_ones(prepared):
    """A critic alone learns that an untrained model goes on at random."""
    run = prepared("adversary.penalty=0.01")
    made = SparringLearner(run.model, run.recipe.train, 1, run.recipe.adversary)
    optimiser = torch.optim.Adam(made.critic.parameters(), 0.01)
    losses = []
    for i in range(30):
        torch.manual_seed(i)
        optimiser.zero_grad()
        loss = made.critic_loss(as_batch(run.windows.batch(i)))
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) / 5 < 0.4 < 0.6 < sum(losses[:2]) / 2


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("adversary.notes=20",), r"data\.window 24 is too short for a critic: .* 27"),
        (("adversary.weight=-1",), r"adversary\.weight is out of range"),
        (("adversary.head_start=-1",), r"adversary\.head_start is out of range"),
        (("adversary.prompt=1",), r"adversary\.prompt is out of range: it must be at least 2"),
        (("adversary.temperature=0",), r"adversary\.temperature is out of range: it must be above 0"),
    ],
)
def test_what_cannot_be_is_named(overrides, message, prepared):
    with pytest.raises(RecipeError, match=message):
        prepared(*overrides)


@pytest.mark.parametrize("name", ["vae", "seq2seq", "gan"])
def test_only_models_of_windows_have_a_critic(name, corpus):
    with pytest.raises(RecipeError, match=r"set adversary\.weight to 0"):
        prepare_run(load_recipe(name, ("adversary.weight=1",)), corpus)
