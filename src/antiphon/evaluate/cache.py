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

Arrays = Mapping[str, np.ndarray]
Keep = Callable[[int, Callable[[], Arrays]], Arrays]  # the arrays of a part, made if they are not there


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

    def in_parts(self, key: Mapping[str, Any], make: Callable[[Keep], Any], as_arrays: bool = False) -> Any:
        """As :meth:`json` or :meth:`arrays`, of long work: parts that it asks its Keep for stay until the whole is."""
        parts = []

        def keep(number: int, part: Callable[[], Arrays]) -> Arrays:
            parts.append({**key, "part": number})
            return self.arrays(parts[-1], part)

        value = (self.arrays if as_arrays else self.json)(key, lambda: make(keep))
        for part in parts:
            self.path(part, ".npz").unlink(missing_ok=True)  # two comparisons at once may have had the same work
        return value

    def arrays(self, key: Mapping[str, Any], make: Callable[[], Arrays]) -> dict[str, np.ndarray]:
        """The arrays that belong to a key, made if they are not there."""
        path = self.path(key, ".npz")
        if not self._known(path):
            with written(path) as temporary:
                np.savez(temporary, **dict(make()))  # type: ignore[arg-type]  # NumPy's stub takes a name for allow_pickle
            self._made.add(path)
        try:
            with np.load(path) as found:
                return dict(found)
        except FileNotFoundError:  # a part that another comparison has just come to the end with
            return {name: np.asarray(array) for name, array in make().items()}

    def file(self, key: Mapping[str, Any], suffix: str, make: Callable[[Path], None]) -> bytes:
        """The bytes of a file that belongs to a key, written to a temporary path by ``make`` if it is not there."""
        path = self.path(key, suffix)
        if not self._known(path):
            with written(path) as temporary:
                make(temporary)
            self._made.add(path)
        return path.read_bytes()

    def path(self, key: Mapping[str, Any], suffix: str) -> Path:
        """Where what belongs to a key is kept."""
        whole = json.dumps({"version": VERSION, **key}, sort_keys=True)
        return self.folder / f"{hashlib.sha256(whole.encode()).hexdigest()[:32]}{suffix}"

    def _known(self, path: Path) -> bool:
        return path.exists() and (not self._fresh or path in self._made)


def keep_nothing(number: int, part: Callable[[], Arrays]) -> Arrays:
    """The Keep of work whose parts need not be kept."""
    return part()


def _plain(value: Any) -> Any:
    """What JSON has no word for: NumPy's numbers and arrays."""
    return value.tolist()
