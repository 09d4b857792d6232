"""Checkpoints: whatever Lightning hands over comes back, without pickle."""

import pytest
import torch

from antiphon.errors import FileError
from antiphon.training.checkpoint import SafeCheckpointIO, load_tensors

pytestmark = pytest.mark.torch
TREE = {
    "epoch": 3,
    "rate": 0.1,
    "name": "ein Stück",
    "none": None,
    "yes": True,
    "weights": {"a.b": torch.arange(6.0).reshape(2, 3), "a/b": torch.tensor(True), "empty": torch.empty(0, 4)},
    "by number": {0: {"step": torch.tensor(7)}, 1: {}},
    "tuple": (1, [2, (3.5,)], torch.ones(2, dtype=torch.bfloat16)),
    "looks like ours": {"tensor": "weights/a.b", "dict": [["k", "v"]]},
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "last.safetensors"


def same(a, b):
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def test_everything_comes_back(path):
    SafeCheckpointIO().save_checkpoint(TREE, path)
    assert same(TREE, SafeCheckpointIO().load_checkpoint(path))


def test_tensors_that_share_memory_come_back(path):
    table = torch.arange(12.0).reshape(3, 4)
    tree = {"whole": table, "again": table, "part": table[1], "turned": table.T}
    SafeCheckpointIO().save_checkpoint(tree, path)
    assert same({**tree, "turned": table.T.contiguous()}, SafeCheckpointIO().load_checkpoint(path))


def test_no_pickle_is_written(path):
    SafeCheckpointIO().save_checkpoint(TREE, path)
    written = path.read_bytes()
    assert not written.startswith((b"PK", b"\x80"))
    assert b"pickle" not in written
    assert set(load_tensors(path)) > {"/weights/a.b"}


def test_what_is_neither_tensor_nor_plain_is_refused(path):
    with pytest.raises(TypeError, match="cannot hold set at /a/b"):
        SafeCheckpointIO().save_checkpoint({"a": {"b": {1, 2}}}, path)
    assert not list(path.parent.iterdir())


def test_an_older_checkpoint_stays_until_the_new_one_is_whole(path):
    SafeCheckpointIO().save_checkpoint({"step": 1}, path)
    with pytest.raises(TypeError):
        SafeCheckpointIO().save_checkpoint({"step": object()}, path)
    assert SafeCheckpointIO().load_checkpoint(path) == {"step": 1}


def test_a_missing_checkpoint_is_said_so(path):
    with pytest.raises(FileError, match="there is no checkpoint"):
        SafeCheckpointIO().load_checkpoint(path)


def test_removing_is_no_error_when_there_is_none(path):
    SafeCheckpointIO().save_checkpoint({}, path)
    SafeCheckpointIO().remove_checkpoint(path)
    SafeCheckpointIO().remove_checkpoint(path)
    assert not path.exists()
