"""Who is let in, and what every answer carries: the outermost layer of the service.

A page of another origin must not play here, nor one that reaches loopback under a name of its own (DNS rebinding): the
``Host`` and ``Origin`` headers are checked. Where the server is not on loopback, a token is wanted. Bodies are counted
as they come. Every answer has the headers of docs/studio.md, and every request its line in the log, without contents.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from http.cookies import CookieError, SimpleCookie
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antiphon.studio.logs import log
from antiphon.studio.metrics import Metrics
from antiphon.studio.options import StudioOptions, is_loopback

TOKEN_COOKIE, CLIENT_COOKIE = "antiphon_token", "antiphon_client"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "midi=(self), autoplay=(self), camera=(), microphone=(), geolocation=(), usb=(), serial=()",
}


def error(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error as docs/studio-protocol.md has it."""
    return JSONResponse({"error": {"kind": kind, "message": message}}, status, headers)


class Guard:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, options: StudioOptions, metrics: Metrics) -> None:
        self._app, self._options, self._metrics = app, options, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refused(HTTPConnection(scope))
        if scope["type"] == "websocket":
            await self._websocket(refused, scope, receive, send)
        else:
            await self._http(refused, scope, receive, send)

    async def _websocket(self, refused: Response | None, scope: Scope, receive: Receive, send: Send) -> None:
        if refused is None:
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 4001, "reason": "token or origin"})
        log("refused", status=refused.status_code)

    async def _http(self, refused: Response | None, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, size = time.perf_counter(), 500, 0
        cookies = self._cookies(scope)

        async def dressed(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
                for cookie in cookies:
                    headers.append("set-cookie", cookie)
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            if refused is not None:
                await refused(scope, receive, dressed)
            else:
                await self._app(scope, self._counted(receive), dressed)
        finally:
            self._tell(scope, status, size, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or ("page" if status < 400 else "none")
        self._metrics.count("antiphon_requests_total", route=route, status=str(status))
        self._metrics.observe("antiphon_request_seconds", seconds, route=route)
        log("request", method=scope["method"], route=route, status=status, bytes=size, ms=round(seconds * 1000, 1))

    def _counted(self, receive: Receive) -> Receive:
        """``receive`` that stops a body which grows beyond the limit."""
        most, come = self._options.limits.body_bytes, 0

        async def counted() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > most:
                raise HTTPException(413, f"the body is too large: at most {most / 1e6:g} MB")
            return message

        return counted

    def _refused(self, connection: HTTPConnection) -> Response | None:
        """Why this request is not answered; None where it is."""
        host, origin = connection.headers.get("host", ""), connection.headers.get("origin")
        if is_loopback(self._options.host) and not _is_local(host):
            return error(
                403, "origin", "this server answers on loopback under its own names only: localhost, 127.0.0.1"
            )
        if origin is not None and _place(origin) != host:
            return error(403, "origin", f"a page of another origin ({origin[:100]}) may not use this server")
        if self._options.token and not self._has_token(connection):
            return error(401, "token", "a token is needed: Authorization: Bearer TOKEN, or open /?token=TOKEN",
                         {"www-authenticate": "Bearer"})  # fmt: skip
        return None

    def _has_token(self, connection: HTTPConnection) -> bool:
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        given = [bearer] if scheme.lower() == "bearer" else []
        given.append(_cookies(connection).get(TOKEN_COOKIE, ""))
        if connection.url.path == "/":
            given.append(connection.query_params.get("token", ""))
        wanted = self._options.token.encode()
        return any(hmac.compare_digest(one.encode(), wanted) for one in given)

    def _cookies(self, scope: Scope) -> list[str]:
        """What the page's own address sets: the token that was in it, and a name to be served in turn by."""
        if scope["path"] != "/":
            return []
        connection, kept = HTTPConnection(scope), "; Path=/; HttpOnly; SameSite=Strict"
        cookies = []
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if self._options.token and hmac.compare_digest(token.encode(), self._options.token.encode()):
            cookies.append(f"{TOKEN_COOKIE}={token}{kept}")
        if CLIENT_COOKIE not in _cookies(connection):
            cookies.append(f"{CLIENT_COOKIE}={token_urlsafe(9)}{kept}")
        return cookies


def client_of(connection: HTTPConnection) -> str:
    """Whose share of the queue a request uses: its browser's, else its address's."""
    named = _cookies(connection).get(CLIENT_COOKIE, "")[:32]
    return named or (connection.client.host if connection.client else "?")


def _cookies(connection: HTTPConnection) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(connection.headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _place(origin: str) -> str:
    """Host and port of an ``Origin``; empty where it names none, as ``null`` does."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_local(host: str) -> bool:
    """Whether a ``Host`` header names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
