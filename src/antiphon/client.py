"""A client of the studio's service: the routes as methods, music as Scores.

``Client().generate({"seconds": 20}).pieces[0]`` is a Score by a studio that runs on this machine. It needs the standard
library only, but for :meth:`Client.play`, which needs websockets. ``docs/studio-protocol.md`` describes what is behind
each method.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from antiphon.errors import AntiphonError, FileError, missing_extra
from antiphon.notes import Score
from antiphon.studio.music import music_of, score_of

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

ADDRESS = "http://127.0.0.1:8765/"
PROTOCOL = 1
POLL_S = 0.2
MEDIA = {"mid": "audio/midi", "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
Source: TypeAlias = Score | Path | str  # a Score, a file of music, or a melody such as "C4 E4 G4:2"
Progress: TypeAlias = Callable[[float], None]


class StudioError(AntiphonError):
    """What the service refused or could not do; ``kind`` and ``status`` as in docs/studio-protocol.md."""

    def __init__(self, message: str, kind: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.kind, self.status = kind, status


@dataclass(frozen=True)
class Written:
    """Pieces, and how they were made."""

    pieces: list[Score]
    model: str
    licence: str
    seed: int
    records: list[str | None]  # for `antiphon replay`; None where the prompt could not be given again
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Surprise:
    """How surprised a model is by each note it hears."""

    notes: list[int]  # indices into the notes that were sent
    nats: list[list[float]]  # of each, by attribute
    attributes: list[str]
    nats_per_note: float
    measures: Mapping[str, Mapping[str, Any]]


class Note(NamedTuple):
    """A note of a stream; times in seconds from the piece's beginning."""

    onset_s: float
    duration_s: float | None  # None: it is held, and its end is not known yet
    pitch: int
    velocity: int
    program: int
    track: int


