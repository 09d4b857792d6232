"""The queue of long work: clients are served in turn, jobs can be asked about and cancelled, results wait a while."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from antiphon.studio.metrics import Metrics
from antiphon.studio.options import Limits
from antiphon.studio.processes import Answer, TaskError, Worker

State = Literal["queued", "running", "done", "failed", "cancelled"]
OVER = ("done", "failed", "cancelled")


class BusyError(Exception):
    """There is no room in the queue, or the server is going down."""


@dataclass(eq=False)
class Job:
    """One piece of long work."""

    kind: str  # what the client asked for: generate, evaluate, …
    task: str  # of the worker's TASKS
    content: bytes
    client: str
    id: str = field(default_factory=lambda: f"j{secrets.token_urlsafe(12)}")
    state: State = "queued"
    progress: float = 0.0
    answer: Answer | None = None
    error: TaskError | None = None
    asked_s: float = field(default_factory=time.monotonic)
    over_s: float = 0.0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    work: asyncio.Task[Answer] | None = None
    parts: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)  # of the answer; None is the end


class Jobs:
    """``count`` workers of one kind, and the jobs that wait for them."""

    def __init__(self, kind: str, count: int, limits: Limits, metrics: Metrics) -> None:
        self._limits, self._metrics = limits, metrics
        limit_s = limits.read_s if kind == "read" else limits.job_s
        self._workers = [Worker(kind, limit_s) for _ in range(count)]
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # by client, who is next in front
        self._jobs: dict[str, Job] = {}
        self._more = asyncio.Condition()
        self._loops: list[asyncio.Task[None]] = []
        self._closed = False

    def __len__(self) -> int:
        """Jobs that wait or run."""
        return sum(job.state not in OVER for job in self._jobs.values())

    @property
    def pids(self) -> list[int]:
        """Of the processes that are there."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def start(self) -> None:
        """Begin to work."""
        self._loops = [asyncio.create_task(self._serve(worker), name="studio worker") for worker in self._workers]
        if self._workers:
            await self._workers[0].start()  # the first request need not wait for Python to start

    async def submit(self, kind: str, task: str, content: bytes, client: str) -> Job:
        """A job, queued. Raises BusyError where there is no room."""
        own = self._waiting.get(client, ())
        if self._closed:
            raise BusyError("the server is going down")
        if len(own) >= self._limits.queued_each or sum(map(len, self._waiting.values())) >= self._limits.queued:
            raise BusyError(f"too much is waiting already ({len(own)} jobs of yours); try again in a while")
        self._forget()
        job = Job(kind, task, content, client)
        self._jobs[job.id] = job
        async with self._more:
            self._waiting.setdefault(client, deque()).append(job)
            self._more.notify()
        return job

    async def result(self, job: Job) -> Answer:
        """A job's answer, once it is there. Raises TaskError; whoever stops waiting cancels it."""
        try:
            await job.ended.wait()
        except asyncio.CancelledError:
            self.cancel(job)
            raise
        if job.error is not None:
            raise job.error
        assert job.answer is not None
        return job.answer

    def find(self, name: str) -> Job | None:
        """A job by its id."""
        self._forget()
        return self._jobs.get(name)

    def before(self, job: Job) -> int:
        """How many jobs will be begun before this one, as it looks now."""
        if job.state != "queued":
            return 0
        clients = list(self._waiting)
        turn, place = clients.index(job.client), self._waiting[job.client].index(job)
        others = (min(len(self._waiting[client]), place + (i < turn)) for i, client in enumerate(clients) if i != turn)
        return place + sum(others)

    def cancel(self, job: Job) -> None:
        """It shall not go on; nothing where it is over."""
        if job.state == "queued":
            self._waiting[job.client].remove(job)
            self._end(job, "cancelled", TaskError("state", "this was cancelled"))
        elif job.state == "running" and job.work is not None:
            job.work.cancel()

    async def close(self) -> None:
        """Cancel all and end the processes."""
        self._closed = True
        for job in list(self._jobs.values()):
            self.cancel(job)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def _serve(self, worker: Worker) -> None:
        while True:
            job = await self._next()
            job.state = "running"
            job.work = asyncio.create_task(worker.run(job.task, job.content, _setter(job), job.parts.put_nowait))
            began = time.monotonic()
            await self._finish(job)
            self._metrics.observe("antiphon_job_seconds", time.monotonic() - began, kind=job.kind)

    async def _finish(self, job: Job) -> None:
        """Wait for the work of a job, and say what became of it."""
        assert job.work is not None
        try:
            job.answer = await job.work
            self._end(job, "done")
        except TaskError as error:
            self._end(job, "failed", error)
        except asyncio.CancelledError:
            self._end(job, "cancelled", TaskError("state", "this was cancelled"))
            this = asyncio.current_task()
            if this is not None and this.cancelling():  # not the job alone: this loop is to end
                raise

    async def _next(self) -> Job:
        """The first job of the client whose turn it is, who then goes to the end of the line."""
        async with self._more:
            while True:
                for client, queue in list(self._waiting.items()):
                    del self._waiting[client]
                    if queue:
                        job = queue.popleft()
                        if queue:
                            self._waiting[client] = queue
                        return job
                await self._more.wait()

    def _end(self, job: Job, state: State, error: TaskError | None = None) -> None:
        job.state, job.error, job.content, job.over_s = state, error, b"", time.monotonic()
        job.progress = 1.0 if state == "done" else job.progress
        self._metrics.count("antiphon_jobs_total", kind=job.kind, state=state)
        job.parts.put_nowait(None)
        job.ended.set()

    def _forget(self) -> None:
        """Let go of results that nobody came for."""
        now, kept = time.monotonic(), 0
        over = sorted((job for job in self._jobs.values() if job.state in OVER), key=lambda job: -job.over_s)
        for job in over:
            kept += 0 if job.answer is None else len(job.answer[1])
            if now - job.over_s > self._limits.kept_s or kept > self._limits.kept_bytes:
                del self._jobs[job.id]

    def describe(self, job: Job) -> dict[str, Any]:
        """The job for its client."""
        error = None if job.error is None else {"kind": job.error.kind, "message": str(job.error)}
        return {
            "id": job.id,
            "kind": job.kind,
            "state": job.state,
            "progress": job.progress,
            "waiting": self.before(job),
            "error": error,
        }


def _setter(job: Job) -> Callable[[float], None]:
    def show(share: float) -> None:
        job.progress = share

    return show
