"""Training runs that the studio starts: each ``antiphon train`` in a process of its own, watched through its files.

A run's folder (``MODEL.run``, see :mod:`antiphon.training.run`) also holds ``studio.json``, what it was started with,
and ``studio.log``, what it said. So a run that was stopped, or whose studio went down, is found and resumed later.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from antiphon.engine.bundle import META, folders
from antiphon.errors import CorpusError, OptionError, unknown
from antiphon.files.paths import written
from antiphon.studio.options import StudioOptions

STARTED, LOG = "studio.json", "studio.log"
LAST_S = 20.0  # that a run may take to write its checkpoint when the studio goes down
TABLES = ("train.", "data.", "augment.", "model.", "codec.")  # of a recipe: start_from is a path
CURVE = 400  # points of a curve that are told at most
_NEEDED = ("torch", "lightning", "pyarrow", "onnx", "safetensors")
_STEPS = re.compile(r": ([\d,]+) steps; checkpoints and logs in ")


@dataclass(frozen=True)
class Started:
    """What a run was started with."""

    name: str
    recipe: str
    corpus: str
    set: Sequence[str]
    time: float  # seconds since 1970


class Runs:
    """The runs in the folder of a person's models; one at a time is under way."""

    def __init__(self, options: StudioOptions) -> None:
        self.folder = options.models or folders()[-1]
        self._corpora = options.corpora
        self._process: asyncio.subprocess.Process | None = None
        self._current = ""
        self._stopping = False

    @property
    def missing(self) -> str:
        """Why nothing can be trained here; empty where it can."""
        for package in _NEEDED:
            if find_spec(package) is None:
                return f"training needs {package}, which is not installed: pip install 'antiphon[train]'"
        return ""

    def corpora(self) -> dict[str, Path]:
        """The corpora that may be trained on, by name."""
        from antiphon.corpus.store import is_corpus

        if not self._corpora.is_dir():
            return {}
        return {path.name: path for path in sorted(self._corpora.iterdir()) if path.is_dir() and is_corpus(path)}

    def corpus(self, name: str) -> Path:
        """One of them. Raises CorpusError naming what there is."""
        known = self.corpora()
        if name not in known:
            raise CorpusError(unknown("corpus", name, known))
        return known[name]

    def names(self) -> list[str]:
        """All runs that a studio has started, the newest first."""
        found = sorted(self.folder.glob(f"*.run/{STARTED}"), key=lambda path: -path.stat().st_mtime)
        return [path.parent.name.removesuffix(".run") for path in found]

    async def start(self, name: str, recipe: str, corpus: str, changes: Sequence[str]) -> None:
        """Begin a run. Raises OptionError for what cannot be."""
        known = recipes()
        if recipe not in known:
            raise OptionError(unknown("recipe", recipe, known))
        self.corpus(corpus)
        if (self.folder / name).exists() or self.path(name).exists():
            raise OptionError(f"there is a model or a run {name!r} already; choose another name")
        _check(recipe, changes)
        self._check_free()
        self.path(name).mkdir(parents=True)
        started = Started(name, recipe, corpus, list(changes), time.time())
        with written(self.path(name) / STARTED) as path:
            path.write_text(json.dumps(asdict(started)), encoding="utf-8")
        await self._begin(started, ())

    async def resume(self, name: str) -> None:
        """Go on with a run that was stopped. Raises OptionError where it is not one."""
        if self.state(name) not in ("stopped", "failed"):
            raise OptionError(f"the run {name!r} is {self.state(name)}; only one that was stopped goes on")
        self._check_free()
        await self._begin(self.started(name), ("--resume",))

    def stop(self, name: str) -> None:
        """End a run after the step at hand; it writes a checkpoint. Nothing where it does not run."""
        if self.state(name) == "running" and self._process is not None:
            self._stopping = True
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    async def close(self) -> None:
        """Stop what is under way, with its checkpoint if that does not take too long."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.stop(self._current)
        try:
            async with asyncio.timeout(LAST_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def started(self, name: str) -> Started:
        """What a run was started with."""
        return Started(**json.loads((self.path(name) / STARTED).read_text(encoding="utf-8")))

    def state(self, name: str) -> str:
        """``running``, ``stopping``, ``stopped``, ``done`` or ``failed``."""
        process = self._process
        if name == self._current and process is not None:
            if process.returncode is None:
                return "stopping" if self._stopping else "running"
            if process.returncode == 1:
                return "failed"
        return "done" if (self.folder / name / META).is_file() else "stopped"

    def describe(self, name: str) -> dict[str, Any]:
        """Everything about one run, from its files."""
        started, folder = self.started(name), self.path(name)
        lines = _lines(folder / LOG)
        losses, validation = _curves(folder)
        step = int(max((point[0] for point in (*losses[-1:], *validation[-1:])), default=0))
        steps = next((int(found[1].replace(",", "")) for line in lines if (found := _STEPS.search(line))), 0)
        state = self.state(name)
        return {
            "name": name,
            "recipe": started.recipe,
            "corpus": started.corpus,
            "state": state,
            "step": step,
            "steps": steps,
            "left_s": _left_s(folder, step, steps) if state == "running" else None,
            "losses": _thinned(losses),
            "validation": _thinned(validation),
            "last_line": next((line for line in reversed(lines) if line.strip()), "")[:500],
            "model": name if state == "done" else None,
        }

    def path(self, name: str) -> Path:
        """The folder of a run."""
        return self.folder / f"{name}.run"

    def _check_free(self) -> None:
        if self.missing:
            raise OptionError(self.missing)
        if self._process is not None and self._process.returncode is None:
            raise OptionError(f"the run {self._current!r} is under way; stop it first: one at a time")

    async def _begin(self, started: Started, more: Sequence[str]) -> None:
        log = self.path(started.name) / LOG
        changes = [word for change in started.set for word in ("--set", change)]
        command = (
            sys.executable, "-P", "-m", "antiphon", "train", started.recipe, "--corpus",
            str(self.corpus(started.corpus)), "-o", str(self.folder / started.name), *changes, *more,
        )  # fmt: skip
        with log.open("ab") as file:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file,
                env={**os.environ, "COLUMNS": "200"}, start_new_session=True,
            )  # fmt: skip
        self._current, self._stopping = started.name, False


def recipes() -> dict[str, Path]:
    """The recipes that come along."""
    from antiphon.training.recipe import shipped

    return shipped()


def _check(recipe: str, changes: Sequence[str]) -> None:
    """Raise OptionError or RecipeError for changes that a recipe does not take, before anything is begun."""
    from antiphon.training.recipe import load_recipe

    for change in changes:
        if not change.startswith(TABLES):
            raise OptionError(f"{change[:60]!r} may not be set from here; keys begin with {', '.join(TABLES)}")
    load_recipe(recipe, changes)


def _lines(path: Path) -> list[str]:
    """What a run said, the last of it."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - 65536, 0))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []


