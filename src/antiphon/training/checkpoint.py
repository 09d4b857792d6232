"""Checkpoints without pickle: tensors as safetensors, everything else as JSON, renamed into place when whole.

Lightning hands over one nested dictionary; its tensors go into ``NAME.safetensors`` under their path and the rest, with
the paths of the tensors, into that file's metadata, so that a checkpoint is a single file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from antiphon.errors import FileError
from antiphon.files.paths import written

_LEAVES = (str, int, float, bool, type(None))


class SafeCheckpointIO(CheckpointIO):
    """Lightning's way to disk, through safetensors."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        tensors: dict[str, Tensor] = {}
        tree = _pack(checkpoint, "", tensors)
        with written(path) as temporary:
            save_tensors(tensors, temporary, {"tree": json.dumps(tree)})

    def load_checkpoint(self, path: str | Path, map_location: Any | None = None, **_: Any) -> dict[str, Any]:
        if not Path(path).is_file():
            raise FileError(f"there is no checkpoint {path}")
        with safe_open(path, framework="pt", device="cpu") as file:
            tree = json.loads(file.metadata()["tree"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        return _unpack(tree, tensors)

    def remove_checkpoint(self, path: str | Path) -> None:
        Path(path).unlink(missing_ok=True)


def _pack(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    """A JSON-able copy of ``value``; tensors are moved to ``tensors`` and leave their name."""
    if isinstance(value, Tensor):
        tensors[place] = value.detach().contiguous().clone()
        return {"tensor": place}
    if isinstance(value, dict):
        pairs = [[_pack(k, "", tensors), _pack(v, f"{place}/{k}", tensors)] for k, v in value.items()]
        return {"dict": pairs}
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_pack(v, f"{place}/{i}", tensors) for i, v in enumerate(value)]}
    if not isinstance(value, _LEAVES):
        raise TypeError(f"a checkpoint cannot hold {type(value).__name__} at {place}")
    return value


def _unpack(value: Any, tensors: dict[str, Tensor]) -> Any:
    """The inverse of :func:`_pack`."""
    if not isinstance(value, dict):
        return value
    kind, content = next(iter(value.items()))
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {_unpack(k, tensors): _unpack(v, tensors) for k, v in content}
    items = [_unpack(v, tensors) for v in content]
    return tuple(items) if kind == "tuple" else items


def save_tensors(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file; a full disk is an OSError here, as with any other file."""
    try:
        save_file(tensors, path, metadata=metadata)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def load_tensors(path: Path) -> dict[str, torch.Tensor]:
    """All tensors of a safetensors file, on the CPU."""
    with safe_open(path, framework="pt", device="cpu") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
