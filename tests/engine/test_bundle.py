"""A bundle is checked when it is opened: whatever is not as it was written is refused, in one line."""

import hashlib
import json
import os
import pickle
import shutil

import pytest

from antiphon.charts.drawing import Text
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.bundle import (
    CARD,
    ENGINE,
    FILES,
    HEADS,
    META,
    WEIGHTS,
    available,
    folders,
    read_meta,
    write_bundle,
)  # fmt: skip
from antiphon.engine.torch_engine import load_model
from antiphon.errors import FileError, ModelError
from antiphon.evaluate.report.architecture import architecture
from antiphon.generate.stream import stream

pytestmark = pytest.mark.torch


@pytest.fixture
def copy(bundle, tmp_path):
    """A bundle to be damaged."""
    return shutil.copytree(bundle, tmp_path / "copy")


def change(path, **keys):
    """Other values in meta.json; None takes a key out."""
    meta = json.loads((path / META).read_text()) | keys
    (path / META).write_text(json.dumps({key: value for key, value in meta.items() if value is not None}))


def replace(path, file, content):
    """Another content of a file, with the size and hash that belong to it."""
    (path / file).write_bytes(content)
    files = json.loads((path / META).read_text())["files"]
    files[file] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    change(path, files=files)


def refused(path, match):
    with pytest.raises(ModelError, match=match) as error:
        open_engine(path)
    assert "\n" not in str(error.value)


def test_a_bundle_opens_by_its_path(bundle):
    opened = open_bundle(bundle)
    assert opened.name == "tiny"
    assert opened.meta["family"] == "lstm"
    assert opened.read(CARD) == b"A card.\n"
    assert {path.name for path in bundle.iterdir()} == {META, *FILES}


def test_a_bundle_opens_by_its_name_among_the_users_own(bundle):
    own = folders()[1]
    shutil.copytree(bundle, own / "mine")
    assert available()["mine"] == own / "mine"
    assert open_bundle("mine").path == own / "mine"


def test_a_moved_bundle_still_opens(copy, tmp_path):
    assert open_bundle(copy.rename(tmp_path / "moved")).name == "tiny"


@pytest.mark.parametrize("file", FILES)
def test_a_changed_byte_is_refused(file, copy):
    content = bytearray((copy / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / file).write_bytes(content)
    refused(copy, f"{file} was changed: its SHA-256")


@pytest.mark.parametrize("file", FILES)
def test_a_truncated_file_is_refused(file, copy):
    os.truncate(copy / file, 5)
    refused(copy, f"{file} has 5 bytes instead of")


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_refused(file, copy):
    (copy / file).unlink()
    refused(copy, f"{file} is missing")


def test_weights_that_may_be_left_out_are_missed_only_by_training(copy):
    files = json.loads((copy / META).read_text())["files"]
    files[WEIGHTS]["may_be_left_out"] = True
    change(copy, files=files)
    (copy / WEIGHTS).write_bytes(b"other weights")
    refused(copy, f"{WEIGHTS} has 13 bytes instead of")
    (copy / WEIGHTS).unlink()
    bundle = open_bundle(copy)
    assert len(next(stream(open_engine(bundle), (0,)))) == len(bundle.codec.attributes)
    words = [shape.text for shape in architecture(bundle).shapes if isinstance(shape, Text)]
    assert {"tiny", "a note heard"} <= set(words)
    with pytest.raises(ModelError, match="is installed to play"):
        load_model(bundle)


@pytest.mark.parametrize("file", FILES)
def test_a_link_is_refused(file, copy, bundle):
    (copy / file).unlink()
    (copy / file).symlink_to(bundle / file)
    refused(copy, f"{file} is missing")


def test_a_folder_of_something_else_is_refused(tmp_path):
    refused(tmp_path, "is not a model: it has no meta.json")


def test_an_unknown_name_suggests_the_nearest(bundle):
    shutil.copytree(bundle, folders()[1] / "my-piano")
    refused("my-pano", r"unknown model 'my-pano'; did you mean 'my-piano'\?.*The path of a model's folder works too")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "meta.json is damaged"),
        (b"", "meta.json is damaged"),
        (b"\xff\xfe", "meta.json is damaged"),
        (b"[]", "has format None; this version of Antiphon knows format 1"),
        (b"3", "has format None"),
        (b"{}", "has format None"),
        (b"[" * 100_000, "meta.json is damaged"),
    ],
    ids=["half", "empty", "no-text", "list", "number", "nothing-in-it", "deep"],
)
def test_what_is_no_meta_is_refused(text, message, copy):
    (copy / META).write_bytes(text)
    refused(copy, message)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"format": 2}, "has format 2; this version of Antiphon knows format 1"),
        ({"format": "1"}, "has format '1'"),
        ({"extra": 1}, "has a key this version does not know: 'extra'"),
        ({"family": None}, "'family' should be of type str"),
        ({"config": []}, "'config' should be of type dict"),
        ({"licence": {}}, "it names no licence"),
        ({"codec": {"name": "notes"}}, "the model's codec is"),
        ({"files": {}}, "lists the files"),
        ({"files": {name: {} for name in (*FILES[:-1], "../other")}}, "lists the files"),
        ({"files": {name: {} for name in FILES}}, "bytes instead of None"),
        ({"files": dict.fromkeys(FILES, 3)}, "meta.json is damaged"),
        ({"state": []}, "do not agree about the state"),
        ({"state": [3]}, "its state cannot be read"),
        ({"state": [{"shape": ["B", 10**12], "dtype": "float32", "fill": 0.0}] * 4}, "do not agree about the state"),
        ({"state": [{"shape": ["B", 16], "dtype": "no such", "fill": 0.0}] * 4}, "its state cannot be read"),
        ({"state": [{"shape": ["B", 16], "dtype": "float32", "fill": [0.0, 1.0]}] * 4}, "its state cannot be read"),
    ],
)
def test_a_meta_that_says_something_else_is_refused(keys, message, copy):
    change(copy, **keys)
    refused(copy, message)


@pytest.mark.parametrize("file", [ENGINE, HEADS])
@pytest.mark.parametrize("content", [b"", b"no graph at all", bytes(1000), pickle.dumps({"a": 1})])
def test_garbage_with_the_right_hash_is_refused(file, content, copy):
    replace(copy, file, content)
    refused(copy, f"{file} cannot be run")


def test_the_wrong_graph_with_the_right_hash_is_refused(copy):
    replace(copy, ENGINE, (copy / HEADS).read_bytes())
    refused(copy, "do not agree about the state")


def test_a_bundle_is_written_whole_or_not_at_all(copy, tmp_path):
    def fails(folder):
        (folder / CARD).write_text("half")
        raise KeyboardInterrupt

    for target in (tmp_path / "new", copy):
        with pytest.raises(KeyboardInterrupt):
            write_bundle(target, {}, fails)
    assert open_bundle(copy).name == "tiny"
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_bundle_replaces_an_older_one(copy, bundle):
    meta = {key: value for key, value in read_meta(bundle).items() if key not in ("format", "name", "files")}
    new = {**meta, "measured": {"x": 1}}
    write_bundle(copy, new, lambda folder: [shutil.copy(bundle / name, folder) for name in FILES])
    assert open_bundle(copy).meta["measured"] == {"x": 1}
    assert open_bundle(copy).name == "copy"


def test_a_missing_folder_is_said_so(tmp_path):
    with pytest.raises(FileError, match="make it first"):
        write_bundle(tmp_path / "none" / "model", {}, lambda folder: None)
