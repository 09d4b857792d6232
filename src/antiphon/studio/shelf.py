"""The models that the studio may play, by name: nobody reaches any other folder through a name."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from antiphon.conditions import NAMES
from antiphon.engine import Bundle, Engine, open_bundle
from antiphon.engine.bundle import CARD, available, read_meta
from antiphon.errors import ModelError, unknown

OPEN = 3  # models kept open for live playing


class Shelf:
    """Looks models up; those of the user's folder may come and go while the server runs."""

    def __init__(self, default: str) -> None:
        """``default`` is a name, or the path of a folder, which is then on the shelf under its own name."""
        self._own: dict[str, Path] = {}
        if default not in available() and Path(default).is_dir():
            bundle = open_bundle(default)
            self._own[bundle.name] = bundle.path
            default = bundle.name
        self.default = default
        self.path(default)
        self._lock = threading.Lock()
        self._engine = lru_cache(OPEN)(_open)

    @property
    def names(self) -> list[str]:
        """All that are here."""
        return sorted({**available(), **self._own})

    def path(self, name: str | None) -> Path:
        """The folder of a model, by default that of the default. Raises ModelError naming what there is."""
        models = {**available(), **self._own}
        name = self.default if name is None else name
        if name not in models:
            raise ModelError(unknown("model", name, models))
        return models[name]

    def engine(self, name: str) -> Engine:
        """An open model, shared by all who play it; for any thread."""
        path = self.path(name)
        changed = (path / "meta.json").stat().st_mtime_ns  # one that was trained again is opened again
        with self._lock:
            return self._engine(path, changed)

    def rows(self) -> list[dict[str, Any]]:
        """What a list of models shows."""
        rows = []
        for name in self.names:
            meta = read_meta(self.path(name))
            rows.append(_row(name, meta))
        return rows

    def about(self, name: str) -> dict[str, Any]:
        """Everything about one model."""
        path = self.path(name)
        meta = read_meta(path)
        more = {key: meta[key] for key in ("data", "measured", "config", "codec", "recipe")}
        return {**_row(name, meta), "card": (path / CARD).read_text(encoding="utf-8"), **more}

    def bundle(self, name: str) -> Bundle:
        """The checked bundle of a name."""
        return open_bundle(self.path(name))


def _open(path: Path, changed: int) -> Engine:
    from antiphon.engine import open_engine

    return open_engine(path)


def _row(name: str, meta: dict[str, Any]) -> dict[str, Any]:
    nats = meta["measured"].get("validation", {}).get("nats_per_note")
    return {
        "name": name,
        "family": meta["family"],
        "parameters": meta["parameters"],
        "bytes": sum(file["bytes"] for file in meta["files"].values()),
        "licence": meta["licence"]["name"],
        "nats_per_note": None if nats is None else round(nats, 3),
        "programs": bool(meta["codec"].get("programs")),
        "asks": list(NAMES) if meta["config"].get("conditions") else [],
        "composers": list(meta["config"].get("composers", ())),
    }
