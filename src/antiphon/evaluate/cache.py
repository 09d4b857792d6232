"""What has been measured already, by the hash of all that it depends on: a run that was stopped goes on from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.files.paths import written

VERSION = 1  # of the numbers: raised when a measure or a distance changes its meaning


class Cache:
    """A folder of JSON and array files named by hashes. With ``fresh`` nothing old is believed."""

    def __init__(self, folder: Path, fresh: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._fresh = folder, fresh
        self._made: set[Path] = set()

    def json(self, key: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """The JSON value that belongs to a key, made if it is not there."""
        path = self.path(key, ".json")
        if self._known(path):
            return json.loads(path.read_text(encoding="utf-8"))
        value = json.loads(json.dumps(make(), default=_plain))  # as it will be read again
        with written(path) as temporary:
            temporary.write_text(json.dumps(value), encoding="utf-8")
        self._made.add(path)
        return value

    def arrays(self, key: Mapping[str, Any], make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The arrays that belong to a key, made if they are not there."""
        path = self.path(key, ".npz")
        if not self._known(path):
            with written(path) as temporary:
                np.savez(temporary, **dict(make()))  # type: ignore[arg-type]  # NumPy's stub takes a name for allow_pickle
            self._made.add(path)
        with np.load(path) as found:
            return dict(found)

    def file(self, key: Mapping[str, Any], suffix: str, make: Callable[[Path], None]) -> bytes:
        """The bytes of a file that belongs to a key, written to a temporary path by ``make`` if it is not there."""
        path = self.path(key, suffix)
        if not self._known(path):
            with written(path) as temporary:
                make(temporary)
            self._made.add(path)
        return path.read_bytes()

    def has(self, key: Mapping[str, Any]) -> bool:
        """Whether a key's JSON is there and believed."""
        return self._known(self.path(key, ".json"))

    def forget(self, key: Mapping[str, Any]) -> None:
        """Remove what is no longer needed, because something made of it is kept."""
        for suffix in (".json", ".npz"):
            self.path(key, suffix).unlink(missing_ok=True)

    def path(self, key: Mapping[str, Any], suffix: str) -> Path:
        """Where what belongs to a key is kept."""
        whole = json.dumps({"version": VERSION, **key}, sort_keys=True)
        return self.folder / f"{hashlib.sha256(whole.encode()).hexdigest()[:32]}{suffix}"

    def _known(self, path: Path) -> bool:
        return path.exists() and (not self._fresh or path in self._made)


def _plain(value: Any) -> Any:
    """What JSON has no word for: NumPy's numbers and arrays."""
    return value.tolist()
