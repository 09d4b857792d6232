"""Downloading a named source: resumed where it broke off, checked, and under its name only when it is whole."""

from __future__ import annotations

import hashlib
import http
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from antiphon import __version__
from antiphon.corpus.sources import Source, data_dir, local
from antiphon.errors import CorpusError, FileError
from antiphon.files.paths import alone

CHUNK = 1 << 16  # bytes
TIMEOUT_S = 30.0  # without a byte
TRIES = 5  # in a row without a byte more; then it is the person's turn

Progress = Callable[[int, int], None]  # bytes here, bytes in all


def fetch(
    source: Source, folder: Path | None = None, *, progress: Progress | None = None, pause_s: float = 1.0
) -> Path:
    """Download a source's archive unless it is here, and give its path.

    A broken connection is taken up again, at once and by the next run. Raises CorpusError where the network fails or
    what came is not what its publisher says, FileError where it cannot be written.
    """
    path = _destination(source, folder)
    if local(source, path.parent):
        return path
    with _part(path) as part:
        _download(source, part, progress, pause_s)
        _check(source, part)
        part.replace(path)
    return path


def install(source: Source, copy: Path, folder: Path | None = None) -> Path:
    """Check an archive that is on disk already, copy it to where ``fetch`` would have put it, and give that path."""
    path = _destination(source, folder)
    if not copy.is_file():
        raise FileError(f"there is no file {copy}; give the path of {source.file_name}")
    with _part(path) as part:
        try:
            shutil.copyfile(copy, part)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise FileError(f"cannot copy {copy} to {path}: {error.strerror or error}") from error
        _check(source, part, f"{copy} is not {source.file_name}")
        part.replace(path)
    return path


def _destination(source: Source, folder: Path | None) -> Path:
    path = (folder or data_dir()) / source.file_name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {path.parent}: {error.strerror}; give another with -o") from error
    return path


@contextmanager
def _part(path: Path) -> Iterator[Path]:
    """Where the bytes gather; one process at a time, which the system sees to."""
    part = path.with_name(f".{path.name}.part")
    try:
        held = part.open("ab")
    except OSError as error:
        raise FileError(f"cannot write {part}: {error.strerror}; give another folder with -o") from error
    with held, alone(part, CorpusError(f"{path.name} is being fetched by another process; wait for it")):
        try:
            yield part
        finally:
            if part.exists() and not part.stat().st_size:
                part.unlink()


def _download(source: Source, part: Path, progress: Progress | None, pause_s: float) -> None:
    """Append to ``part`` until it has all bytes, giving up after TRIES attempts that brought none."""
    failures = 0
    while (here := part.stat().st_size) < source.bytes:
        try:
            _attempt(source, part, here, progress)
            why = "the server closed the connection"
        except urllib.error.HTTPError as error:
            why = _refusal(source, part, error)
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            why = str(getattr(error, "reason", error) or type(error).__name__)
        failures = 0 if part.stat().st_size > here else failures + 1
        if failures == TRIES:
            raise CorpusError(
                f"cannot fetch {source.url}: {why}; {part.stat().st_size:,} of {source.bytes:,} bytes are here: "
                "run it again to go on, or give a copy with --from FILE"
            )
        if part.stat().st_size < source.bytes:
            time.sleep(pause_s * failures)


def _refusal(source: Source, part: Path, error: urllib.error.HTTPError) -> str:
    """What a server's refusal means for trying again; raises CorpusError where that is of no use."""
    why = f"the server says {error.code} {error.reason}"
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        os.truncate(part, 0)  # what is here is of something else
    elif error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR and error.code != http.HTTPStatus.TOO_MANY_REQUESTS:
        raise CorpusError(f"cannot fetch {source.url}: {why}; give a copy with --from FILE") from error
    return why


def _attempt(source: Source, part: Path, here: int, progress: Progress | None) -> None:
    """One connection, for as long as it gives bytes."""
    headers = {"User-Agent": f"antiphon/{__version__}", **({"Range": f"bytes={here}-"} if here else {})}
    request = urllib.request.Request(source.url, headers=headers)  # noqa: S310  the table's own URLs
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310  the same
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        offered = int(response.headers.get("Content-Length", source.bytes - here * resumed)) + here * resumed
        if offered != source.bytes:
            raise CorpusError(
                f"{source.url} has {offered:,} bytes instead of {source.bytes:,}; give a copy with --from FILE"
            )
        with part.open("r+b") as file:
            file.seek(here if resumed else 0)
            file.truncate()  # a server that knows no ranges sends it all again
            _copy(response, file, source, progress)


def _copy(response: IO[bytes], file: IO[bytes], source: Source, progress: Progress | None) -> None:
    while chunk := response.read(CHUNK):
        try:
            file.write(chunk)
            file.flush()
        except OSError as error:
            raise FileError(f"cannot write {file.name}: {error.strerror}; make room and run it again") from error
        if file.tell() > source.bytes:
            return  # not what we asked for: the check says so
        if progress:
            progress(file.tell(), source.bytes)


def _check(source: Source, part: Path, what: str = "") -> None:
    """Compare size and hash; what is wrong is removed, or the next run would resume it."""
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = part.stat().st_size
    if (size, digest) == (source.bytes, source.sha256):
        return
    part.unlink()
    raise CorpusError(
        f"{what or f'what {source.url} sent is not {source.file_name}'}: it has {size:,} bytes and SHA-256 {digest} "
        f"instead of {source.bytes:,} and {source.sha256}; fetch it again"
    )
