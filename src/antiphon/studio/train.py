"""Routes that train: corpora and recipes, runs, their losses, stopping and resuming."""

from __future__ import annotations

import secrets
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.errors import OptionError, unknown
from antiphon.studio.errors import UnknownError
from antiphon.studio.processes import TaskError
from antiphon.studio.requests import Sample, Training
from antiphon.studio.runs import Runs, recipes
from antiphon.studio.state import Here
from antiphon.studio.waiting import Wait, worked

router = APIRouter(tags=["training"])


@router.get("/train", summary="What can be trained, and what was")
async def train(studio: Here) -> dict[str, Any]:
    """Corpora, recipes and runs; ``why`` says what is missing where nothing can be trained."""
    found: dict[str, Any] = await studio.run(_there, studio.runs)
    return found


@router.post("/train", status_code=201, summary="Begin a run")
async def begin(asked: Training, studio: Here) -> dict[str, Any]:
    """In a process of its own; the model it makes is then among the models."""
    await studio.runs.start(asked.name, asked.recipe, asked.corpus, asked.set)
    return await _described(asked.name, studio)


@router.get("/train/{name}", summary="How far a run is")
async def run(name: str, studio: Here) -> dict[str, Any]:
    """Its losses, validations, and the time that is left."""
    return await _described(name, studio)


@router.post("/train/{name}/stop", summary="Stop a run, with a checkpoint")
async def stop(name: str, studio: Here) -> dict[str, Any]:
    """It ends after the step at hand."""
    _check(name, studio.runs)
    studio.runs.stop(name)
    return await _described(name, studio)


@router.post("/train/{name}/resume", summary="Go on with a run")
async def resume(name: str, studio: Here) -> dict[str, Any]:
    """From its checkpoint."""
    _check(name, studio.runs)
    try:
        await studio.runs.resume(name)
    except OptionError as error:
        raise TaskError("state", str(error)) from error
    return await _described(name, studio)


@router.post(
    "/train/{name}/sample",
    summary="Hear a run",
    responses={200: {"content": {"application/json": {}}}, 202: {"description": "a job, with `wait=false`"}},
)
async def sample(request: Request, name: str, asked: Sample, studio: Here, wait: Wait = True) -> Response:
    """A few seconds by the best weights so far: `{"seed", "music"}`; opening them takes some seconds."""
    _check(name, studio.runs)
    started = studio.runs.started(name)
    arguments = {
        "run": str(studio.runs.path(name)),
        "corpus": str(studio.runs.corpus(started.corpus)),
        "seconds": asked.seconds,
        "seed": secrets.randbits(32) if asked.seed is None else asked.seed,
    }
    return await worked(request, studio, "sample", "sample", arguments, wait=wait)


async def _described(name: str, studio: Here) -> dict[str, Any]:
    _check(name, studio.runs)
    found: dict[str, Any] = await studio.run(studio.runs.describe, name)
    return found


def _check(name: str, runs: Runs) -> None:
    known = runs.names()
    if name not in known:
        raise UnknownError(unknown("run", name[:40], known))


def _there(runs: Runs) -> dict[str, Any]:
    """Read from disk; opening a corpus reads its manifest only."""
    corpora: list[dict[str, Any]] = []
    known: list[dict[str, Any]] = []
    if not runs.missing:
        from antiphon.corpus.store import open_corpus
        from antiphon.training.recipe import load_recipe

        for name, path in runs.corpora().items():
            about = open_corpus(path).summary()
            totals: dict[str, Any] = {key: about[key] for key in ("pieces", "notes") if key in about}
            corpora.append({"name": name, **totals, "licence": about["licence"]})
        for name in sorted(recipes()):
            recipe = load_recipe(name)
            known.append({"name": name, "about": recipe.about, "family": recipe.family})
    rows = [runs.describe(name) for name in runs.names()]
    return {"available": not runs.missing, "why": runs.missing, "corpora": corpora, "recipes": known, "runs": rows}
