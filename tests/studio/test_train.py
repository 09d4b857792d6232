"""A run that the studio starts, stops and resumes, with a corpus and a model that are tiny."""

import asyncio
import json
import time

import pytest
from tests.tiny import corpus

from antiphon.errors import OptionError, RecipeError
from antiphon.studio.options import StudioOptions
from antiphon.studio.runs import CURVE, Runs, _thinned

__all__ = ["corpus"]
TINY = ["model.size=16", "model.head_size=16", "data.window=32", "data.batch=2", "data.validation_window=64"]
ENDLESS = ["train.passes=100000", "train.validate_every=10", "train.patience=100000"]


def wait_for(api, name, condition):
    ends = time.monotonic() + 240  # starting torch takes a while on a busy machine
    while not condition(found := api.get(f"train/{name}").json()):
        assert time.monotonic() < ends, found
        time.sleep(0.3)
    return found


@pytest.mark.torch
def test_a_run_is_started_stopped_and_resumed(start, corpus):
    api = start("--corpora", str(corpus.parent)).api
    about = api.get("train").json()
    assert about["available"]
    assert "lstm" in [recipe["name"] for recipe in about["recipes"]]
    assert corpus.name in [row["name"] for row in about["corpora"]]
    asked = {"name": "mine", "recipe": "lstm", "corpus": corpus.name, "set": TINY + ENDLESS}
    assert api.post("train", json=asked).status_code == 201
    assert api.post("train", json={**asked, "name": "other"}).status_code == 422  # one at a time
    run = wait_for(api, "mine", lambda found: len(found["validation"]) >= 2)
    assert run["state"] == "running"
    assert run["steps"] > run["step"] > 0
    assert run["losses"]
    assert api.post("train/mine/resume").status_code == 409
    assert api.post("train/mine/stop").json()["state"] == "stopping"
    stopped = wait_for(api, "mine", lambda found: found["state"] == "stopped")
    assert "interrupted" in stopped["last_line"]
    assert api.post("train/mine/resume").json()["state"] == "running"
    wait_for(api, "mine", lambda found: found["step"] > stopped["step"])
    api.post("train/mine/stop")  # a training outlives the studio
    wait_for(api, "mine", lambda found: found["state"] == "stopped")


def test_a_finished_run_is_a_model(tmp_path):
    runs = Runs(StudioOptions(models=tmp_path))
    (tmp_path / "mine.run" / "logs" / "version_0").mkdir(parents=True)
    started = {"name": "mine", "recipe": "lstm", "corpus": "c", "set": [], "time": 0}
    (tmp_path / "mine.run" / "studio.json").write_text(json.dumps(started))
    (tmp_path / "mine.run" / "studio.log").write_text("lstm: 1,200 steps; checkpoints and logs in x\nall done\n\n")
    rows = "epoch,loss,step,validation\n0,12.5,9,\n0,,9,11.0\n0,11.5,19,\n0,hal"
    (tmp_path / "mine.run" / "logs" / "version_0" / "metrics.csv").write_text(rows)
    found = runs.describe("mine")
    assert (found["state"], found["step"], found["steps"], found["model"]) == ("stopped", 19, 1200, None)
    assert (found["losses"], found["validation"]) == ([[9, 12.5], [19, 11.5]], [[9, 11.0]])
    assert found["last_line"] == "all done"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "meta.json").write_text("{}")
    assert runs.describe("mine")["state"] == "done"
    assert runs.names() == ["mine"]


def test_a_curve_keeps_its_end():
    curve = [[step, 0.0] for step in range(5 * CURVE + 3)]
    assert len(_thinned(curve)) <= CURVE
    assert _thinned(curve)[-1] == curve[-1]
    assert _thinned(curve[:3]) == curve[:3]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"recipe": "lstmm"}, 422, "lstm"),
        ({"recipe": "/etc/passwd.toml"}, 422, "unknown recipe"),
        ({"corpus": "../maestro"}, 404, "unknown corpus"),
        ({"name": "../mine"}, 422, "name"),
        ({"name": ""}, 422, "name"),
        ({}, 404, "unknown corpus"),
    ],
)
def test_what_cannot_be_trained(api, body, status, said):
    answer = api.post("train", json={"name": "mine", "recipe": "lstm", "corpus": "none", **body})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert api.get("train").json()["runs"] == []


@pytest.mark.parametrize(
    ("change", "error"), [("start_from=/etc", OptionError), ("name=x", OptionError), ("train.passs=3", RecipeError)]
)
def test_changes_that_a_run_does_not_take(tmp_path, change, error):
    (tmp_path / "c").mkdir()
    for name in ("manifest.json", "notes.arrow"):
        (tmp_path / "c" / name).write_text("")
    runs = Runs(StudioOptions(models=tmp_path / "models", corpora=tmp_path))
    with pytest.raises(error):
        asyncio.run(runs.start("mine", "lstm", "c", [change]))
    assert not (tmp_path / "models").exists()


def test_runs_that_are_not_there(api):
    for route in ("train/nothing", "train/..%2fmodels"):
        assert api.get(route).status_code == 404
    assert api.post("train/nothing/stop").status_code == 404
    assert api.post("train/nothing/resume").status_code == 404
