"""Reading a file no further than it may be long; writing a file or folder whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from antiphon.errors import AntiphonError, FileError


def read_bytes(path: Path | str, most: int, kind: str = "file of music") -> bytes:
    """The bytes of a file, and one more than ``most`` of a larger one; FileError where it is not to be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}; give the path of a {kind}") from error


@contextmanager
def written(path: Path | str) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed to it when the block ends well and removed when it does not.

    The suffix is kept, for writers that go by it. Raises FileError where the folder is missing, ``path`` is a folder,
    or the system refuses (no permission, disk full).
    """
    path = Path(path)
    check_writable(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def written_folder(path: Path | str) -> Iterator[Path]:
    """Like :func:`written`, for a folder; a folder already there is replaced only at the end."""
    path = Path(path)
    check_writable(path, folder=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    temporary.chmod(0o755)
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def alone(path: Path, busy: AntiphonError) -> Iterator[None]:
    """Keep other processes from the same work on ``path``; raises ``busy`` where one is at it already.

    The lock is the system's, so a process that dies gives it back.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise busy from error
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        yield
    finally:
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def check_writable(path: Path, folder: bool = False) -> None:
    """Raise FileError now, before any work, where ``path`` could not be written at the end."""
    parent = path.parent
    if not parent.is_dir():
        raise FileError(f"cannot write {path}: the folder {parent} does not exist; make it first (mkdir -p {parent})")
    if path.is_dir() and not folder:
        raise FileError(f"cannot write {path}: it is a folder; give a file name")
    if not os.access(parent, os.W_OK):
        raise FileError(f"cannot write {path}: no permission to write in {parent}")
