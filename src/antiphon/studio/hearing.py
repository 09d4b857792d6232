"""Routes that listen: how surprised a model is by music, and what it would play next."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.generate.options import control
from antiphon.studio.requests import Candidates, Copies, Evaluation, Histograms
from antiphon.studio.state import Here
from antiphon.studio.waiting import Wait, worked
from antiphon.studio.wanted import given
from antiphon.studio.writing import music_of

router = APIRouter(tags=["listening"])
_JSON: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}}},
    202: {"description": "a job, with `wait=false`"},
}


@router.post("/evaluate", summary="How surprised a model is by each note", responses=_JSON)
async def evaluate(request: Request, asked: Evaluation, studio: Here, wait: Wait = True) -> Response:
    """Nats a note by attribute, and measures of the piece."""
    arguments = {
        "model": str(studio.shelf.path(asked.model)),
        "music": await music_of(request, studio, asked.music),
    }
    return await worked(request, studio, "evaluate", "evaluate", arguments, wait=wait)


@router.post("/candidates", summary="What a model would play next", responses=_JSON)
async def candidates(request: Request, asked: Candidates, studio: Here, wait: Wait = True) -> Response:
    """The likeliest pitches, with their probabilities; of the options, the temperature counts."""
    options = given(asked.options)
    control(options, endless=True)
    arguments = {
        "model": str(studio.shelf.path(asked.model)),
        "music": await music_of(request, studio, asked.music),
        "count": asked.count,
        "options": options,
    }
    return await worked(request, studio, "candidates", "candidates", arguments, wait=wait)


@router.post("/histograms", summary="Histograms of music and of a corpus", responses=_JSON)
async def histograms(request: Request, asked: Histograms, studio: Here, wait: Wait = True) -> Response:
    """Per cent of the notes in each column, for pitch, step, duration and velocity."""
    corpus = None if asked.corpus is None else str(studio.runs.corpus(asked.corpus))
    arguments = {"corpus": corpus, "music": await music_of(request, studio, asked.music)}
    return await worked(request, studio, "histograms", "histograms", arguments, wait=wait)


@router.post("/copies", summary="Whether music stands in a corpus already", responses=_JSON)
async def copies(request: Request, asked: Copies, studio: Here, wait: Wait = True) -> Response:
    """The longest run of notes that its training pieces have too; the first question indexes them, for a minute."""
    arguments = {
        "corpus": str(studio.runs.corpus(asked.corpus)),
        "music": await music_of(request, studio, asked.music),
    }
    return await worked(request, studio, "copies", "copies", arguments, wait=wait)
