"""Routes that listen: how surprised a model is by music, and what it would play next."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.generate.options import checked, control
from antiphon.studio.requests import Candidates, Evaluation
from antiphon.studio.state import Here
from antiphon.studio.waiting import Wait, worked
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
    options = checked(asked.options, "the request")
    control(options, endless=True)
    arguments = {
        "model": str(studio.shelf.path(asked.model)),
        "music": await music_of(request, studio, asked.music),
        "count": asked.count,
        "options": options,
    }
    return await worked(request, studio, "candidates", "candidates", arguments, wait=wait)
