"""Files of music: one module per format; :func:`read_music` and :func:`writer` find the right one by the ending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from antiphon.errors import FileError
from antiphon.files.paths import read_bytes
from antiphon.notes import Score

_MIDI, _XML, _ABC = "midi", "musicxml", "abc"
READERS: dict[str, str] = {  # ending: the module that reads it, which is imported when it is needed
    **dict.fromkeys((".mid", ".midi", ".smf", ".kar", ".rmi"), _MIDI),
    **dict.fromkeys((".musicxml", ".mxl", ".xml"), _XML),
    ".abc": _ABC,
}
WRITERS: dict[str, tuple[str, str]] = {  # ending: module, and the function in it
    **dict.fromkeys((".mid", ".midi"), (_MIDI, "write_midi")),
    **dict.fromkeys((".musicxml", ".xml"), ("musicxml_writer", "write_musicxml")),
    ".abc": ("abc_writer", "write_abc"),
}

Writer = Callable[[Score, Path, Sequence[str]], None]  # the music, where, and texts to put into the file


def read_music(path: Path | str, *, pedal: bool = True) -> Score:
    """The music in a file of any format in READERS; of another ending its first bytes tell which it is.

    ``pedal`` says whether MIDI's sustain pedal lengthens notes. Raises FileError for what cannot be read and for a file
    without notes.
    """
    kind = READERS.get(Path(path).suffix.lower(), _MIDI)
    data = read_bytes(path, _module(kind).MAX_BYTES, "MIDI file" if kind == _MIDI else "file of music")
    music = read_music_bytes(data, str(path), pedal=pedal)
    if not len(music):
        raise FileError(f"{path} has no notes; give a file with at least one")
    return music


def read_music_bytes(data: bytes, name: str, *, pedal: bool = True) -> Score:
    """:func:`read_music` for bytes already in memory, which may have no notes; errors call them ``name``.

    Without a known ending in ``name`` the first bytes tell the format: a zip is MusicXML, and so is text that begins
    with ``<``; text with a line ``K:`` is ABC.
    """
    kind = READERS.get(Path(name).suffix.lower()) or _kind(data)
    music: Score = getattr(_module(kind), f"read_{kind}_bytes")(data, name, pedal=pedal)
    return music


def writer(path: Path | str) -> Writer | None:
    """The function that writes files of a path's ending; None where none does."""
    found = WRITERS.get(Path(path).suffix.lower())
    return getattr(_module(found[0]), found[1]) if found else None


def _kind(data: bytes) -> str:
    start = data[:64].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    if data[:2] == b"PK" or start.startswith(b"<"):
        return _XML
    if start[:4] not in (b"MThd", b"RIFF") and (b"\nK:" in data or data.startswith(b"K:")):
        return _ABC
    return _MIDI


def _module(name: str) -> Any:
    return import_module(f"antiphon.files.{name}")
