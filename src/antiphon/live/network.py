"""A MIDI port across a network: plain MIDI bytes over TCP, which is what mido's socket ports speak; no package needed.

``tcp:HOST:PORT`` calls; ``tcp:PORT`` waits to be called by programs of this machine, ``tcp:*:PORT`` by any: who can
call can play. Several may call at once; what is sent goes to all of them.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from antiphon.errors import AntiphonError, OptionError
from antiphon.live.ports import NETWORK, Notice, Receive
from antiphon.live.wire import Wire

RETRY_S = 1.0  # how long to wait before calling again
WAIT_S = 0.2  # how often a waiting thread looks whether it shall end


class NetworkPort:
    """Both an input and an output."""

    def __init__(self, address: str, receive: Receive, lost: Callable[[], None], notice: Notice) -> None:
        self.address = self.name = address
        self._receive, self._lost, self._notice = receive, lost, notice
        self._links: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        host, port = _parsed(address)
        if host in ("", "*"):
            self._server = self._listen(host, port)
            self.port = int(self._server.getsockname()[1])  # the one the system chose where 0 was asked for
            self._start(self._serve)
        else:
            self.port = port
            self._start(self._keep_calling, host, port, self._call(host, port))

    def send(self, message: bytes) -> None:
        """Send one message to everybody who is connected."""
        with self._lock:
            links = list(self._links)
        for link in links:
            with contextlib.suppress(OSError):  # its reader will notice
                link.sendall(message)

    def close(self) -> None:
        """Hang up, and take no more calls."""
        self._closing.set()
        with self._lock:
            links = list(self._links)
        for link in links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name=f"antiphon {self.address}", daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _listen(self, host: str, port: int) -> socket.socket:
        try:
            server = socket.create_server(("" if host == "*" else "127.0.0.1", port))
        except OSError as error:
            raise AntiphonError(f"cannot wait at {self.address}: {error.strerror}; choose another port") from error
        server.settimeout(WAIT_S)
        return server

    def _call(self, host: str, port: int) -> socket.socket:
        try:
            link = socket.create_connection((host, port), timeout=3)
        except OSError as error:
            raise AntiphonError(f"cannot reach {self.address}: {error}; is anybody waiting there?") from error
        return self._add(link)

    def _add(self, link: socket.socket) -> socket.socket:
        """From now on messages are sent there."""
        link.settimeout(None)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._links.append(link)
        return link

    def _serve(self) -> None:
        with self._server:
            while not self._closing.is_set():
                with contextlib.suppress(TimeoutError):
                    link, caller = self._server.accept()
                    self._notice(f"{self.address}: {caller[0]} is connected")
                    self._start(self._read, self._add(link))

    def _keep_calling(self, host: str, port: int, link: socket.socket) -> None:
        self._read(link)
        while not self._closing.wait(RETRY_S):
            with contextlib.suppress(AntiphonError):
                link = self._call(host, port)
                self._notice(f"{self.address} is connected again")
                self._read(link)

    def _read(self, link: socket.socket) -> None:
        """Hand on what comes in until the other side hangs up."""
        wire = Wire()
        with contextlib.suppress(OSError), link:
            while not self._closing.is_set() and (data := link.recv(4096)):
                now_s = time.monotonic()
                for message in wire.feed(data):
                    self._receive(message, now_s)
        with self._lock:
            self._links.remove(link)
        self._lost()
        if not self._closing.is_set():
            self._notice(f"{self.address} hung up")


def _parsed(address: str) -> tuple[str, int]:
    """Host and port; the host is empty or ``*`` for one that waits."""
    host, _, port = address.removeprefix(NETWORK).rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise OptionError(f"{address!r} is no port: give {NETWORK}PORT to wait at, or {NETWORK}HOST:PORT to call")
    return host.strip("[]"), int(port)