def _curves(folder: Path) -> tuple[list[list[float]], list[list[float]]]:
    """[step, nats] of the training loss and of the validation, of all parts of a run that was resumed."""
    losses: dict[int, float] = {}
    validation: dict[int, float] = {}
    versions = sorted(
        (folder / "logs").glob("version_*/metrics.csv"), key=lambda p: int(p.parent.name.rpartition("_")[2])
    )
    for path in versions:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for column, curve in (("loss", losses), ("validation", validation)):
                    with suppress(TypeError, ValueError, KeyError):  # an empty cell, or a row that is being written
                        curve[int(row["step"])] = float(row[column])
    return [[step, nats] for step, nats in sorted(losses.items())], [[s, n] for s, n in sorted(validation.items())]


def _left_s(folder: Path, step: int, steps: int) -> float | None:
    """By the pace of this part of the run; None before there is one."""
    files = sorted((folder / "logs").glob("version_*/metrics.csv"), key=lambda path: path.stat().st_mtime)
    if not files:
        return None
    with files[-1].open(encoding="utf-8", newline="") as file:
        first = next((int(row["step"]) for row in csv.DictReader(file) if (row.get("step") or "").isdigit()), None)
    began_s, latest_s = files[-1].parent.stat().st_ctime, files[-1].stat().st_mtime
    if first is None or step <= first:
        return None
    return round((latest_s - began_s) / (step - first) * (steps - step), 1)


def _thinned(curve: list[list[float]]) -> list[list[float]]:
    """At most CURVE points, the last among them."""
    every = -(-len(curve) // CURVE) or 1
    return curve[::-1][::every][::-1]
