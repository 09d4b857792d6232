"""From what goes wrong to what a client is told: one form, and a status for each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from antiphon.errors import AntiphonError, CorpusError, FileError, ModelError
from antiphon.studio.guard import error
from antiphon.studio.jobs import BusyError
from antiphon.studio.processes import TaskError

STATUS = {"option": 422, "file": 422, "request": 422, "limit": 422, "state": 409, "job": 500}
RETRY_S = "5"


class UnknownError(AntiphonError):
    """There is no such thing."""


class NotAcceptableError(AntiphonError):
    """No form of the answer is one that the client takes."""


class ErrorDetail(BaseModel):
    """What went wrong."""

    kind: str
    message: str


class ErrorBody(BaseModel):
    """Every error."""

    error: ErrorDetail


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": what}
    for status, what in {
        401: "a token is needed",
        403: "a page of another origin asks",
        404: "there is no such thing",
        406: "no form of the answer is one that `Accept` takes",
        409: "not now",
        413: "the body is too large",
        422: "a value is out of range, or a file cannot be read",
        429: "too much is waiting",
        500: "the work failed by a fault of the program",
        503: "the server goes down",
    }.items()
}


def install(app: FastAPI, closing: Callable[[], bool]) -> None:
    """Have ``app`` say every error in that form."""

    async def user(request: Request, problem: Exception) -> Response:
        if isinstance(problem, (UnknownError, ModelError, CorpusError)):
            return error(404, "unknown", str(problem))
        if isinstance(problem, NotAcceptableError):
            return error(406, "request", str(problem))
        return error(422, "file" if isinstance(problem, FileError) else "option", str(problem))

    async def task(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, TaskError)
        if closing():
            return error(503, "busy", "the server goes down", {"retry-after": RETRY_S})
        return error(STATUS.get(problem.kind, 500), problem.kind, str(problem))

    async def busy(request: Request, problem: Exception) -> Response:
        return error(503 if closing() else 429, "busy", str(problem), {"retry-after": RETRY_S})

    async def shape(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, RequestValidationError)
        return error(422, "request", _said(problem))

    for kind, handler in (
        (AntiphonError, user),
        (TaskError, task),
        (BusyError, busy),
        (RequestValidationError, shape),
        (HTTPException, refused),
    ):
        app.add_exception_handler(kind, handler)


async def refused(request: Request, problem: Exception) -> Response:
    """What the framework itself refuses: routes and methods that are not there, bodies that are too large."""
    assert isinstance(problem, HTTPException)
    kind = {404: "unknown", 413: "limit"}.get(problem.status_code, "request")
    more = "" if kind == "limit" else "; /api/openapi.json lists what there is"
    return error(problem.status_code, kind, f"{problem.detail}{more}", dict(problem.headers or {}))


def _said(problem: RequestValidationError) -> str:
    """The first faults of a request, each with its place; values are not repeated."""
    faults = problem.errors()
    said = [f"{'.'.join(map(str, fault['loc']))[:100]}: {fault['msg']}" for fault in faults[:3]]
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return "; ".join(said)[:1000] + more
