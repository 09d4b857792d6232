"""A process of the studio that does long work, one task at a time, or reads what strangers upload.

Run as ``python -m antiphon.studio.worker KIND``. It takes frames of :mod:`antiphon.studio.pipe` on stdin, ``{"task"}``
and its arguments as JSON or bytes, and answers on stdout: any number of ``{"progress"}``, and of ``{"part"}`` with
parts of the result, then ``{"type"}`` with the result, or ``{"error": {"kind", "message"}}``. It is a process so that
Python's one lock is not shared with people who play, so that a task can be ended at any moment, and so that a file that
breaks a reader breaks nothing else.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any, BinaryIO

from antiphon.errors import AntiphonError, FileError
from antiphon.studio.pipe import packed, read_frame

EVERY_S = 0.1  # between two words about progress
NICE = 10  # long work gives way to live playing
MEMORY_BYTES = {"work": 6 << 30, "read": 1 << 30}  # of address space
TASKS = {"work": "antiphon.studio.tasks", "read": "antiphon.studio.reading"}


class Answers:
    """The worker's side of its stdout."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._said = stream, 0.0

    def send(self, header: dict[str, Any], content: bytes = b"") -> None:
        """One frame."""
        self._stream.write(packed(header, content))
        self._stream.flush()

    def progress(self, share: float) -> None:
        """So much is done, 0 to 1; told now and then. Raises BrokenPipeError where nobody listens any more."""
        now = time.monotonic()
        if now - self._said >= EVERY_S:
            self._said = now
            self.send({"progress": round(min(max(share, 0.0), 1.0), 4)})


def serve(kind: str, requests: BinaryIO, answers: Answers) -> None:
    """Do one task after another until stdin ends."""
    tasks = importlib.import_module(TASKS[kind]).TASKS
    while (frame := read_frame(requests)) is not None:
        header, content = frame
        try:
            media, result = tasks[header["task"]](content, answers.progress)
            if not isinstance(result, bytes):  # it comes in parts
                for part in result:
                    answers.send({"part": media}, part)
                result = b""
        except AntiphonError as error:
            answers.send(
                {"error": {"kind": "file" if isinstance(error, FileError) else "option", "message": str(error)}}
            )
        except MemoryError:
            answers.send({"error": {"kind": "limit", "message": "this needs too much memory; ask for less"}})
        except BrokenPipeError:
            return
        except Exception:  # noqa: BLE001  a bug of ours loses one task, and says where it was
            traceback.print_exc()
            answers.send(
                {"error": {"kind": "job", "message": "this failed by a fault of the program; its log has more"}}
            )
        else:
            answers.send({"type": media}, result)


def main(kind: str) -> None:
    """Limit the process and serve; what a library prints goes to stderr, not between the answers."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if sys.platform != "win32":  # Windows has neither
        _limit(kind)
    try:
        serve(kind, sys.stdin.buffer, Answers(answers))
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)


def _limit(kind: str) -> None:
    import resource

    os.nice(NICE)
    limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, MEMORY_BYTES[kind])]
    if kind == "read":  # it writes no file and opens none but the modules it needs
        limits.append((resource.RLIMIT_FSIZE, 0))
    for which, most in limits:
        hard = resource.getrlimit(which)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (least, hard))


def answer(value: Any) -> tuple[str, bytes]:
    """A task's result as JSON."""
    return "application/json", json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays."""
    return value.tolist()


if __name__ == "__main__":
    main(sys.argv[1])
