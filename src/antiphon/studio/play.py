"""``/api/play``: one websocket is one session, one stream of music, as docs/studio-protocol.md says."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
from collections import deque
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from antiphon import __version__
from antiphon.errors import AntiphonError, OptionError
from antiphon.live.settings import LiveSettings
from antiphon.studio import desk
from antiphon.studio.logs import log
from antiphon.studio.music import score_of
from antiphon.studio.options import PROTOCOL
from antiphon.studio.requests import Music
from antiphon.studio.said import Bye, Ping, ProtocolError, Said, Swap, parsed, said
from antiphon.studio.seat import Message, Seat, failed
from antiphon.studio.state import Here, Studio

router = APIRouter()
HELLO_S = 5.0  # until then the client must have begun
CLOSE_S = 1.0  # for the last words; a client that does not read them is cut off
REST_S = 0.002  # between two steps: a session that could go on at once must not starve the others
IDLE_S = 1.0  # a step at least so often while somebody is there
LEAD_S, MOST_LEAD_S = 0.02, 0.2
MOST_WAITING = 5000  # messages for a client that does not read
GOING_AWAY, TRY_LATER, NO_HELLO, NO_MESSAGE, TOO_SLOW, TOO_MANY = 1001, 1013, 4000, 4002, 4008, 4029


class Over(Exception):
    """The session ends."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


GONE = Over(1005, "the client is gone")


@router.websocket("/play")
async def play(websocket: WebSocket, studio: Here) -> None:
    """The session's verbs, both ways."""
    await websocket.accept()
    if studio.closing or len(studio.sessions) >= studio.options.limits.sessions:
        await websocket.close(TRY_LATER, "too many sessions; try again later")
        return
    connection = Connection(websocket, studio)
    studio.sessions.add(connection)
    try:
        await connection.run()
    finally:
        studio.sessions.discard(connection)