class Client:
    """``token`` is wanted by servers that are not on loopback; ``timeout_s`` is for one answer."""

    def __init__(self, address: str = ADDRESS, token: str = "", timeout_s: float = 330.0) -> None:
        if not address.startswith(("http://", "https://")):
            raise StudioError(f"{address!r} is no address; give one such as {ADDRESS}")
        self.address = address.rstrip("/")
        self._token, self._timeout_s = token, timeout_s

    # What there is.

    def health(self) -> dict[str, Any]:
        """Whether the service works, and how busy it is."""
        return self._json("GET", "health")

    def models(self) -> list[dict[str, Any]]:
        """The models that are there."""
        rows: list[dict[str, Any]] = self._json("GET", "models")["models"]
        return rows

    def presets(self) -> list[dict[str, Any]]:
        """Named sets of options."""
        rows: list[dict[str, Any]] = self._json("GET", "presets")["presets"]
        return rows

    # Writing. Options are those of the command line without their dashes.

    def generate(self, options: Mapping[str, Any] | None = None, **asked: Any) -> Written:
        """New music. ``asked``: model, seed, count, preset, ``music`` (a prompt), ``progress``."""
        return self.write("generate", options, **asked)

    def go_on(self, music: Source, options: Mapping[str, Any] | None = None, **asked: Any) -> Written:
        """How a piece goes on."""
        return self.write("continue", options, music=music, **asked)

    def vary(self, music: Source, options: Mapping[str, Any] | None = None, **asked: Any) -> Written:
        """Some notes of a piece drawn anew."""
        return self.write("vary", options, music=music, **asked)

    def accompany(self, music: Source, options: Mapping[str, Any] | None = None, **asked: Any) -> Written:
        """A left hand for a melody."""
        return self.write("accompany", options, music=music, **asked)

    def infill(self, music: Source, options: Mapping[str, Any], **asked: Any) -> Written:
        """A passage written again; ``options`` name it with ``from`` and ``to``."""
        return self.write("infill", options, music=music, **asked)

    def harmonise(self, music: Source, options: Mapping[str, Any] | None = None, **asked: Any) -> Written:
        """Notes below a melody, by a model that fills what is masked."""
        return self.write("harmonise", options, music=music, **asked)

    def revoice(self, music: Source, options: Mapping[str, Any] | None = None, **asked: Any) -> Written:
        """Other pitches below the top line of a piece, by such a model too."""
        return self.write("revoice", options, music=music, **asked)

    def chords(self, options: Mapping[str, Any], *, model: str | None = None, seed: int | None = None) -> str:
        """Chords that a model of chords proposes for a piece with these options: what the option ``chords`` takes."""
        body = {"model": model, "seed": seed, "options": dict(options)}
        names: str = self._json("POST", "chords", body)["chords"]
        return names

    def write(
        self,
        command: str,
        options: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
        seed: int | None = None,
        count: int = 1,
        preset: str | None = None,
        music: Source | None = None,
        corpus: str | None = None,
        progress: Progress | None = None,
    ) -> Written:
        """Any of them by name; with ``progress`` it runs as a job and tells how far it is.

        ``corpus`` names the music that the option ``avoid-copies`` keeps it from copying.
        """
        body = {"model": model, "seed": seed, "count": count, "preset": preset, "options": dict(options or {})}
        body["corpus"] = corpus
        body["music"] = None if music is None else _sent(music)
        if progress is None:
            return _written(self._json("POST", command, body))
        job = self._json("POST", f"{command}?wait=false", body)
        return _written(json.loads(self._finished(job, progress)))

    def stream(
        self, options: Mapping[str, Any] | None = None, *, model: str | None = None, seed: int | None = None
    ) -> Iterator[Note]:
        """The notes of a new piece, each as soon as it is written; the same as :meth:`generate` collects."""
        body = json.dumps({"model": model, "seed": seed, "options": dict(options or {})}).encode()
        with self._opened("POST", "generate", body, accept="application/x-ndjson") as answer:
            for line in answer:
                told = json.loads(line)
                if "error" in told:
                    raise StudioError(told["error"]["message"], told["error"]["kind"])
                if "note" in told:
                    yield Note(*told["note"])

    def _finished(self, job: dict[str, Any], progress: Progress) -> bytes:
        """What a job has made; it is cancelled where nobody waits for it any more."""
        name = job["id"]
        try:
            while job["state"] in ("queued", "running"):
                progress(job["progress"])
                time.sleep(POLL_S)
                job = self._json("GET", f"jobs/{name}")
        except BaseException:
            self._ask("DELETE", f"jobs/{name}")
            raise
        progress(1.0)
        return self._ask("GET", f"jobs/{name}/result")

    # Listening, and files.

    def evaluate(self, music: Source, model: str | None = None) -> Surprise:
        """How surprised a model is by each note."""
        found = self._json("POST", "evaluate", {"model": model, "music": _sent(music)})
        return Surprise(**{name: found[name] for name in Surprise.__dataclass_fields__})

    def candidates(self, music: Source | None = None, model: str | None = None, count: int = 8) -> list[dict[str, Any]]:
        """The likeliest next pitches, with their probabilities."""
        body = {"model": model, "music": None if music is None else _sent(music), "count": count}
        rows: list[dict[str, Any]] = self._json("POST", "candidates", body)["pitches"]
        return rows

    def read(self, path: Path) -> Score:
        """The music in a MIDI, MusicXML or ABC file, as the service reads it."""
        return score_of(json.loads(self._ask("POST", "read", _bytes(path), media="application/octet-stream")))

    def render(self, music: Source, kind: str = "wav", instrument: str | None = None) -> bytes:
        """Music as sound: the bytes of a file, ``wav``, ``flac``, ``ogg`` or ``mp3``."""
        body = {"music": _sent(music), "instrument": instrument}
        return self._ask("POST", "render", json.dumps(body).encode(), accept=MEDIA.get(kind, kind))

    def export(self, music: Source, kind: str) -> bytes:
        """Music as a file of any of the formats of ``GET /api/options``."""
        return self._ask("POST", "export", json.dumps({"music": _sent(music), "format": kind}).encode())

    def score(self, music: Source, page: int = 1, width: int = 900) -> tuple[str, int]:
        """A page of notation as SVG, and how many pages there are."""
        found = self._json("POST", "score", {"music": _sent(music), "page": page, "width": width})
        return found["svg"], found["pages"]

    # Playing.

    @contextmanager
    def play(self, **hello: Any) -> Iterator[Playing]:
        """A live session; ``hello`` may have model, settings, seed, prompt, lead_s."""
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ModuleNotFoundError as error:
            raise missing_extra("websockets", "studio", "playing over the network") from error
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        address = f"ws{self.address.removeprefix('http')}/api/play"
        try:
            connection = connect(address, additional_headers=headers, compression=None)
        except (OSError, WebSocketException) as error:
            raise StudioError(f"no live session at {self.address} ({error})") from error
        with connection:
            yield Playing(connection, hello)

    # The wire.

    def _json(self, method: str, route: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self._ask(method, route, None if body is None else json.dumps(body).encode())
        )
        return found

    def _ask(
        self,
        method: str,
        route: str,
        body: bytes | None = None,
        *,
        media: str = "application/json",
        accept: str = "*/*",
    ) -> bytes:
        with self._opened(method, route, body, media=media, accept=accept) as answer:
            content: bytes = answer.read()
            return content

    @contextmanager
    def _opened(
        self,
        method: str,
        route: str,
        body: bytes | None = None,
        *,
        media: str = "application/json",
        accept: str = "*/*",
    ) -> Iterator[HTTPResponse]:
        headers = {"Accept": accept} | ({"Content-Type": media} if body is not None else {})
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"{self.address}/api/{route}", body, headers, method=method)  # noqa: S310  http
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310  checked above
                yield answer
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", error)
            raise StudioError(f"no studio answers at {self.address} ({why}); start one: antiphon studio") from error


