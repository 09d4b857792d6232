"""The studio's server: uvicorn, told how to end without leaving a note sounding."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from antiphon.errors import OptionError
from antiphon.studio import logs
from antiphon.studio.app import make_app
from antiphon.studio.options import StudioOptions
from antiphon.studio.state import Studio

PING_S = 20.0  # a client that is silent for so long is asked whether it is there
UNREAD_BYTES = 1 << 17  # that the system holds for a client: what lies there is late already
PATIENCE_S = 5  # for requests that are under way when the server goes down


class _Websocket(WebSocketsSansIOProtocol):
    """Lets the application cut off a client that takes nothing any more: closing would wait for it for ever."""

    async def run_asgi(self) -> None:
        self.scope["antiphon.abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]
        await super().run_asgi()


class _Server(uvicorn.Server):
    """Ends sessions before connections, and says when it is ready."""

    def __init__(self, config: uvicorn.Config, studio: Studio, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._studio, self._ready = studio, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready(address(self._studio.options, self.servers[0].sockets[0].getsockname()[1]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._studio.quieten()
        await super().shutdown(sockets)


def address(options: StudioOptions, port: int) -> str:
    """Where the page is; without the token, which belongs into no log."""
    host = options.host if options.host not in ("0.0.0.0", "::") else "localhost"  # noqa: S104  compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def serve(options: StudioOptions, ready: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; ``ready`` is called with the page's address once it answers.

    Raises OptionError where the port is taken.
    """
    listening = _socket(options)
    logs.begin()
    app, studio = make_app(options)
    config = uvicorn.Config(
        app,
        http="h11",
        ws=_Websocket,
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=options.limits.message_bytes,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # small messages that are wanted at once
        timeout_graceful_shutdown=PATIENCE_S,
    )
    with listening:
        _Server(config, studio, ready).run([listening])


def _socket(options: StudioOptions) -> socket.socket:
    """Listening already, so that a port that is taken is an error of the user's and not of the loop's."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)  # connections take it over
    try:
        listening.bind((options.host.strip("[]"), options.port))
    except OSError as error:
        listening.close()
        raise OptionError(
            f"cannot listen on {options.host} port {options.port}: {error.strerror or error}; choose another --port, "
            "or 0 for any that is free"
        ) from error
    return listening
