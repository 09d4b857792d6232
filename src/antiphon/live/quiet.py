"""Keeps what system libraries print by themselves off the terminal, where a screen may be drawn."""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
from collections.abc import Iterator
from ctypes.util import find_library
from functools import cache


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """A block in which nothing reaches stderr: ALSA and JACK report there what they did not find."""
    hush_alsa()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """A block, such as one with a screen, in which stderr is kept in a file; what it says comes out if the block fails.

    PortAudio says there, from its own threads, what went wrong with a device.
    """
    with tempfile.TemporaryFile() as kept:
        saved = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(saved, kept.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


@cache
def hush_alsa() -> object:
    """Give ALSA an error handler that says nothing: its own prints from the audio thread, at any time.

    Returns what must stay alive as long as the library may call it, which the cache sees to.
    """
    name = find_library("asound")
    if name is None:
        return None
    handler = ctypes.CFUNCTYPE(None)(lambda: None)  # C callers may pass arguments that are not looked at
    ctypes.CDLL(name).snd_lib_error_set_handler(handler)
    return handler