class Connection:
    """One client: a task that hears it, one that steps the session, one that sends."""

    def __init__(self, websocket: WebSocket, studio: Studio) -> None:
        self._websocket, self._studio = websocket, studio
        self._zero_s = time.monotonic()
        self._inbox: deque[tuple[float, Message, Said]] = deque()
        self._heard, self._ready = asyncio.Event(), asyncio.Event()
        self._outbox: deque[tuple[float, str]] = deque()
        self._state: str | None = None  # the latest, which replaces those not yet sent
        self._seat: Seat | None = None
        self._task: asyncio.Task[Any] | None = None
        self._over = Over(1000, "bye")
        self._done = asyncio.Event()
        self._opening: set[asyncio.Task[None]] = set()
        self._budget = float(studio.options.limits.messages_per_s)
        self._budget_s = 0.0

    def now_s(self) -> float:
        """The session's clock."""
        return time.monotonic() - self._zero_s

    async def run(self) -> None:
        """Until the client goes or is sent away."""
        began = time.perf_counter()
        self._task = _this_task()
        try:
            await self._begin()
            self._studio.metrics.count("antiphon_sessions_total")
            await self._play()
        except Over as over:
            self._over = over
        except WebSocketDisconnect:
            self._over = GONE
        except RuntimeError:  # starlette's word for sending to a client that is gone
            if self._connected:
                raise
            self._over = GONE
        except asyncio.CancelledError:
            if self._over.code == 1000:  # nobody of us did it
                raise
            _this_task().uncancel()
        finally:
            try:
                await self._leave()
            finally:
                self._done.set()
        seconds = round(time.perf_counter() - began, 1)
        self._studio.metrics.count("antiphon_closed_total", code=str(self._over.code))
        log("session over", code=self._over.code, reason=str(self._over), seconds=seconds)

    async def end(self, reason: str, code: int) -> None:
        """Send it away, from outside; returns when it is gone."""
        self._over = Over(code, reason)
        if self._task is not None:
            self._task.cancel()
            await self._done.wait()

    # The beginning.

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(HELLO_S):
                hello = await self._message()
        except TimeoutError as error:
            raise Over(NO_HELLO, "no hello came") from error
        if hello.get("type") != "hello" or hello.get("protocol") != PROTOCOL:
            problem = OptionError(f"begin with hello, and protocol {PROTOCOL}; this server speaks no other")
            await self._send(json.dumps(failed(hello, problem, "protocol")))
            raise Over(NO_HELLO, "no hello, or another protocol")
        try:
            self._seat, lead_s = await self._seated(hello)
        except (AntiphonError, ValidationError) as problem:
            told = problem if isinstance(problem, AntiphonError) else OptionError("prompt is no music")
            await self._send(json.dumps(failed(hello, told)))
            raise Over(NO_HELLO, "hello asked for what cannot be") from problem
        self._put(
            {
                "type": "welcome",
                "protocol": PROTOCOL,
                "version": __version__,
                "now_s": round(self.now_s(), 4),
                "model": self._seat.model,
                "models": self._studio.shelf.names,
                "settings": self._seat.settings,
                "controls": desk.controls(),
                "lead_s": lead_s,
            }
        )

    async def _seated(self, hello: Message) -> tuple[Seat, float]:
        """The session that a hello asks for. Raises AntiphonError or ValidationError."""
        model, seed, lead_s = hello.get("model"), hello.get("seed"), hello.get("lead_s", LEAD_S)
        if model is not None and not isinstance(model, str):
            raise OptionError("model is a name")
        if seed is not None and not (isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < 2**53):
            raise OptionError("seed is a whole number, 0 or more")
        if not (isinstance(lead_s, int | float) and math.isfinite(lead_s) and 0 <= lead_s <= MOST_LEAD_S):
            raise OptionError(f"lead_s is out of range: 0 to {MOST_LEAD_S} s")
        prompt = None if hello.get("prompt") is None else Music.model_validate(hello["prompt"]).model_dump()
        settings = LiveSettings(**desk.checked(hello.get("settings") or {}))

        def make() -> Seat:
            return Seat(
                self._studio.shelf.engine,
                model or self._studio.shelf.default,
                settings,
                seed=secrets.randbits(32) if seed is None else seed,
                lead_s=lead_s,
                prompt=None if prompt is None else score_of(prompt),
                metrics=self._studio.metrics,
                now_s=self.now_s(),
            )

        await asyncio.to_thread(self._studio.shelf.engine, model or self._studio.shelf.default)
        return await self._studio.run(make), float(lead_s)

    # While it lasts.

    async def _play(self) -> None:
        """Hear, step and send at once; the first of them to end ends all."""
        tasks = [asyncio.create_task(part) for part in (self._hear(), self._step(), self._speak())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            tasks += self._opening
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _message(self) -> Message:
        try:
            return parsed(await self._websocket.receive_text())
        except (ProtocolError, KeyError) as error:  # KeyError: bytes came instead of text
            raise Over(NO_MESSAGE, "messages are JSON objects") from error

    async def _hear(self) -> None:
        while True:
            message = await self._message()
            now_s = self.now_s()
            self._spend(now_s)
            try:
                item = said(message)
            except AntiphonError as problem:
                self._put(failed(message, problem))
                continue
            if isinstance(item, Bye):
                raise Over(1000, "bye")
            if isinstance(item, Ping):
                self._put({"type": "pong", "t": item.t, "now_s": round(self.now_s(), 5)})
                continue
            if isinstance(item, Swap):  # opening may take a second, in which the music goes on
                opening = asyncio.create_task(self._opened(now_s, message, item))
                self._opening.add(opening)
                opening.add_done_callback(self._opening.discard)
                continue
            self._take(now_s, message, item)

    def _take(self, now_s: float, message: Message, item: Said) -> None:
        self._inbox.append((now_s, message, item))
        self._heard.set()

    async def _opened(self, now_s: float, message: Message, item: Swap) -> None:
        """A message about a model, once that is open; where it cannot be opened, the session says why."""
        with suppress(AntiphonError):
            await asyncio.to_thread(self._studio.shelf.engine, item.name)
        self._take(now_s, message, item)

    def _spend(self, now_s: float) -> None:
        """Count the messages of the last second or so."""
        most = self._studio.options.limits.messages_per_s
        self._budget = min(self._budget + (now_s - self._budget_s) * most, float(most)) - 1
        self._budget_s = now_s
        if self._budget < 0:
            raise Over(TOO_MANY, f"more than {most} messages a second")

    async def _step(self) -> None:
        assert self._seat is not None
        while True:
            self._heard.clear()
            came = [self._inbox.popleft() for _ in range(len(self._inbox))]
            began = time.perf_counter()
            next_s = await self._one_step(came)
            self._studio.metrics.observe("antiphon_step_seconds", time.perf_counter() - began)
            self._check_behind()
            left_s = IDLE_S if next_s is None else min(max(next_s - self.now_s(), REST_S), IDLE_S)
            if not self._inbox:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await self._heard.wait()

    async def _one_step(self, came: list[tuple[float, Message, Said]]) -> float | None:
        """A step, and what it hands out to be sent; when to come again. One that has begun is ended, whatever happens.

        Two threads on one seat would be wrong, and of a note whose beginning is lost the last words would say the end.
        """
        step = asyncio.ensure_future(self._studio.run(self._stepped, came))
        try:
            await asyncio.shield(step)
        finally:
            out, next_s = await step
            for message in out:
                self._put(message)
        return next_s

    def _stepped(self, came: list[tuple[float, Message, Said]]) -> tuple[list[Message], float | None]:
        assert self._seat is not None
        return self._seat.step(came, self.now_s())

    def _put(self, message: Message) -> None:
        text = json.dumps(message, separators=(",", ":"), allow_nan=False)
        if message["type"] == "state":
            self._state = text
        else:
            self._outbox.append((time.monotonic(), text))
        self._ready.set()

    def _check_behind(self) -> None:
        """Send a client away that does not read what it is sent."""
        behind_s = time.monotonic() - self._outbox[0][0] if self._outbox else 0.0
        if behind_s > self._studio.options.limits.behind_s or len(self._outbox) > MOST_WAITING:
            raise Over(TOO_SLOW, "the client reads too slowly")

    async def _speak(self) -> None:
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._outbox:
                await self._send(self._outbox[0][1])
                self._outbox.popleft()  # only now: what is being sent counts as waiting
            if self._state is not None:
                text, self._state = self._state, None
                await self._send(text)

    async def _send(self, text: str) -> None:
        await self._websocket.send_text(text)

    # The end.

    async def _leave(self) -> None:
        """The last words: every note ends. A client that does not take them is cut off."""
        try:
            async with asyncio.timeout(CLOSE_S):
                if self._connected and self._over.code != TOO_SLOW:
                    for message in await self._studio.run(self._last_words):
                        await self._send(json.dumps(message))
                if self._connected:
                    await self._websocket.close(self._over.code, str(self._over)[:120])
                return
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            pass
        abort = self._websocket.scope.get("antiphon.abort")
        if abort is not None:
            abort()

    @property
    def _connected(self) -> bool:
        return self._websocket.application_state is WebSocketState.CONNECTED is self._websocket.client_state

    def _last_words(self) -> list[Message]:
        ends = [] if self._seat is None else self._seat.silence(self.now_s())
        waiting: list[Any] = [json.loads(text) for _, text in self._outbox]
        return [*waiting, *ends, {"type": "bye", "reason": str(self._over)}]


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task
