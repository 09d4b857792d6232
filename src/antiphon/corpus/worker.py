"""The process that reads files for ``prepare``: a native crash or an endless loop in a reader ends it, not the run.

It takes one line of JSON a file on stdin, ``{"path", "name", "pedal", "programs"}``, and answers each with one line:
``{"part"}``, the result's name in the folder of parts, or ``{"error"}``, why the file has none, or ``{"full"}``, why no
part can be written. Run as ``python -m antiphon.corpus.worker READER PARTS``.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from antiphon import __version__
from antiphon.corpus.store import ROW
from antiphon.errors import FileError
from antiphon.notes import NOTE, Score

MAX_BYTES = 100_000_000  # of a file; music is a thousand times smaller
MEMORY_BYTES = 6 << 30  # of address space; a reader that wants more gets a MemoryError, not the machine

Reader = Callable[..., Score]  # (data, name, *, pedal) -> Score


class Part(NamedTuple):
    """What reading a file gave, as it is kept until the corpus is whole."""

    sha256: str
    content: str
    length_s: float
    tracks: list[str]
    rows: np.ndarray  # (N,) of ROW
    tempos: np.ndarray
    metres: np.ndarray


def note_rows(music: Score) -> np.ndarray:
    """(N,) of ROW: the notes with their place in whole milliseconds."""
    rows = np.empty(len(music), ROW)
    for name in NOTE.names or ():
        rows[name] = music.notes[name]
    rows["onset_ms"] = np.rint(1000 * music.onset_s)
    rows["duration_ms"] = np.rint(1000 * music.end_s) - rows["onset_ms"]
    return rows


def content_hash(rows: np.ndarray) -> str:
    """Equal for music that sounds the same to the millisecond, wherever it starts and however its file is laid out."""
    names = ("onset_ms", "pitch", "program", "duration_ms", "velocity")
    sounding = np.stack([rows[name].astype("<i4") for name in names])
    sounding[0] -= sounding[0].min()
    return hashlib.sha256(sounding[:, np.lexsort(sounding[::-1])].tobytes()).hexdigest()


def load_part(path: Path) -> Part:
    """A part from its file."""
    with np.load(path) as arrays:
        about = json.loads(arrays["about"].tobytes())
        return Part(**about, rows=arrays["rows"], tempos=arrays["tempos"], metres=arrays["metres"])


def read_part(path: str, name: str, pedal: bool, programs: Sequence[int], reader: Reader, parts: Path) -> str:
    """Read one file unless its result is there already, and give the name of the result; raises FileError.

    Of the notes those of ``programs`` are kept; without any, all.
    """
    data = _bytes(path, name)
    sha256 = hashlib.sha256(data).hexdigest()
    kept = hashlib.sha256(bytes(programs)).hexdigest()[:8] if programs else "all"
    part = parts / f"{sha256}-{__version__}-{'pedal' if pedal else 'keys'}-{kept}.npz"
    if not part.exists():
        music = reader(data, name, pedal=pedal)
        if len(music) and programs:
            music = music.select(np.isin(music.notes["program"], programs))
            if not len(music):
                raise FileError("it has no notes of the instruments asked for")
        if not len(music):
            raise FileError("it has no notes")
        _save(part, sha256, music)
    return part.name


def _bytes(path: str, name: str) -> bytes:
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise FileError(f"it is larger than {MAX_BYTES // 10**6} MB, which no music needs")
        return Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {name}: {error.strerror or error}") from error


def _save(part: Path, sha256: str, music: Score) -> None:
    rows = note_rows(music)
    about = {
        "sha256": sha256,
        "content": content_hash(rows),
        "length_s": round(music.length_s, 6),
        "tracks": list(music.tracks),
    }
    temporary = part.with_name(f".{part.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(
            file, rows=rows, tempos=music.tempos, metres=music.metres,
            about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        )  # fmt: skip
    os.replace(temporary, part)


def _serve(reader: Reader, parts: Path) -> None:
    """Answer until stdin ends; what a reader prints goes to stderr, not between the answers."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        job: dict[str, Any] = json.loads(line)
        try:
            answer = {"part": read_part(**job, reader=reader, parts=parts)}
        except FileError as error:
            answer = {"error": str(error)}
        except MemoryError:
            answer = {"error": "reading it needs too much memory"}
        except OSError as error:  # readers turn theirs into FileError: this is our own writing
            answer = {"full": error.strerror or str(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main(reader: str, parts: str) -> None:
    """Limit the memory and serve; ``reader`` is ``module:function``."""
    if sys.platform != "win32":  # Windows has no such limits
        _limit_memory()
    module, function = reader.split(":")
    _serve(getattr(importlib.import_module(module), function), Path(parts))


def _limit_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is expected, and needs no picture of the memory
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    main(*sys.argv[1:])
