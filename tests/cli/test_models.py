"""``antiphon models``: what is here, and under which licence."""

import json
import shutil

import pytest

from antiphon import DEFAULT_MODEL
from antiphon.cli.main import main
from antiphon.engine import bundle as bundles

pytestmark = pytest.mark.torch


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folders in which models are looked for, without those that ship."""
    places = [tmp_path / "shipped", tmp_path / "own"]
    monkeypatch.setattr(bundles, "folders", lambda: places)
    return places


def test_none_yet_says_how_to_get_one(own, capsys):
    assert main(["models"]) == 0
    assert "No models are here. Train one: antiphon train" in capsys.readouterr().out


def test_each_is_a_line_with_its_licence(own, bundle, capsys):
    shutil.copytree(bundle, own[1] / "mine")
    shutil.copytree(bundle, own[0] / DEFAULT_MODEL)
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["mine", f"{DEFAULT_MODEL} (default)"]
    assert all("licence CC0-1.0" in line and ": lstm, " in line for line in lines)


def test_as_json(own, bundle, capsys):
    shutil.copytree(bundle, own[1] / "mine")
    assert main(["models", "--json"]) == 0
    (mine,) = json.loads(capsys.readouterr().out)["models"]
    assert (mine["name"], mine["family"], mine["licence"], mine["default"]) == ("mine", "lstm", "CC0-1.0", False)
    assert mine["bytes"] == sum(path.stat().st_size for path in bundle.iterdir() if path.name != bundles.META)


def test_a_model_that_ships_comes_before_one_of_the_same_name(own, bundle):
    for place in own:
        shutil.copytree(bundle, place / "same")
    assert bundles.available()["same"] == own[0] / "same"


def test_a_damaged_one_is_named(own, bundle, capsys):
    shutil.copytree(bundle, own[1] / "mine")
    (own[1] / "mine" / bundles.META).write_text("{")
    assert main(["models"]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert "mine/meta.json is damaged" in err.replace("\\", "/")
