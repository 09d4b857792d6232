"""Everything that one running studio has: models, queues, sessions, numbers."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from antiphon.errors import AntiphonError
from antiphon.studio.assets import Assets
from antiphon.studio.jobs import Jobs
from antiphon.studio.logs import log
from antiphon.studio.metrics import Metrics
from antiphon.studio.options import StudioOptions
from antiphon.studio.runs import Runs
from antiphon.studio.shelf import Shelf

if TYPE_CHECKING:
    from antiphon.studio.play import Connection

STEPPERS = 2  # threads in which sessions take their steps; more only wait for Python's one lock


class Studio:
    """Made before the server runs; :meth:`start` and :meth:`close` belong to its loop."""

    def __init__(self, options: StudioOptions) -> None:
        """Raises ModelError where there is no such model."""
        self.options = options
        self.metrics, self.assets, self.shelf = Metrics(), Assets(), Shelf(options.model)
        self.jobs = Jobs("work", options.processes, options.limits, self.metrics)
        self.reader = Jobs("read", 1, options.limits, self.metrics)
        self.runs = Runs(options)
        self.sessions: set[Connection] = set()
        self.steppers = ThreadPoolExecutor(STEPPERS, "studio session")
        self.closing = False
        self.metrics.gauge("antiphon_sessions", lambda: len(self.sessions))
        self.metrics.gauge("antiphon_jobs", lambda: len(self.jobs) + len(self.reader))
        self.metrics.gauge("antiphon_tasks", lambda: len(asyncio.all_tasks()))
        self.metrics.gauge("antiphon_memory_bytes", _memory_bytes)

    async def start(self) -> None:
        """Begin to work; the model is opened meanwhile, so that the first note need not wait for it."""
        await self.jobs.start()
        await self.reader.start()
        self._warm = asyncio.create_task(self._warmed(), name="studio warm-up")

    async def _warmed(self) -> None:
        with suppress(AntiphonError):  # whoever asks for the model is told
            await self.run(self.shelf.engine, self.shelf.default)

    async def run(self, function: Any, *arguments: Any) -> Any:
        """A function that takes a while, in a thread of the sessions."""
        return await asyncio.get_running_loop().run_in_executor(self.steppers, function, *arguments)

    async def quieten(self) -> None:
        """End every session, with the last note of each, and every job, so that requests are answered."""
        self.closing = True
        sessions = (session.end("the server goes down", 1001) for session in list(self.sessions))
        await asyncio.gather(*sessions, self.jobs.close(), self.reader.close())

    async def close(self) -> None:
        """End everything else: the run that trains, the threads."""
        await self.quieten()
        await self.runs.close()
        self._warm.cancel()
        self.steppers.shutdown(wait=True, cancel_futures=True)
        log("closed")


def _memory_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _studio(connection: HTTPConnection) -> Studio:
    studio: Studio = connection.app.state.studio
    return studio


Here = Annotated[Studio, Depends(_studio)]
