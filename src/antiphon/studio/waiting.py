"""Routes of jobs, and how a route that works for long answers: at the end, or at once with a job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from antiphon.studio.errors import UnknownError
from antiphon.studio.guard import client_of
from antiphon.studio.jobs import Job, Jobs
from antiphon.studio.processes import Answer, TaskError
from antiphon.studio.state import Here, Studio

router = APIRouter(tags=["jobs"])
Wait = Annotated[bool, Query(description="false: answer at once with a job")]


class JobError(BaseModel):
    """Why a job failed."""

    kind: str
    message: str


class JobState(BaseModel):
    """A job."""

    id: str
    kind: str
    state: Annotated[str, Field(pattern="queued|running|done|failed|cancelled")]
    progress: Annotated[float, Field(ge=0, le=1)]
    waiting: Annotated[int, Field(ge=0, description="jobs that will be begun before it")]
    error: JobError | None


async def worked(
    request: Request,
    studio: Studio,
    kind: str,
    task: str,
    arguments: Mapping[str, Any],
    *,
    wait: bool,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """What a route answers whose work a process does."""
    job = await studio.jobs.submit(kind, task, json.dumps(arguments).encode(), client_of(request))
    if not wait:
        return JSONResponse(studio.jobs.describe(job), 202, {"location": f"/api/jobs/{job.id}"})
    return answered(await until_gone(request, studio.jobs, job), headers)


def answered(answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    """A job's answer as a response."""
    media, content = answer
    return Response(content, media_type=media, headers=headers)


async def until_gone(request: Request, jobs: Jobs, job: Job) -> Answer:
    """A job's answer, unless its client goes away before: then it is cancelled."""
    result = asyncio.ensure_future(jobs.result(job))
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((result, gone), return_when=asyncio.FIRST_COMPLETED)
        if result.done():
            return result.result()
        raise TaskError("state", "the client went away")
    finally:
        gone.cancel()
        if not result.done():
            result.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@router.get("/jobs/{name}", summary="How far a job is")
async def job_state(name: str, studio: Here) -> JobState:
    """A job."""
    return JobState(**studio.jobs.describe(_found(studio, name)))


@router.get("/jobs/{name}/result", summary="What a job has made", responses={200: {"content": {"*/*": {}}}})
async def job_result(name: str, studio: Here) -> Response:
    """What the route would have answered that the job was asked of."""
    job = _found(studio, name)
    if job.error is not None:
        raise job.error
    if job.answer is None:
        raise TaskError("state", f"the job is {job.state}; its result is not there yet")
    return answered(job.answer)


@router.delete("/jobs/{name}", summary="Cancel a job")
async def cancel_job(name: str, studio: Here) -> JobState:
    """Nothing happens to a job that is over."""
    job = _found(studio, name)
    studio.jobs.cancel(job)
    if job.state == "running":
        await job.ended.wait()
    return JobState(**studio.jobs.describe(job))


def _found(studio: Studio, name: str) -> Job:
    job = studio.jobs.find(name)
    if job is None:
        raise UnknownError(f"there is no job {name[:40]!r}; results are kept for {studio.options.limits.kept_s:g} s")
    return job