class Playing:
    """One live session: messages both ways, as docs/studio-protocol.md has them."""

    def __init__(self, connection: ClientConnection, hello: Mapping[str, Any]) -> None:
        """Raises StudioError where the service refuses."""
        self._connection = connection
        self.send("hello", protocol=PROTOCOL, **hello)
        self.welcome = self.receive()
        if self.welcome["type"] != "welcome":
            raise StudioError(self.welcome.get("message", "the studio did not welcome us"), "protocol")
        self._zero_s = time.monotonic() - self.welcome["now_s"]

    @property
    def now_s(self) -> float:
        """The session's clock, late by the time the welcome took."""
        return time.monotonic() - self._zero_s

    def send(self, kind: str, **fields: Any) -> None:
        """A message."""
        self._connection.send(json.dumps({"type": kind, **fields}))

    def receive(self, timeout_s: float | None = None) -> dict[str, Any]:
        """The next message. Raises TimeoutError where none comes in time."""
        message: dict[str, Any] = json.loads(self._connection.recv(timeout_s))
        return message

    def note_on(self, pitch: int, velocity: int = 80) -> None:
        """A key goes down."""
        self.send("note_on", pitch=pitch, velocity=velocity)

    def note_off(self, pitch: int) -> None:
        """A key comes up."""
        self.send("note_off", pitch=pitch)

    def until(self, kind: str, timeout_s: float = 10.0) -> dict[str, Any]:
        """The next message of a kind; what comes before it is let go. Raises TimeoutError."""
        ends = time.monotonic() + timeout_s
        while True:
            message = self.receive(max(ends - time.monotonic(), 0))
            if message["type"] == kind:
                return message


def _sent(music: Source) -> dict[str, Any]:
    """Music as a request has it."""
    if isinstance(music, Score):
        return music_of(music)
    if isinstance(music, Path):
        return {"midi": base64.b64encode(_bytes(music)).decode()}
    return {"melody": music}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error


def _written(found: Mapping[str, Any]) -> Written:
    pieces = [score_of(piece["music"]) for piece in found["pieces"]]
    records = [piece["record"] for piece in found["pieces"]]
    return Written(pieces, found["model"], found["licence"], found["seed"], records, found["report"])


def _refusal(error: urllib.error.HTTPError) -> StudioError:
    try:
        with error:
            told = json.loads(error.read())["error"]
        return StudioError(told["message"], told["kind"], error.code)
    except (ValueError, KeyError, TypeError):
        return StudioError(f"the studio answered {error.code} {error.reason}", "", error.code)
