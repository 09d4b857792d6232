"""Models that other installed packages bring: found by an entry point, and broken packages cost a line."""

import shutil
import subprocess
import sys

import pytest

from antiphon import DEFAULT_MODEL
from antiphon.engine import bundle as bundles
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.bundle import META, available, find, folders, packaged, playing
from antiphon.engine.packages import GROUP, Package, packages
from antiphon.errors import ModelError
from antiphon.generate.stream import stream

pytestmark = pytest.mark.torch


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package, as pip would leave it: its folder, and what it says of itself."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def installed(name, value, models=(), entry_points=None, metadata=None):
        folder = site.joinpath(*value.split("."))
        folder.mkdir(parents=True)
        folder.joinpath("__init__.py").write_text("raise RuntimeError('nobody should import this')\n")
        for model, source in models:
            shutil.copytree(source, folder / model)
        about = site / f"{name.replace('-', '_')}-1.0.dist-info"
        about.mkdir()
        about.joinpath("METADATA").write_text(metadata or f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n")
        about.joinpath("entry_points.txt").write_bytes(
            entry_points
            or f"[console_scripts]\nx = x:y\n\n[{GROUP}]\n# ours\nmine = {value}\n\n[other]\na = b\n".encode()
        )
        return folder

    return installed


def mine(problem_about):
    """The lines about what cannot be used that name something of the test."""
    return [line for line in packaged().problems if problem_about in line]


def test_a_model_of_a_package_opens_by_its_name_and_plays(install, bundle):
    folder = install("some-pianos", "some_pianos", [("upright", bundle)])
    assert find("upright") == folder / "upright"
    assert available()["upright"] == folder / "upright"
    assert packaged().owners[folder / "upright"] == "some-pianos"
    opened = open_bundle("upright")
    assert len(next(stream(open_engine(opened), (0,)))) == len(opened.codec.attributes)


def test_models_may_lie_deeper_in_the_package_and_nothing_of_it_is_imported(install, bundle):
    folder = install("some-pianos", "some_pianos.data.models", [("upright", bundle), ("grand", bundle)])
    assert Package("some-pianos", folder) in packages().found
    assert {"upright", "grand"} <= set(available())
    assert not [name for name in sys.modules if name.startswith("some_pianos")]


def test_the_users_own_and_paths_come_first_and_of_two_packages_the_first_by_name(install, bundle, tmp_path):
    second = install("b-models", "b_models", [("same", bundle), ("own", bundle), (DEFAULT_MODEL, bundle)])
    first = install("a-models", "a_models", [("same", bundle)])
    own = shutil.copytree(bundle, folders()[1] / "own")
    assert find("same") == first / "same"
    assert find(second / "same") == second / "same"
    assert find("own") == available()["own"] == own
    assert find(DEFAULT_MODEL) == available()[DEFAULT_MODEL] == folders()[0] / DEFAULT_MODEL
    assert {first / "same", second / "same", second / "own"} <= set(packaged().owners)


def test_what_only_plays_is_not_asked_for_what_does_not_go_from_note_to_note(install, bundle, tmp_path):
    folder = install("some-pianos", "some_pianos", [("upright", bundle), ("chords", bundle)])
    meta = folder / "chords" / META
    meta.write_text(meta.read_text().replace('"name": "notes"', '"name": "chords"'))
    assert "chords" in available()
    assert "upright" in playing()
    assert "chords" not in playing()


@pytest.mark.parametrize("value", ["not_there", "some_pianos.nowhere", "some_pianos:models", "..", "", "a b", "sys"])
def test_an_entry_point_that_names_no_folder_is_a_line(value, install, bundle):
    install("some-pianos", "some_pianos", [("upright", bundle)], f"[{GROUP}]\nx = {value}\n".encode())
    (line,) = mine("some-pianos")
    assert line == f"the package some-pianos should bring models in {value!r}, which is not there; install it again"
    assert "upright" not in available()


def test_a_package_without_models_is_a_line(install):
    folder = install("some-pianos", "some_pianos")
    assert mine("some-pianos") == [f"the package some-pianos has no models in {folder}; install it again"]


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_damaged_model_of_a_package_is_a_line_and_the_others_are_there(text, install, bundle):
    folder = install("some-pianos", "some_pianos", [("good", bundle), ("bad", bundle)])
    (folder / "bad" / META).write_text(text)
    (line,) = mine("some-pianos")
    assert line.startswith("a model of the package some-pianos is left out: ")
    assert "\n" not in line
    assert "good" in available()
    assert "bad" not in available()


@pytest.mark.parametrize("entry_points", [b"[console_scripts]\nno equals sign\n", b"\xff\xfe\x00", b"= = [\n[[["])
def test_odd_metadata_of_any_package_hurts_nobody(entry_points, install, bundle):
    install("odd", "odd", (), entry_points)
    install("some-pianos", "some_pianos", [("upright", bundle)])
    assert find("upright").name == "upright"
    assert not mine("odd ")


def test_of_two_packages_of_one_name_only_the_first_on_the_path_is_there(install, bundle, tmp_path, monkeypatch):
    install("some-pianos", "some_pianos", [("upright", bundle)])
    about = tmp_path / "before" / "some_pianos-2.0.dist-info"
    about.mkdir(parents=True)
    about.joinpath("METADATA").write_text("Name: Some_Pianos\nVersion: 2.0\n")
    assert "upright" in available()
    monkeypatch.syspath_prepend(about.parent)
    assert "upright" not in available()


def test_a_package_that_does_not_say_its_name_is_found_all_the_same(install, bundle):
    folder = install("some-pianos", "some_pianos", [("upright", bundle)], metadata="Version: 1.0\n")
    assert packaged().owners[folder / "upright"] == "without a name"


def test_a_name_that_is_nowhere_says_what_there_is_and_what_is_broken(install, bundle):
    install("some-pianos", "some_pianos", [("upright", bundle)])
    install("broken", "broken")
    with pytest.raises(ModelError) as error:
        find("uprigt")
    said = str(error.value)
    assert "did you mean 'upright'" in said
    assert "The package broken has no models in" in said
    assert "\n" not in said


def test_a_name_that_is_nowhere_says_how_to_get_the_families_unless_they_are_here(install, bundle, monkeypatch):
    monkeypatch.setattr(bundles, "packages", lambda: bundles.Packages((), ()))
    with pytest.raises(
        ModelError,
        match=r"More models come with antiphon-families: in a checkout of Antiphon, pip install \./packages/",
    ):
        find("gru")
    folder = install("antiphon-families", "antiphon_families_of_a_test", [("gru", bundle)])
    here = bundles.Packages((Package("antiphon-families", folder),), ())
    monkeypatch.setattr(bundles, "packages", lambda: here)
    with pytest.raises(ModelError) as error:
        find("gruu")
    assert "More models" not in str(error.value)


def test_packages_are_not_looked_for_where_the_name_is_nearer(monkeypatch, bundle):
    def looked():
        raise AssertionError("looked for packages")

    shutil.copytree(bundle, folders()[1] / "mine")
    monkeypatch.setattr(bundles, "packages", looked)
    assert find(DEFAULT_MODEL) == folders()[0] / DEFAULT_MODEL
    assert find("mine") == folders()[1] / "mine"
    assert find(bundle) == bundle
    with pytest.raises(AssertionError, match="looked for packages"):
        find("other")


def test_help_does_not_look_for_them():
    words = [sys.executable, "-X", "importtime", "-m", "antiphon", "--help"]
    imported = subprocess.run(words, check=True, capture_output=True, text=True).stderr
    assert "antiphon.cli.main" in imported
    assert "antiphon.engine" not in imported
    assert "importlib.metadata" not in imported
