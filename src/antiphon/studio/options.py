"""What a studio is started with, and the limits of what anyone may ask of it."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from antiphon import DEFAULT_MODEL
from antiphon.errors import OptionError

PROTOCOL = 1  # of docs/studio-protocol.md
PORT = 8765
SHORTEST_TOKEN = 16


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most of everything; what a request may ask of one writing is in ``writing.py``."""

    body_bytes: int = 5_000_000  # of a request
    message_bytes: int = 1_000_000  # of a websocket's message
    messages_per_s: int = 500  # of a websocket, on average over a second
    written_notes: int = 20_000  # that one request may ask for
    seconds: float = 600.0  # of music that one request may ask for, all its pieces together
    sessions: int = 32  # websockets at once
    queued: int = 256  # jobs that wait
    queued_each: int = 64  # … of one client
    job_s: float = 300.0  # of work on one job
    read_s: float = 10.0  # … on reading a file
    kept_s: float = 600.0  # that a result is kept
    kept_bytes: int = 200_000_000  # of all results that are kept; the oldest goes first
    behind_s: float = 5.0  # that a websocket's client may be behind


@dataclass(frozen=True, kw_only=True)
class StudioOptions:
    """How the service is reached, what it plays with, and its limits."""

    host: str = "127.0.0.1"
    port: int = PORT  # 0: any that is free
    token: str = ""  # needed where the host is not loopback
    model: str = DEFAULT_MODEL  # who plays unless another is asked for
    corpora: Path = Path("corpora")  # the folder whose corpora may be trained on
    report: Path = Path("build/report")  # the folder of the laboratory's report, if there is one
    models: Path | None = None  # where trained models go; None: where models are looked up by name
    workers: int = 0  # processes for long work; 0: one a processor, four at most
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise OptionError(f"port {self.port} is out of range: 0 (any that is free) to 65535")
        if not 0 <= self.workers <= 64:
            raise OptionError(f"{self.workers} workers is out of range: 1 to 64, or 0 for one a processor")
        if self.token and (len(self.token) < SHORTEST_TOKEN or not self.token.isascii() or " " in self.token):
            raise OptionError(
                f"the token is too easy to guess: {SHORTEST_TOKEN} letters and digits at least, no spaces"
            )
        if not self.token and not is_loopback(self.host):
            raise OptionError(
                f"host {self.host} can be reached from other machines, so a token is needed: give one with --token, "
                "or leave the host out"
            )

    @property
    def processes(self) -> int:
        """Processes for long work."""
        return self.workers or min(os.cpu_count() or 1, 4)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
