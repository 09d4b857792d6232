"""What a worker does with an uploaded file: it reads it, in a process with little memory and no way to write."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.errors import FileError
from antiphon.files import read_music_bytes
from antiphon.studio.music import MOST_NOTES, music_of
from antiphon.studio.worker import answer


def read(content: bytes, progress: Callable[[float], None]) -> tuple[str, bytes]:
    """The music of the bytes of a MIDI, MusicXML or ABC file, as JSON; FileError where there is none."""
    music = read_music_bytes(content, "the file")
    if not len(music):
        raise FileError("the file has no notes; give one with at least one")
    if len(music) > MOST_NOTES:
        raise FileError(f"the file has {len(music):,} notes; at most {MOST_NOTES:,} are taken, so cut it")
    return answer(music_of(music))


TASKS = {"read": read}
