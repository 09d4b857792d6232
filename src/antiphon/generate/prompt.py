"""Prompts: the music that a model continues, from a file or typed as a melody, whole or a passage of it.

A prompt keeps its tracks, instruments, tempo and metre: what of it is kept in the output is as it was. What the model
hears of it is rows of the codec, see :func:`antiphon.generate.stream.prompt_rows`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from antiphon.errors import FileError, OptionError, unknown
from antiphon.files import read_music
from antiphon.generate.melody import is_melody, read_melody
from antiphon.notes import Score, score

_TIME = re.compile(r"(?:(?P<minutes>\d{1,5}):)?(?P<seconds>\d{1,6}(?:\.\d{1,6})?)s?")


@dataclass(frozen=True)
class Prompt:
    """Music to continue, where it came from, and the hash of all that was read there."""

    source: str  # a path, or a melody as it was typed
    sha256: str  # of the file's bytes, or of the melody's text in UTF-8
    typed: bool  # a melody rather than a file
    music: Score  # the passage that was asked for, beginning at 0


def read_prompt(
    source: str | Path, *, from_s: float | None = None, to_s: float | None = None, tracks: str | None = None
) -> Prompt:
    """The prompt in a file, or in a typed melody where there is no file of that name.

    Only notes that begin in [from_s, to_s) seconds are taken, and only those of ``tracks``, see :func:`pick`. Raises
    FileError or OptionError where nothing can be read, or nothing is left.
    """
    text = str(source)
    if not text.strip():
        raise OptionError("the music has no name: give a file of music, or a melody such as 'C4 E4 G4:2 r A4'")
    typed = is_melody(text) and not _exists(text)
    if typed:
        digest, music = hashlib.sha256(text.encode()).hexdigest(), read_melody(text)
    else:
        digest, music = file_hash(Path(text)), read_music(text)
    if tracks is not None:
        music = pick(music, tracks)
    if from_s is not None or to_s is not None:
        music = passage(music, from_s or 0.0, to_s)
    return Prompt(text, digest, typed, music)


def _exists(text: str) -> bool:
    """Whether a text is the path of something; a melody may be too long to be the path of anything."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def file_hash(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal; FileError where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FileError(
            f"cannot read {path}: {why}; give a file of music, or a melody such as 'C4 E4 G4:2 r A4'"
        ) from error


def seconds(text: str, what: str) -> float:
    """``"10"``, ``"10s"``, ``"1:30"`` → seconds. Raises OptionError naming ``what``."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise OptionError(f"{what} {text!r} is no time; write seconds or minutes: 10, 2.5s or 1:30")
    return 60 * int(found["minutes"] or 0) + float(found["seconds"])


def passage(music: Score, start_s: float, end_s: float | None) -> Score:
    """Notes that begin in [start_s, end_s), moved so that start_s becomes 0, under the tempo and metre that held there.

    Notes end where they ended, be it after end_s. Raises OptionError where none begins there.
    """
    if end_s is not None and end_s <= start_s:
        raise OptionError(f"a passage from {start_s:g} s to {end_s:g} s is empty: it must end after it begins")
    onset_s = music.onset_s
    notes = music.notes[(onset_s >= start_s) & (onset_s < (np.inf if end_s is None else end_s))]
    if not len(notes):
        until = "the end" if end_s is None else f"{end_s:g} s"
        raise OptionError(f"no note begins from {start_s:g} s to {until}; the music is {music.length_s:.1f} s long")
    start = min(int(music.ticks(start_s)), int(notes["onset"].min()))  # no note before 0 by rounding
    notes["onset"] -= start
    maps: list[np.ndarray] = []
    for table in (music.tempos, music.metres):
        table = table.copy()
        table["tick"] = np.maximum(table["tick"] - start, 0)  # of those before the start the last holds
        maps.append(table)
    return score(notes, maps[0], maps[1], music.tracks)


def pick(music: Score, tracks: str) -> Score:
    """Only the notes of some tracks: ``"1,3"`` counts from 1, names are those of the file. Raises OptionError."""
    numbers = [_track(music.tracks, name.strip()) for name in tracks.split(",")]
    chosen = music.select(np.isin(music.notes["track"], numbers))
    if not len(chosen):
        raise OptionError(f"the tracks {tracks!r} have no notes; give others")
    return chosen


def _track(names: Sequence[str], name: str) -> int:
    if name.isascii() and name.isdigit() and 1 <= int(name[:6]) <= len(names):
        return int(name) - 1
    if name in names:
        return names.index(name)
    known = [f"{i}" for i in range(1, len(names) + 1)] + [known for known in names if known]
    raise OptionError(unknown("track", name, known))


def joined(before: Score, after: Score, at_s: float) -> Score:
    """A kept prompt and the notes that follow, ``at_s`` seconds after its start, on tracks of their own.

    The prompt stays as it is, and its tempo and metre go on.
    """
    notes, table = after.notes.copy(), before.notes
    onset = before.ticks(after.onset_s + at_s)
    notes["duration"] = np.maximum(before.ticks(after.end_s + at_s) - onset, 1)
    notes["onset"] = onset
    notes["track"] += len(before.tracks)
    return score(np.concatenate([table, notes]), before.tempos, before.metres, (*before.tracks, *after.tracks))


def retimed(music: Score, tempo: float, metre: str = "4/4") -> Score:
    """The same music in seconds, under one tempo and metre, so that bars line up with music written to them.

    ``tempo`` is beats a minute; a beat is the note that the metre's lower number names.
    """
    numerator, denominator = map(int, metre.split("/"))
    frame = score(music.notes[:0], [(0, round(60e6 / tempo * denominator / 4))], [(0, numerator, denominator)])
    notes = music.notes.copy()
    onset = frame.ticks(music.onset_s)
    notes["duration"] = np.maximum(frame.ticks(music.end_s) - onset, 1)
    notes["onset"] = onset
    return score(notes, frame.tempos, frame.metres, music.tracks)
