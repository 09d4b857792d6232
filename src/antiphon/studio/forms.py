"""The forms in which a piece leaves the studio: media types, and how each is made."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from antiphon import audio, svg
from antiphon.errors import OptionError
from antiphon.files.abc_writer import abc_text
from antiphon.files.midi import midi_bytes
from antiphon.files.musicxml_writer import musicxml_bytes
from antiphon.notes import Score
from antiphon.studio.music import music_of
from antiphon.studio.worker import answer

MEDIA = {
    "json": "application/json",
    "mid": "audio/midi",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "svg": "image/svg+xml",
    "histograms.svg": "image/svg+xml",
    "png": "image/png",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "abc": "text/vnd.abc",
}
SOUND = ("wav", "flac", "ogg", "mp3")
LONGEST_S = 1800.0  # of sound that is rendered for one request


def formed(
    kind: str, music: Score, texts: Sequence[str], progress: Callable[[float], None], rate: int
) -> tuple[str, bytes]:
    """A piece in the form ``kind``, one of MEDIA: its media type and bytes; ``texts`` go into a MIDI file."""
    if kind == "json":
        return answer(music_of(music))
    if not len(music):
        raise OptionError("the music has no notes, so there is nothing to write")
    if kind == "mid":
        return MEDIA[kind], midi_bytes(music, texts)
    if kind == "musicxml":
        return MEDIA[kind], musicxml_bytes(music, texts)
    if kind == "abc":
        return MEDIA[kind], abc_text(music, texts).encode()
    if kind == "svg":
        return MEDIA[kind], svg.roll(music).encode()
    if kind == "histograms.svg":
        return MEDIA[kind], svg.histograms(music).encode()
    return MEDIA[kind], _file(kind, music, progress, rate)


def _file(kind: str, music: Score, progress: Callable[[float], None], rate: int) -> bytes:
    """What only comes as a file."""
    with tempfile.TemporaryDirectory(prefix="antiphon-") as folder:
        path = Path(folder) / f"piece.{kind}"
        if kind == "png":
            from antiphon import pictures

            pictures.draw(music, path)
        else:
            if music.length_s > LONGEST_S:
                raise OptionError(
                    f"the music lasts {music.length_s:.0f} s; at most {LONGEST_S:g} are rendered, so cut it"
                )
            audio.render_file(music, path, rate=rate, progress=progress)
        return path.read_bytes()
