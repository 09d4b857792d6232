"""A worker process as the server sees it: one task at a time, ended where it fails or is no longer wanted."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from antiphon.studio.pipe import LONGEST_LINE, BrokenFrameError, packed, receive

Answer = tuple[str, bytes]  # a media type, and content


class TaskError(Exception):
    """A task that did not end well: ``kind`` as in docs/studio-protocol.md, and a sentence for people."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Worker:
    """A process of :mod:`antiphon.studio.worker`; started when first needed, and again after it died."""

    def __init__(self, kind: str, limit_s: float) -> None:
        self._kind, self._limit_s = kind, limit_s
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that is there."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Have a process ready; nothing where there is one."""
        if self._process is None:
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "antiphon.studio.worker", self._kind,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment, limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl-C in the terminal is for the server, which ends its workers
            )  # fmt: skip

    async def run(
        self,
        task: str,
        content: bytes,
        progress: Callable[[float], None],
        part: Callable[[bytes], None] = lambda _: None,
    ) -> Answer:
        """One task's result, of which ``part`` is told as it comes. Raises TaskError.

        A task that is cancelled or late ends the process.
        """
        try:
            async with asyncio.timeout(self._limit_s):
                await self.start()
                return await self._exchange(task, content, progress, part)
        except TimeoutError as error:
            await self.stop()
            raise TaskError("job", f"this took longer than {self._limit_s:g} s; ask for less") from error
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def _exchange(
        self, task: str, content: bytes, progress: Callable[[float], None], part: Callable[[bytes], None]
    ) -> Answer:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(packed({"task": task}, content))
            await process.stdin.drain()
            while (frame := await receive(process.stdout)) is not None:
                header, result = frame
                if "progress" in header:
                    progress(float(header["progress"]))
                elif "part" in header:
                    part(result)
                elif "error" in header:
                    raise TaskError(str(header["error"]["kind"]), str(header["error"]["message"]))
                else:
                    return str(header["type"]), result
        except (ConnectionError, BrokenFrameError, KeyError, TypeError, ValueError):
            pass  # it died, or says what no worker of ours would say
        await self.stop()
        what = "the reader crashed on this file; it may be damaged" if self._kind == "read" else "its process died"
        raise TaskError("file" if self._kind == "read" else "job", what)

    async def stop(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
