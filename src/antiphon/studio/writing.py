"""Routes that write music: generate, continue, vary, accompany, infill, harmonise, revoice."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from antiphon.errors import FileError, OptionError
from antiphon.studio.errors import NotAcceptableError
from antiphon.studio.forms import MEDIA
from antiphon.studio.guard import client_of
from antiphon.studio.jobs import Job
from antiphon.studio.requests import Progression, Source, Writing
from antiphon.studio.shelf import FILLS, PROPOSES
from antiphon.studio.state import Here, Studio
from antiphon.studio.streaming import NDJSON
from antiphon.studio.streaming import check as check_streamed
from antiphon.studio.waiting import Wait, until_gone, worked
from antiphon.studio.wanted import CHORDS_BY, check_amount, given, options_of, proposer

router = APIRouter(tags=["writing"])
COMMANDS = {
    "generate": "New music",
    "continue": "How a piece goes on",
    "vary": "Some notes of a piece drawn anew",
    "accompany": "A left hand for a melody",
    "infill": "A passage of a piece written again",
    "harmonise": "Notes below a melody",
    "revoice": "Other pitches below the top line of a piece",
}
FILLED = ("harmonise", "revoice")  # only models can that fill what is masked
FORMS = ("json", "mid", "wav", "flac", "ogg", "mp3", "svg", "musicxml", "abc")
FORM_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "the music", "content": {**{MEDIA[form]: {} for form in FORMS}, NDJSON: {}}},
    202: {"description": "a job, with `wait=false`"},
}


def accepted(request: Request, forms: Sequence[str]) -> str:
    """The form among MEDIA that ``Accept`` asks for first; the first of ``forms`` where it takes anything."""
    wanted = []
    for place, part in enumerate(request.headers.get("accept", "*/*").split(",")):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        wanted.append((-_number(weight), place, media))
    for quality, _, media in sorted(wanted):
        kind = media.split("/")[0]
        found = [form for form in forms if media in ("*/*", MEDIA[form], f"{MEDIA[form].split('/')[0]}/*")]
        if quality and found:
            sound = [form for form in found if form != "mid"]  # audio/* means sound
            return (sound or found)[0] if kind == "audio" and media.endswith("/*") else found[0]
    raise NotAcceptableError(f"this answers with {', '.join(MEDIA[form] for form in forms)}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


async def music_of(request: Request, studio: Studio, given: Source | None) -> dict[str, Any] | None:
    """The music of a request as a worker takes it; a MIDI file is read by the reader first."""
    if given is None:
        return None
    if given.midi is None:
        return given.model_dump()
    try:
        content = base64.b64decode(given.midi, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FileError(
            f"midi is no base64 ({error}); encode the file's bytes so, or send them to /api/read"
        ) from error
    music = await read(request, studio, content)
    return {**music, "melody": None, "name": "uploaded.mid", "sha256": hashlib.sha256(content).hexdigest()}


async def read(request: Request, studio: Studio, content: bytes) -> dict[str, Any]:
    """The music in a MIDI file, read out of process; TaskError where it cannot be read."""
    job = await studio.reader.submit("read", "read", content, client_of(request))
    _, music = await until_gone(request, studio.reader, job)
    found: dict[str, Any] = json.loads(music)
    return found


async def _write(request: Request, studio: Studio, command: str, asked: Writing, wait: bool) -> Response:
    if command == "generate" and _wants_lines(request):
        return await _streamed(request, studio, asked)
    form = accepted(request, FORMS)
    if form != "json" and asked.count != 1:
        raise OptionError(f"{asked.count} pieces only fit into JSON: ask for one, or accept application/json")
    if asked.music is None and command != "generate":
        raise OptionError(f"{command} needs music: give notes, midi or a melody")
    shelf, options = studio.shelf, options_of(asked, command)
    model = shelf.skilled(asked.model, FILLS) if command in FILLED else shelf.path(asked.model)
    chords_by = proposer(options)
    proposing = None if chords_by is None else shelf.skilled(chords_by, PROPOSES)
    music = await music_of(request, studio, asked.music)
    edited = 0 if music is None else len(music["notes"] or ())
    check_amount(options, command, asked.count, edited, studio.options.limits)
    arguments = {
        "command": command,
        "model": str(model),
        "options": options,
        "chords_by": None if proposing is None else str(proposing),
        "seed": secrets.randbits(32) if asked.seed is None else asked.seed,
        "count": asked.count,
        "music": music,
        "corpus": None if asked.corpus is None else str(studio.runs.corpus(asked.corpus)),
        "as": form,
    }
    return await worked(request, studio, command, "write", arguments, wait=wait)


def _wants_lines(request: Request) -> bool:
    """Whether ``Accept`` names NDJSON, which nothing but its own name asks for."""
    return any(part.split(";")[0].strip().lower() == NDJSON for part in request.headers.get("accept", "").split(","))


async def _streamed(request: Request, studio: Studio, asked: Writing) -> Response:
    """A new piece while it is written, a line of JSON a note; an error before the first is an error of the request."""
    if asked.count != 1 or asked.music is not None:
        raise OptionError("a stream is one new piece: leave count and music out, or accept application/json")
    options = options_of(asked, "generate")
    check_streamed(options)
    check_amount(options, "generate", 1, 0, studio.options.limits)
    arguments = {
        "model": str(studio.shelf.path(asked.model)),
        "options": options,
        "seed": secrets.randbits(32) if asked.seed is None else asked.seed,
    }
    job = await studio.jobs.submit("generate", "stream", json.dumps(arguments).encode(), client_of(request))
    try:
        first = await job.parts.get()
    except asyncio.CancelledError:
        studio.jobs.cancel(job)
        raise
    if first is None:
        await studio.jobs.result(job)  # raises what went wrong
    return StreamingResponse(_lines(studio, job, first or b""), media_type=NDJSON)


async def _lines(studio: Studio, job: Job, first: bytes) -> AsyncIterator[bytes]:
    """The parts of a job as they come; a client that goes away ends it."""
    try:
        part: bytes | None = first
        while part is not None:
            yield part
            part = await job.parts.get()
        if job.error is not None:
            yield json.dumps({"error": studio.jobs.describe(job)["error"]}).encode() + b"\n"
    finally:
        studio.jobs.cancel(job)


@router.post(
    "/chords",
    summary="Chords to play over",
    responses={200: {"content": {"application/json": {}}}, 202: {"description": "a job, with `wait=false`"}},
)
async def chords(request: Request, asked: Progression, studio: Here, wait: Wait = True) -> Response:
    """A model of chords proposes as many bars as a piece with these options has.

    `{"model", "licence", "seed", "chords": "Am F:2 C"}`, as the option `chords` takes them.
    """
    options = {**given(asked.options), "chords": CHORDS_BY}  # so that what is missing for chords is said now
    check_amount(options, "generate", 1, 0, studio.options.limits)
    arguments = {
        "model": str(studio.shelf.skilled(asked.model, PROPOSES)),
        "options": options,
        "seed": secrets.randbits(32) if asked.seed is None else asked.seed,
    }
    return await worked(request, studio, "chords", "chords", arguments, wait=wait)


def _route(command: str) -> Any:
    async def route(request: Request, asked: Writing, studio: Here, wait: Wait = True) -> Response:
        return await _write(request, studio, command, asked, wait)

    route.__doc__ = f"{COMMANDS[command]}; `Accept` chooses the form."
    return route


for _command, _summary in COMMANDS.items():
    router.post(f"/{_command}", summary=_summary, name=_command, responses=FORM_RESPONSES)(_route(_command))
