"""The models that the studio may play, by name: nobody reaches any other folder through a name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from antiphon.chords import NAME as CHORDS
from antiphon.conditions import NAMES
from antiphon.engine import Bundle, Engine, open_bundle
from antiphon.engine.bundle import CARD, FILLER, available, folders, more, plays, read_meta, size
from antiphon.errors import ModelError, OptionError, unknown
from antiphon.generate.options import Value
from antiphon.generate.wishes import wished
from antiphon.live.settings import BOUNDS
from antiphon.rolls import NAME as FRAMES

OPEN = 3  # models kept open for live playing


class Skill(NamedTuple):
    """What not every model can."""

    can: str  # in words
    recipe: str  # of a model that can
    has: Callable[[Mapping[str, Any]], bool]  # whether the model of a ``meta.json`` can


PROPOSES = Skill("writes chords", "chord", lambda meta: _writes(meta) == "chords")
FILLS = Skill("fills in notes among others", "diffusion", lambda meta: FILLER in meta["files"])


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
        self._opened = lru_cache(OPEN)(_open)

    @property
    def names(self) -> list[str]:
        """All that are here."""
        return sorted({**available(), **self._own})

    def path(self, name: str | None) -> Path:
        """The folder of a model, by default that of the default. Raises ModelError naming what there is."""
        models = {**available(), **self._own}
        name = self.default if name is None else name
        if name not in models:
            raise ModelError(unknown("model", name, models) + more())
        return models[name]

    def skilled(self, name: str | None, skill: Skill) -> Path:
        """The folder of a model that has a skill: the one of that name, by default the first there is.

        Raises OptionError for a model without it, ModelError for an unknown name or where no model has it.
        """
        asked = None if name is None else self.path(name)
        able = {one: self.path(one) for one in self.names if skill.has(read_meta(self.path(one)))}
        if able:
            how = f"models that can: {', '.join(able)}"
        else:
            folder = folders()[-1] / skill.recipe
            how = f"train one: antiphon train {skill.recipe} --corpus CORPUS -o {folder}, or on the page.{more()}"
        if asked is not None and name not in able:
            raise OptionError(f"the model {name} is none that {skill.can}; {how}")
        if not able:
            raise ModelError(f"there is no model here yet that {skill.can}; {how}")
        return asked or able.get(self.default) or next(iter(able.values()))

    def engine(self, name: str, wishes: Mapping[str, Value] = {}) -> Engine:
        """An open model to play with, shared by all who do, told what somebody wishes for; for any thread.

        Raises OptionError where it cannot be asked for that.
        """
        path = self.path(name)
        changed = (path / "meta.json").stat().st_mtime_ns  # one that was trained again is opened again
        with self._lock:
            bundle, engine = self._opened(path, changed)
        return wished(engine, bundle, wishes, BOUNDS)

    def rows(self) -> list[dict[str, Any]]:
        """What a list of models shows."""
        return [_row(name, self.path(name)) for name in self.names]

    def about(self, name: str) -> dict[str, Any]:
        """Everything about one model."""
        path = self.path(name)
        meta = read_meta(path)
        rest = {key: meta[key] for key in ("data", "measured", "config", "codec", "recipe")}
        return {**_row(name, path), "card": (path / CARD).read_text(encoding="utf-8"), **rest}

    def bundle(self, name: str) -> Bundle:
        """The checked bundle of a name."""
        return open_bundle(self.path(name))


def _open(path: Path, changed: int) -> tuple[Bundle, Engine]:
    from antiphon.engine import open_engine

    bundle = open_bundle(path)
    return bundle, open_engine(bundle)


def _writes(meta: Mapping[str, Any]) -> str:
    """What the rows of a model are."""
    return {CHORDS: "chords", FRAMES: "frames"}.get(meta["codec"].get("name"), "notes")


def _row(name: str, path: Path) -> dict[str, Any]:
    meta = read_meta(path)
    nats = meta["measured"].get("validation", {}).get("nats_per_note")
    return {
        "name": name,
        "family": meta["family"],
        "parameters": meta["parameters"],
        "bytes": size(path, meta),
        "licence": meta["licence"]["name"],
        "nats_per_note": None if nats is None else round(nats, 3),
        "writes": _writes(meta),
        "fills": FILLS.has(meta),
        "live": plays(meta),
        "programs": bool(meta["codec"].get("programs")),
        "asks": list(NAMES) if meta["config"].get("conditions") else [],
        "composers": list(meta["config"].get("composers", ())),
    }
