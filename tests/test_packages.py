"""What ships in packages/ beside Antiphon: small, licensed, whole, and put there by tools/ship.py."""

import json
import re
import shutil
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from tests.tiny import tiny_model, write_model

from antiphon import __version__
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.bundle import CARD, ENGINE, META, WEIGHTS, size
from antiphon.engine.packages import FAMILIES, GROUP, HOW
from antiphon.errors import ModelError
from antiphon.models.registry import FAMILIES as KNOWN
from antiphon.training.recipe import load_recipe

pytestmark = pytest.mark.torch
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
MODELS = sorted(path.parent for package in PACKAGES for path in package.glob(f"src/*/*/{META}"))
MODEL_MB, PACKAGE_MB = 6, 40  # as they are installed; weights for training are left out
LARGER = {"lstm-piano": 9}  # the piano's model before the present one


def named(path):
    return path.name


def project(package):
    return tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("package", PACKAGES, ids=named)
def test_a_package_is_of_antiphon_s_version_and_its_entry_points_lead_to_its_models(package):
    about = project(package)
    assert about["name"] == package.name
    assert about["version"] == __version__
    folders = {package / "src" / Path(*value.split(".")) for value in about["entry-points"][GROUP].values()}
    assert folders == {model.parent for model in MODELS if package in model.parents}


@pytest.mark.parametrize("package", PACKAGES, ids=named)
def test_a_package_stays_small(package):
    weighs = [path.stat().st_size for path in package.rglob("*") if path.is_file() and path.name != WEIGHTS]
    assert sum(weighs) < PACKAGE_MB * 10**6


@pytest.mark.parametrize("package", PACKAGES, ids=named)
def test_a_package_names_the_licence_of_every_model(package):
    models = [model for model in MODELS if package in model.parents]
    licences = {
        model.name: json.loads((model / META).read_text(encoding="utf-8"))["licence"]["name"] for model in models
    }
    (listed,) = (package / file for file in project(package)["license-files"] if file != "LICENSE")
    rows = re.findall(r"^\| (\S+) \| (.+?) \|", listed.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {name: licence for name, licence in rows if name not in ("model", "---")} == licences
    stated = {*project(package)["license"].split(" AND "), "public domain"}
    assert {one for licence in licences.values() for one in licence.split(" and ")} <= stated


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_a_model_is_small_whole_and_described(model):
    bundle = open_bundle(model)
    assert bundle.name == model.name
    assert bundle.meta["family"] in KNOWN
    installed = size(model, {"files": set(bundle.meta["files"]) - {WEIGHTS}})
    assert installed < LARGER.get(model.name, MODEL_MB) * 10**6
    assert bundle.meta["measured"]
    card = (model / CARD).read_text(encoding="utf-8")
    assert card.startswith(f"# {model.name}\n")
    assert bundle.meta["licence"]["name"] in card
    assert open_engine(bundle)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_a_model_without_weights_says_so_only_when_they_are_asked_for(model):
    bundle = open_bundle(model)
    if not bundle.has(WEIGHTS):
        with pytest.raises(ModelError, match=f"the model {model.name} is installed to play: its {WEIGHTS}"):
            bundle.read(WEIGHTS)


@pytest.mark.skipif(not PACKAGES, reason="a source distribution comes without them")
def test_the_package_that_messages_name_is_there():
    assert f"./packages/{FAMILIES}" in HOW
    assert ROOT / "packages" / FAMILIES in PACKAGES


@pytest.fixture
def trained(tmp_path):
    """A small model that says what it was trained on, and how."""
    path = write_model(tmp_path / "trained", tiny_model())
    change(path, "data", {"sources": [{"name": "my music", "licence": "CC0-1.0"}]})
    change(path, "recipe", load_recipe("lstm").to_dict())
    return path


def change(path, key, value):
    meta = json.loads((path / META).read_text())
    (path / META).write_text(json.dumps({**meta, key: value}))


@pytest.fixture
def ship(monkeypatch, tmp_path):
    """tools/ship.py with a package of the test's own."""
    spec = spec_from_file_location("ship", ROOT / "tools" / "ship.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PLACES", {"antiphon": tmp_path / "base", "mine": tmp_path / "mine"})
    for place in module.PLACES.values():
        place.mkdir()

    def shipped(*words):
        monkeypatch.setattr(sys, "argv", ["ship.py", *map(str, words)])
        module.main()
        return module.PLACES

    return shipped


def test_a_model_ships_in_a_package_without_weights_and_draws_the_same_numbers(ship, trained, capsys):
    path = ship(trained, "small", "--package", "mine")["mine"] / "small"
    assert not (path / WEIGHTS).exists()
    assert (path / ENGINE).stat().st_size <= (trained / ENGINE).stat().st_size
    here, there = open_engine(path), open_engine(trained)
    row = open_bundle(trained).codec.start_row[None].astype(np.int64)
    for mine, theirs in zip(here.step(row, here.start(1))[1], there.step(row, there.start(1))[1], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert "| small | CC0-1.0 |" in (path.parent / "LICENSE-weights.md").read_text()
    assert capsys.readouterr().out.endswith(" MB, small\n")
    shutil.copy(trained / WEIGHTS, path)  # those it was trained with still fit
    assert open_bundle(path).has(WEIGHTS)


@pytest.mark.parametrize(("weights", "optional"), [("needed", False), ("optional", True)])
def test_a_model_ships_in_antiphon_with_weights_that_an_install_needs_or_may_leave_out(
    ship, trained, weights, optional
):
    path = ship(trained, "small", "--weights", weights)["antiphon"] / "small"
    assert open_bundle(path).has(WEIGHTS)
    (path / WEIGHTS).unlink()
    if optional:
        assert not open_bundle(path).has(WEIGHTS)
    else:
        with pytest.raises(ModelError, match="is missing"):
            open_bundle(path)


def test_nothing_ships_whose_licence_is_not_stated(ship, trained):
    change(trained, "data", {"sources": [{"name": "my music", "licence": "not stated"}]})
    with pytest.raises(SystemExit, match="the licence of my music is not stated"):
        ship(trained, "small", "--package", "mine")
    path = ship(trained, "small", "--package", "mine", "--licence", "CC-BY-4.0")["mine"] / "small"
    assert open_bundle(path).meta["licence"]["name"] == "CC-BY-4.0"
    assert "licence CC-BY-4.0" in (path / CARD).read_text()


def test_an_unknown_package_is_refused_with_those_that_are_known(ship, trained):
    with pytest.raises(SystemExit, match="unknown package 'mein'; did you mean 'mine'"):
        ship(trained, "small", "--package", "mein")
