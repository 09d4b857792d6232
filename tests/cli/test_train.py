"""``antiphon train`` as a person runs it: from a recipe and a corpus to a model that plays."""

import json

import pytest

from antiphon.cli.main import main
from antiphon.engine import open_bundle
from antiphon.engine.bundle import WEIGHTS
from antiphon.training.callbacks import CHECKPOINT

pytestmark = pytest.mark.torch
SETTINGS = {
    "model.size": 16, "model.layers": 1, "model.head_size": 16, "data.window": 16, "data.batch": 4,
    "train.passes": 0.2, "train.warmup": 1, "train.validate_every": 3, "train.precision": "32-true",
}  # fmt: skip


@pytest.fixture
def train(tmp_path, corpus, monkeypatch):
    """A function that runs the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, recipe="lstm", out="mine", **settings):
        settings = SETTINGS | {key.replace("__", "."): value for key, value in settings.items()}
        sets = [f"--set={key}={value}" for key, value in settings.items()]
        return main(["train", recipe, "--corpus", str(corpus), "-o", out, *sets, *arguments])

    return run


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_recipe_becomes_a_model_that_plays_and_is_measured(train, tmp_path, corpus, capsys):
    assert train("--json") == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["model"] == "mine"
    assert "lstm: 7 steps; checkpoints and logs in mine.run" in err
    assert open_bundle(tmp_path / "mine").meta["measured"]["validation"] == result["validation"]
    assert main(["generate", "--model", "mine", "--notes", "5", "-o", "a.mid"]) == 0
    assert main(["info", "mine"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "mine", "--corpus", str(corpus), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["nats_per_note"] == pytest.approx(result["validation"]["nats_per_note"], abs=1e-6)


def test_ctrl_c_is_130_and_resume_ends_as_if_nothing_had_been(train, tmp_path, capsys, at_step, ctrl_c):
    assert train(out="whole") == 0
    capsys.readouterr()
    at_step(4, ctrl_c)
    assert train() == 130
    out, err = capsys.readouterr()
    assert not out
    assert "interrupted; the checkpoint is in mine.run: go on with the same command and --resume" in err
    assert "Traceback" not in err
    assert left(tmp_path) == ["mine.run", "whole", "whole.run"]
    assert train() == 1
    assert "mine.run holds an unfinished run; add --resume to go on" in capsys.readouterr().err
    at_step(4, lambda: None)
    assert train("--resume") == 0
    assert (tmp_path / "mine" / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()


def test_a_second_ctrl_c_ends_it_at_once(train, tmp_path, capsys, at_step, ctrl_c):
    at_step(4, lambda: (ctrl_c(), ctrl_c()))
    assert train() == 130
    assert capsys.readouterr().err.endswith("antiphon train: interrupted\n")
    assert left(tmp_path) == ["mine.run"]


def test_a_time_limit_stops_in_the_same_way(train, tmp_path, capsys):
    assert train(train__max_minutes=1e-9) == 130
    assert "time limit reached; the checkpoint is in mine.run" in capsys.readouterr().err
    assert (tmp_path / "mine.run" / CHECKPOINT).is_file()
    assert train("--resume") == 0


def test_a_finished_run_is_not_begun_again_over_itself(train, capsys):
    assert train() == 0
    capsys.readouterr()
    assert train() == 1
    assert "mine.run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "train.sed=1"], "unknown recipe key 'train.sed'; did you mean 'train.seed'"),
        (["--set", "model.sise=1"], "unknown recipe key 'model.sise'; did you mean 'model.size'"),
        (["--set", "train.learning_rate=nan"], "train.learning_rate is nan; it must be a finite number"),
        (["--set", "train.passes=-1"], "train.passes is out of range: it must be above 0"),
        (["--set", "model.size=0"], "model.size 0 is out of range"),
        (["--set", "family=lsmt"], "unknown model family 'lsmt'; did you mean 'lstm'"),
        (["--set", "nonsense"], "is not of the form key=value, such as train.learning_rate=1e-3"),
        (["--corpus", "none"], "there is no corpus none; make one"),
        (["-o", "none/mine"], "the folder none does not exist; make it first"),
    ],
)
def test_a_users_error_is_one_line_and_leaves_nothing(arguments, message, train, tmp_path, capsys):
    assert train(*arguments) == 1
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert err.count("\n") == 1
    assert not left(tmp_path)


def test_an_unknown_recipe_suggests_the_nearest(train, capsys):
    assert train(recipe="lsmt") == 1
    assert "unknown recipe 'lsmt'; did you mean 'lstm'" in capsys.readouterr().err


def test_a_corpus_without_validation_is_refused(train, tmp_path, data, capsys):
    lines = "file,split\n" + "".join(f"{path.name},train\n" for path in data.glob("*.mid"))
    (tmp_path / "all.csv").write_text(lines)
    assert main(["prepare", str(data), "-o", "trained", "--split-csv", "all.csv"]) == 0
    capsys.readouterr()
    assert train("--corpus", "trained") == 1
    assert "no training or no validation pieces" in capsys.readouterr().err


@pytest.mark.parametrize("most", [4_000, 30_000])  # bytes: the best weights, the checkpoint of weights and optimiser
def test_a_full_disk_is_one_line_and_leaves_no_model(most, train, tmp_path, capsys, full_disk):
    with full_disk(most):
        assert train() == 1
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith("antiphon train: cannot write")
    assert "File too large" in err
    assert not (tmp_path / "mine").exists()
    assert not list((tmp_path / "mine.run").glob(".*"))


def test_no_recipe_is_misuse(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train"])
    assert stop.value.code == 2
    assert "RECIPE" in capsys.readouterr().err
