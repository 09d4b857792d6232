"""Who takes part: models by name or path, and folders of files."""

import json
import shutil

import pytest

from antiphon.engine.bundle import DRAWER, ENCODER, FILLER, META, WEIGHTS
from antiphon.errors import ModelError
from antiphon.evaluate.contestants import NOT_WHOLE, WITHOUT_LIKELIHOOD, Kind, open_contestants

pytestmark = pytest.mark.torch


@pytest.fixture
def midi(tmp_path, data):
    """A folder with two files of music and one of none."""
    folder = tmp_path / "theirs"
    (folder / "more").mkdir(parents=True)
    first, second = sorted(data.glob("cc0-*.mid"))[:2]
    shutil.copy(first, folder)
    shutil.copy(second, folder / "more")
    (folder / "readme.txt").write_text("ours")
    return folder


def test_models_and_folders(bundle, midi):
    model, folder = open_contestants([str(bundle), str(midi)])
    assert (model.name, folder.name) == ("tiny", "theirs")
    assert model.facts()["kind"] == "model"
    assert model.facts()["family"] == "lstm"
    assert model.card() == "A card.\n"
    assert folder.facts() == {"kind": "folder", "given": str(midi), "files": 2, "hash": folder.hash}
    assert folder.card() == ""
    assert (model.predicts, folder.predicts, folder.whole) == (True, False, True)


def test_bytes_are_those_on_disk(bundle, tmp_path):
    """Of a model that only plays, not those of the weights that were left out."""
    path = tmp_path / "plays"
    shutil.copytree(bundle, path)
    meta = json.loads((path / META).read_text())
    meta["files"][WEIGHTS]["may_be_left_out"] = True
    (path / META).write_text(json.dumps(meta))
    (path / WEIGHTS).unlink()
    (model,) = open_contestants([str(path)])
    assert model.facts()["bytes"] == sum(file.stat().st_size for file in path.iterdir() if file.name != META)


def test_a_folder_s_hash_is_that_of_its_music(midi):
    (before,) = open_contestants([str(midi)])
    (midi / "readme.txt").write_text("changed")
    (same,) = open_contestants([str(midi)])
    file = next(midi.glob("*.mid"))
    file.rename(file.with_stem("renamed"))
    (renamed,) = open_contestants([str(midi)])
    assert before.hash == same.hash != renamed.hash


def test_two_of_one_name_are_told_apart_by_their_paths(tmp_path, midi):
    other = tmp_path / "b" / "theirs"
    shutil.copytree(midi, other)
    assert [one.name for one in open_contestants([str(midi), str(other)])] == ["theirs", str(other)]


def test_the_same_one_twice(midi):
    with pytest.raises(ModelError, match="is named twice"):
        open_contestants([str(midi), f"{midi}/more/.."])


@pytest.mark.parametrize("name", ["nobody", "empty"])
def test_what_is_neither(name, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="A folder of MIDI files works too"):
        open_contestants([name])


@pytest.mark.parametrize(
    ("file", "kind", "whole", "predicts", "otherwise"),
    [
        ("", Kind.NOTES, True, True, False),
        (ENCODER, Kind.ANSWERS, False, False, True),
        (FILLER, Kind.FILLING, True, True, False),
        (DRAWER, Kind.PHRASES, True, False, False),
    ],
)
def test_its_files_say_what_it_is(file, kind, whole, predicts, otherwise, bundle):
    (model,) = open_contestants([str(bundle)])
    model.bundle.meta["files"] |= {file: {"bytes": 1}} if file else {}
    assert model.kind == kind
    assert (model.whole, model.predicts, model.otherwise) == (whole, predicts, otherwise)
    facts = model.facts()
    assert facts.get("no_likelihood") == WITHOUT_LIKELIHOOD.get(kind)
    assert facts.get("refused") == (None if whole else NOT_WHOLE)
    assert ("measured" in facts) == (not predicts)
