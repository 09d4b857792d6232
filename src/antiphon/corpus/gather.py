"""Finding the files of music in what a person names: a folder, a file, an archive.

Archives are unpacked with care: names that would leave the folder, links, and members of no use to us stay inside.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from antiphon.errors import CorpusError, FileError
from antiphon.files import READERS
from antiphon.files.paths import read_bytes

ARCHIVES = (".zip", ".tar", ".tar.xz", ".txz", ".tar.gz", ".tgz", ".tar.bz2")
MEMBER_BYTES = 100_000_000  # of one file in an archive
TOTAL_BYTES = 20_000_000_000  # of all: far above any collection of MIDI, far below what a zip bomb becomes
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, NotImplementedError)


class Found(NamedTuple):
    """A file of music."""

    path: Path
    name: str  # inside its source, with forward slashes


def gather(source: Path, scratch: Path) -> list[Found]:
    """The files of music in a folder, an archive (unpacked into ``scratch``), or the file itself; sorted by name.

    Raises CorpusError for a source that is not there, cannot be read, or has no music.
    """
    if not source.exists():
        raise CorpusError(f"there is no {source}; give a folder, a MIDI file, an archive, or a name that is fetched")
    if source.is_dir():
        found = list(_walk(source))
    elif is_archive(source):
        unpack(source, scratch)
        found = list(_walk(scratch))
    else:
        found = [Found(source, source.name)]
    found = [one for file in found for one in _single(file, scratch.with_name(f"{scratch.name}-tunes"))]
    if not found:
        raise CorpusError(f"{source} holds no file of music ({', '.join(READERS)}); give another folder or archive")
    return sorted(found, key=lambda file: file.name)


def _single(file: Found, scratch: Path) -> list[Found]:
    """A file as it is, or of a collection of ABC tunes each tune as a file of its own: a piece is one of them.

    What cannot be read stays as it is, for the reader to say why.
    """
    if PurePosixPath(file.name).suffix.lower() != ".abc":
        return [file]
    from antiphon.files.abc import MAX_BYTES, tunes

    try:
        cut = tunes(read_bytes(file.path, MAX_BYTES), file.name)
    except FileError:
        return [file]
    if len(cut) == 1:
        return [file]
    found = []
    for i, tune in enumerate(cut, start=1):
        title = re.sub(r"[^\w' -]", "", tune.title).strip()[:80]
        one = Found(scratch / file.name / f"{i}.abc", f"{file.name}/{title or 'tune'} ({i}).abc")
        one.path.parent.mkdir(parents=True, exist_ok=True)
        one.path.write_text("\n".join(line for _, line in tune.lines) + "\n", encoding="utf-8")
        found.append(one)
    return found


def is_archive(path: Path) -> bool:
    """Whether a file is an archive by its name."""
    return path.name.lower().endswith(ARCHIVES)


def is_music(name: str) -> bool:
    """Whether a file is one we read by its name; hidden ones, such as a Mac's ``._`` shadows, are not."""
    path = PurePosixPath(name)
    return path.suffix.lower() in READERS and not path.name.startswith(".")


def _walk(folder: Path) -> Iterator[Found]:
    for place, folders, files in os.walk(folder, onerror=_refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if is_music(name):
                path = Path(place) / name
                yield Found(path, plain(path.relative_to(folder).as_posix()))


def plain(name: str) -> str:
    """A file name as text that can be stored: bytes that are not UTF-8 are written as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _refused(error: OSError) -> None:
    raise CorpusError(f"cannot read {error.filename}: {error.strerror}")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the music and the tables of an archive; raises CorpusError where it is damaged or too large."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    left = TOTAL_BYTES
    try:
        with _opened(archive) as members:
            for name, content in members:
                if _wanted(name):
                    left -= _copy(content, folder / PurePosixPath(name), min(left, MEMBER_BYTES), f"{archive}: {name}")
    except _DAMAGED as error:
        raise CorpusError(f"cannot unpack {archive} ({error}); it is damaged, or the disk is full") from error


def _wanted(name: str) -> bool:
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name
    return inside and "__MACOSX" not in path.parts and (is_music(name) or path.suffix.lower() == ".csv")


@contextmanager
def _opened(archive: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The regular files of an archive, each with its name."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as zipped:
            yield ((info.filename, zipped.open(info)) for info in zipped.infolist() if _wanted(info.filename))
    else:
        with tarfile.open(archive, "r|*") as tar:
            yield ((info.name, file) for info in tar if info.isfile() and (file := tar.extractfile(info)))


def _copy(content: IO[bytes], path: Path, limit: int, what: str) -> int:
    """Write one member and give its size, which is counted as it comes: what the archive says of it may be a lie."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with content, path.open("wb") as file:
        while chunk := content.read(1 << 20):
            size += len(chunk)
            if size > limit:
                raise CorpusError(f"cannot unpack {what}: it is larger than {limit:,} bytes, which no music needs")
            file.write(chunk)
    return size
