"""Reading many files in worker processes, each of which may die without harm to the others.

A file is given to one worker at a time, so a worker that crashes or exceeds its time loses exactly that file.
``concurrent.futures`` fails every waiting file when one process dies; this does not.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from antiphon.errors import FileError

TIME_LIMIT_S = 60.0  # for one file; the slowest of MAESTRO takes 0.1
READER = "antiphon.files:read_music_bytes"


class Job(NamedTuple):
    """A file to read."""

    path: Path
    name: str  # what errors and the corpus call it


class Outcome(NamedTuple):
    """What became of a file: a part in the folder of parts, or why there is none."""

    job: Job
    part: str | None
    error: str


def read_all(
    jobs: Sequence[Job],
    parts: Path,
    *,
    pedal: bool = True,
    programs: Sequence[int] = (),
    workers: int | None = None,
    reader: str = READER,
    time_limit_s: float = TIME_LIMIT_S,
) -> Iterator[Outcome]:
    """Every file's outcome as it comes, in no order; ``workers`` is by default one a processor.

    Of the notes those of ``programs`` are kept; without any, all.
    Raises FileError where the disk is full.
    """
    waiting = deque(jobs)
    count = min(workers or os.cpu_count() or 1, len(jobs))
    pool = [_Worker(reader, parts, {"pedal": pedal, "programs": list(programs)}) for _ in range(count)]
    try:
        with selectors.DefaultSelector() as selector:
            for worker in pool:
                worker.start(waiting.popleft(), selector)
            while any(worker.job for worker in pool):
                selector.select(timeout=min(1.0, time_limit_s))
                yield from _harvest(pool, waiting, selector, time_limit_s)
    finally:
        for worker in pool:
            worker.stop()


def _harvest(
    pool: Sequence[_Worker], waiting: deque[Job], selector: selectors.BaseSelector, limit_s: float
) -> Iterator[Outcome]:
    for worker in pool:
        outcome = worker.outcome(limit_s, selector) if worker.job else None
        if outcome:
            if waiting:
                worker.start(waiting.popleft(), selector)
            yield outcome


class _Worker:
    """One process and the file it is reading; a new process replaces one that died."""

    def __init__(self, reader: str, parts: Path, how: Mapping[str, object]) -> None:
        self._command = [sys.executable, "-P", "-m", "antiphon.corpus.worker", reader, str(parts)]
        self._how = how
        self._process: subprocess.Popen[bytes] | None = None
        self.job: Job | None = None
        self._answer = b""
        self._since_s = 0.0

    def start(self, job: Job, selector: selectors.BaseSelector) -> None:
        """Give it a file; it must have none."""
        process = self._running(selector)
        self.job, self._answer, self._since_s = job, b"", time.monotonic()
        line = json.dumps({"path": str(job.path), "name": job.name, **self._how})
        assert process.stdin
        with suppress(BrokenPipeError):  # it died meanwhile: its stdout has ended too, which outcome() sees
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()

    def _running(self, selector: selectors.BaseSelector) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._talk = tempfile.TemporaryFile()  # noqa: SIM115  what it says last, should it die
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
            environment["OPENBLAS_NUM_THREADS"] = "1"  # no thread pool, of which each thread reserves memory
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._talk, env=environment,
                start_new_session=True,  # Ctrl-C in the terminal is for us; workers end when their stdin does
            )  # fmt: skip
            assert self._process.stdout
            os.set_blocking(self._process.stdout.fileno(), False)
            selector.register(self._process.stdout, selectors.EVENT_READ)
        return self._process

    def outcome(self, limit_s: float, selector: selectors.BaseSelector) -> Outcome | None:
        """The outcome of its file, or None while it works on it."""
        assert self._process
        assert self._process.stdout
        chunk = self._process.stdout.read(1 << 16)  # None: nothing yet; empty: it died
        self._answer += chunk or b""
        late = time.monotonic() - self._since_s > limit_s
        if self._answer.endswith(b"\n"):
            answer = json.loads(self._answer)
            if "full" in answer:
                raise FileError(f"cannot write in {self._command[-1]}: {answer['full']}; make room and run it again")
            return self._done(answer.get("part"), answer.get("error", ""))
        if chunk == b"" or late:
            selector.unregister(self._process.stdout)
            why = self._end() if chunk == b"" else ""
            self.stop()
            return self._done(None, why or f"reading it took longer than {limit_s:g} s")
        return None

    def _done(self, part: str | None, error: str) -> Outcome:
        job, self.job = self.job, None
        assert job
        return Outcome(job, part, error)

    def _end(self) -> str:
        """How the process ended, with its last words."""
        assert self._process
        status = self._process.wait()
        self._talk.seek(0)
        words = self._talk.read()[-4096:].decode(errors="replace").strip().splitlines()
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        return f"the reader crashed on it ({how}{': ' + words[-1] if words else ''})"

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._talk):
            assert pipe
            with suppress(BrokenPipeError):
                pipe.close()
        self._process = None
