"""What goes between the server and its worker processes: a line of JSON, then as many bytes as it says.

``{"size": n, …}`` and n bytes. Nothing is pickled, so a worker that a file has taken over can send nothing that runs.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, BinaryIO

LONGEST_LINE = 1 << 16  # bytes of a header
MOST_BYTES = 300_000_000  # of what follows it

Frame = tuple[dict[str, Any], bytes]


class BrokenFrameError(Exception):
    """What came is no frame."""


def packed(header: dict[str, Any], content: bytes = b"") -> bytes:
    """A frame's bytes."""
    return json.dumps({**header, "size": len(content)}).encode() + b"\n" + content


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next frame, in a worker; None where the stream ends."""
    line = stream.readline()
    if not line:
        return None
    header = json.loads(line)
    return header, stream.read(header["size"])


async def receive(stream: asyncio.StreamReader) -> Frame | None:
    """The next frame, in the server, which trusts no worker; None where the stream ends."""
    try:
        line = await stream.readuntil(b"\n")
        header = json.loads(line)
        size = header["size"]
        if not (isinstance(size, int) and 0 <= size <= MOST_BYTES):
            raise BrokenFrameError
        return header, await stream.readexactly(size)
    except asyncio.IncompleteReadError:
        return None
    except (asyncio.LimitOverrunError, ValueError, KeyError, TypeError) as error:
        raise BrokenFrameError from error
