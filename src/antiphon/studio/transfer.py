"""Routes of files: a file of music in, and music out in any form, on pages of notation too."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from antiphon.instruments import program
from antiphon.studio.forms import MEDIA, SOUND
from antiphon.studio.requests import Engraving, Export, Rendering
from antiphon.studio.state import Here
from antiphon.studio.waiting import Wait, worked
from antiphon.studio.writing import accepted, music_of, read

router = APIRouter(tags=["files"])
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "a MIDI, MusicXML or ABC file as it is",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_SOUND: dict[int | str, dict[str, Any]] = {
    200: {"description": "sound", "content": {MEDIA[form]: {} for form in SOUND}},
    202: {"description": "a job, with `wait=false`"},
}
_ANY: dict[int | str, dict[str, Any]] = {
    200: {"description": "the file", "content": {media: {} for media in sorted(set(MEDIA.values()))}},
    202: {"description": "a job, with `wait=false`"},
}


@router.post("/read", summary="The music in a file", openapi_extra=_UPLOAD)
async def read_file(request: Request, studio: Here) -> JSONResponse:
    """The body is the file as it is, of any content type."""
    return JSONResponse(await read(request, studio, await request.body()))


@router.post("/render", summary="Music as sound", responses=_SOUND)
async def render(request: Request, asked: Rendering, studio: Here, wait: Wait = True) -> Response:
    """``Accept`` chooses the form: WAV, FLAC, Ogg Vorbis or MP3."""
    if asked.instrument is not None:
        program(asked.instrument)
    arguments = {
        "music": await music_of(request, studio, asked.music),
        "as": accepted(request, SOUND),
        "instrument": asked.instrument,
        "rate": asked.rate,
    }
    return await worked(request, studio, "render", "export", arguments, wait=wait)


@router.post(
    "/score",
    summary="Music as notation",
    responses={200: {"content": {"application/json": {}}}, 202: {"description": "a job, with `wait=false`"}},
)
async def score(request: Request, asked: Engraving, studio: Here, wait: Wait = True) -> Response:
    """One page of it as SVG: `{"page", "pages", "svg"}`; times are put on a grid of 32nds and triplets."""
    arguments = {"music": await music_of(request, studio, asked.music), "page": asked.page, "width": asked.width}
    return await worked(request, studio, "score", "engrave", arguments, wait=wait)


@router.post("/export", summary="Music as a file to keep", responses=_ANY)
async def export(request: Request, asked: Export, studio: Here, wait: Wait = True) -> Response:
    """A download of the format and name that are asked for."""
    arguments = {"music": await music_of(request, studio, asked.music), "as": asked.format}
    name = re.sub(r"[^A-Za-z0-9 _.-]+", "-", asked.name).strip(" .-") or "antiphon"
    headers = {"content-disposition": f'attachment; filename="{name}.{asked.format}"'}
    return await worked(request, studio, "export", "export", arguments, wait=wait, headers=headers)
