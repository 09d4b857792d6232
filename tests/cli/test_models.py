"""``antiphon models``: what is here, and under which licence."""

import json
import shutil
from pathlib import Path

import pytest

from antiphon import DEFAULT_MODEL
from antiphon.cli.main import main
from antiphon.engine import bundle as bundles
from antiphon.engine.packages import Package, Packages

pytestmark = pytest.mark.torch


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folders in which models are looked for, without those that ship, and a package's, which has none yet."""
    places = [tmp_path / "shipped", tmp_path / "own", tmp_path / "package"]
    monkeypatch.setattr(bundles, "folders", lambda: places[:2])
    return places


@pytest.fixture
def packed(own, bundle, monkeypatch):
    """A package with two models, one of them without weights for training."""
    shutil.copytree(bundle, own[2] / "packed")
    meta = {key: value for key, value in bundles.read_meta(bundle).items() if key not in ("format", "name", "files")}
    files = [bundle / name for name in bundles.FILES]
    bundles.write_bundle(own[2] / "light", meta, lambda path: [shutil.copy(f, path) for f in files], needed=False)
    (own[2] / "light" / bundles.WEIGHTS).unlink()
    monkeypatch.setattr(bundles, "packages", lambda: Packages((Package("some-models", own[2]),), ()))
    return own[2]


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


def test_those_of_packages_say_so_and_which_of_them_only_play(packed, capsys):
    assert main(["models"]) == 0
    out, err = capsys.readouterr()
    light, full = out.splitlines()
    assert light.startswith("light: lstm, ")
    assert light.endswith(" MB, to play only, licence CC0-1.0, of some-models")
    assert full.endswith(" MB, licence CC0-1.0, of some-models")
    assert not err
    assert main(["models", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert [(row["name"], row["package"], row["trainable"]) for row in rows] == [
        ("light", "some-models", False),
        ("packed", "some-models", True),
    ]
    assert rows[0]["bytes"] == sum(p.stat().st_size for p in (packed / "light").iterdir() if p.name != bundles.META)


def test_one_that_is_hidden_by_a_nearer_one_is_said(packed, own, bundle, capsys):
    shutil.copytree(bundle, own[1] / "packed")
    assert main(["models"]) == 0
    out, err = capsys.readouterr()
    assert [line.partition(":")[0] for line in out.splitlines()] == ["light", "packed"]
    assert out.splitlines()[1].endswith("licence CC0-1.0")
    assert err == (
        f"the model packed of some-models is hidden by {own[1] / 'packed'}; its path works: {packed / 'packed'}\n"
    )


def test_a_broken_one_of_a_package_is_a_line_beside_the_others(packed, capsys):
    (packed / "light" / bundles.META).write_text("{")
    assert main(["models"]) == 0
    out, err = capsys.readouterr()
    assert [line.partition(":")[0] for line in out.splitlines()] == ["packed"]
    assert err.startswith("a model of the package some-models is left out: ")
    assert len(err.splitlines()) == 1


def test_info_and_generate_know_it_and_training_from_it_says_what_is_missing(packed, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["info", "light", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(packed / "light")
    assert main(["generate", "--model", "light", "--notes", "5", "--no-guard", "-o", "x.mid"]) == 0
    assert "by light (weights: CC0-1.0)" in capsys.readouterr().out
    assert main(["adapt", str(Path(__file__).parent.parent / "data"), "--from", "light", "-o", "mine"]) == 1
    assert "is installed to play: its weights.safetensors, which training goes on from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ({}, ", 4.5 nats a note of its answers, "),
        ({"latent": {}}, ", at most 4.5 nats a note of its melodies, "),
        ({"bound": True}, ", at most 4.5 nats a note of its answers, "),
    ],
)
def test_what_hears_passages_says_what_its_likelihood_is_of(measured, said, own, bundle, capsys):
    shutil.copytree(bundle, own[1] / "mine")
    meta = bundles.read_meta(own[1] / "mine")
    meta["measured"] = {**measured, "validation": {"nats_per_note": 4.5}}
    meta["files"]["encoder.onnx"] = {}
    (own[1] / "mine" / bundles.META).write_text(json.dumps(meta))
    assert main(["models"]) == 0
    assert said in capsys.readouterr().out


def test_a_damaged_one_is_named(own, bundle, capsys):
    shutil.copytree(bundle, own[1] / "mine")
    (own[1] / "mine" / bundles.META).write_text("{")
    assert main(["models"]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert "mine/meta.json is damaged" in err.replace("\\", "/")


def test_a_shipped_model_says_what_its_likelihood_is_of(capsys):
    assert main(["models"]) == 0
    piano, free = (line for line in capsys.readouterr().out.splitlines() if line.startswith("piano"))
    assert "learned from maestro-v2.0.0, licence" in piano
    assert "learned from lieder-midi.tar.xz, mutopia-pd-keyboard-midi.tar.xz, licence" in free
