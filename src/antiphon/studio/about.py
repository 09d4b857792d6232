"""Routes that say what there is: models, options, presets, instruments, controls; health and metrics."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from starlette.requests import Request
from starlette.responses import Response

from antiphon import __version__, svg
from antiphon.instruments import NAMES
from antiphon.notes import DRUMS
from antiphon.studio.assets import FOREVER, sent
from antiphon.studio.desk import controls, settings
from antiphon.studio.forms import MEDIA
from antiphon.studio.music import MOST_NOTES
from antiphon.studio.options import PROTOCOL
from antiphon.studio.requests import MOST_PIECES
from antiphon.studio.state import Here

router = APIRouter(tags=["what there is"])
KINDS = {str: "text", int: "integer", float: "number", bool: "flag"}


@router.get("/health", summary="Whether the service works")
async def health(studio: Here) -> dict[str, Any]:
    """Also how busy it is."""
    return {
        "status": "closing" if studio.closing else "ok",
        "version": __version__,
        "protocol": PROTOCOL,
        "sessions": len(studio.sessions),
        "jobs": len(studio.jobs),
        "soundfont": studio.assets.soundfont.etag.strip('"'),
    }


@router.get("/metrics", summary="Numbers for Prometheus", response_class=PlainTextResponse)
async def metrics(studio: Here) -> PlainTextResponse:
    """Prometheus's text format."""
    return PlainTextResponse(studio.metrics.text(), media_type="text/plain; version=0.0.4")


@router.get("/models", summary="The models that are here")
async def models(studio: Here) -> dict[str, Any]:
    """Those that come along and the person's own."""
    return {"default": studio.shelf.default, "models": await studio.run(studio.shelf.rows)}


@router.get("/models/{name}", summary="One model, with its card")
async def model(name: str, studio: Here) -> dict[str, Any]:
    """What it was trained on, what was measured, and what a person should know."""
    found: dict[str, Any] = await studio.run(studio.shelf.about, name)
    return found


@router.get(
    "/models/{name}/architecture", summary="A picture of a model", responses={200: {"content": {MEDIA["svg"]: {}}}}
)
async def architecture(name: str, studio: Here) -> Response:
    """Drawn from its weights' names and shapes."""
    from antiphon.evaluate.report.architecture import architecture as drawn

    picture = await studio.run(lambda: svg.paint(drawn(studio.shelf.bundle(name))))
    return Response(picture, media_type=MEDIA["svg"])


@router.get("/options", summary="What can be asked of the writing")
async def options(studio: Here) -> dict[str, Any]:
    """Every option with its help, in groups; and the limits of the service."""
    from antiphon.generate.options import GROUPS

    groups = [
        {
            "name": group,
            "title": title,
            "options": [
                {"name": name, "kind": KINDS[option.kind], "metavar": option.metavar, "help": option.help}
                for name, option in table.items()
            ],
        }
        for group, (title, table) in GROUPS.items()
    ]
    pictures = find_spec("matplotlib") is not None
    formats = [form for form in MEDIA if form != "png" or pictures]
    limits = {**vars(studio.options.limits), "pieces": MOST_PIECES, "received_notes": MOST_NOTES}
    return {"groups": groups, "limits": limits, "formats": formats}


@router.get("/presets", summary="Named sets of options")
async def presets(studio: Here) -> dict[str, Any]:
    """Those that come along and the person's own."""
    from antiphon.generate.presets import presets as known

    found = await studio.run(known)
    rows = [{"name": p.name, "about": p.about, "options": dict(p.options), "own": p.own} for p in found.values()]
    return {"presets": rows}


@router.get("/instruments", summary="Instruments by program")
async def instruments() -> dict[str, Any]:
    """General MIDI's."""
    return {"instruments": list(NAMES)[:DRUMS], "drums": DRUMS}


@router.get("/controls", summary="What can be set while playing")
async def playing() -> dict[str, Any]:
    """The controls with their ranges, and all settings as they come."""
    return {"controls": controls(), "settings": settings()}


@router.get("/soundfont", summary="The sound bank", responses={200: {"content": {"application/octet-stream": {}}}})
async def soundfont(request: Request, studio: Here) -> Response:
    """SF3, cut from FluidR3Mono (MIT)."""
    return sent(studio.assets.soundfont, request, FOREVER if "v" in request.query_params else "no-cache")
