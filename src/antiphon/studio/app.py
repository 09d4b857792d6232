"""The application: the service under ``/api``, the page everywhere else, the guard around both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from antiphon import __version__
from antiphon.studio import about, errors, hearing, play, report, train, transfer, waiting, writing
from antiphon.studio.guard import Guard
from antiphon.studio.options import StudioOptions
from antiphon.studio.state import Studio

ABOUT = "Music with the models of Antiphon. docs/studio-protocol.md describes the websocket, /api/play."


def make_app(options: StudioOptions) -> tuple[ASGIApp, Studio]:
    """The application and what it stands on. Raises ModelError where the model is not here."""
    studio = Studio(options)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await studio.start()
        yield
        await studio.close()

    routes = [Mount("/api", _service(studio)), Route("/{path:path}", studio.assets.page)]
    whole = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: errors.refused})
    return Guard(whole, options, studio.metrics), studio


def _service(studio: Studio) -> FastAPI:
    """The service as an application of its own, so that what it lacks is not looked for among the page's files."""
    api = FastAPI(
        title="Antiphon studio",
        version=__version__,
        description=ABOUT,
        servers=[{"url": "/api"}],
        docs_url=None,  # they would load scripts from another host
        redoc_url=None,
        responses=errors.RESPONSES,
    )
    api.state.studio = studio
    errors.install(api, lambda: studio.closing)
    for module in (about, writing, hearing, transfer, waiting, train, report, play):
        api.include_router(module.router)
    return api
