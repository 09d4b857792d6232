"""Score from ABC, the notation in which folk tunes are typed.

Place in the path: the first station, ``file → Score``, beside :mod:`antiphon.files.midi`; a tune's header is read here,
its music by :mod:`antiphon.files.abc_music`. The language is ABC 2.1 (Walshaw, 2011) with what older files write.
:mod:`antiphon.files.abc_writer` goes the other way.

Conventions. A file of several tunes is read as all of them one after another; :func:`tunes` cuts it into one text each,
which is how a corpus is prepared. A voice is a track. Chord names are played only where that is asked for. Grace notes
and ornaments are not played; lyrics and directions for typesetting are passed over.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from antiphon.errors import FileError
from antiphon.files.abc_music import FIELDS, Music
from antiphon.files.paths import read_bytes
from antiphon.files.played import Measure, play
from antiphon.notes import Score

MAX_BYTES = 20_000_000  # the largest collection of tunes anywhere is below it
_FIELD = re.compile(r"([A-Za-z+]):(.*)")


class Tune(NamedTuple):
    """The text of one tune."""

    number: str  # what its X: field says
    title: str
    lines: list[tuple[int, str]]  # each with its number in the file


def read_abc(path: Path | str, *, pedal: bool = True, chords: bool = False) -> Score:
    """The tunes of an ABC file, one after another; with ``chords`` chord names sound as a track of their own.

    ``pedal`` is for MIDI files and changes nothing here. Raises FileError with the line.
    """
    return read_abc_bytes(read_bytes(path, MAX_BYTES, "file of tunes"), str(path), pedal=pedal, chords=chords)


def read_abc_bytes(data: bytes, name: str, *, pedal: bool = True, chords: bool = False) -> Score:
    """:func:`read_abc` for bytes already in memory; ``name`` is what errors call them."""
    pieces: list[list[Measure]] = []
    tracks: list[str] = []
    for tune in tunes(data, name):
        music = _music(tune, name, chords)
        pieces.append(music.finish())
        tracks += music.tracks[len(tracks) :]
    return play(pieces, tracks, name)


def tunes(data: bytes, name: str) -> list[Tune]:
    """The tunes in a file: each begins with an X: field and ends at an empty line or the next one.

    A file without X: is one tune, if it has a K: field. Raises FileError where there is none.
    """
    if len(data) > MAX_BYTES:
        raise FileError(f"cannot read {name}: it is larger than {MAX_BYTES // 10**6} MB, which no tunes need")
    found: list[Tune] = []
    open_tune = False
    for number, line in enumerate(_text(data).splitlines(), start=1):
        line = line.strip()
        if re.match(r"X:\s*\S", line) or (line.startswith("K:") and not found):
            found.append(Tune(line[2:].strip() if line[0] == "X" else "1", "", [(number, line)]))
            open_tune = True
        elif not line:
            open_tune = open_tune and not _has_music(found[-1])
        elif open_tune:
            found[-1].lines.append((number, line))
            if line.startswith("T:") and not found[-1].title:
                found[-1] = found[-1]._replace(title=line[2:].strip())
    if not found:
        raise FileError(f"cannot read {name}: it has no tune, which begins with X:1 and has a key such as K:D")
    return found


def _text(data: bytes) -> str:
    """UTF-8, or the Latin-1 of older files."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _has_music(tune: Tune) -> bool:
    """Whether a tune has lines after its key, so that an empty line ends it: some files have one in the header."""
    keys = [i for i, (_, line) in enumerate(tune.lines) if line.startswith("K:")]
    return bool(keys) and any(not _FIELD.match(line) for _, line in tune.lines[keys[0] + 1 :])


def _music(tune: Tune, name: str, chords: bool) -> Music:
    """A tune's music, read line by line."""
    music = Music(name, chords)
    in_body = False
    for number, line in tune.lines:
        text = _uncommented(line)
        field = _FIELD.match(text)
        if field and not (in_body and field[2].startswith(("|", ":"))):  # a line of music may be d:|
            letter, value = field[1], field[2].strip()
            if letter == "K" and not in_body:
                in_body = True
                music.field(letter, value, number)
                music.begin()
            elif letter in FIELDS:
                music.field(letter, value, number)
        elif in_body and text:
            music.line(text, number)
    if not in_body:
        raise FileError(
            f"cannot read {name}: line {tune.lines[0][0]}: tune {tune.number!r} has no key; write one, such as K:D"
        )
    return music


def _uncommented(line: str) -> str:
    """A line without its comment; the directive that sets a program becomes a field."""
    program = re.match(r"%%MIDI\s+program\s+(?:\d+\s+)?(\d{1,3})\s*$", line)
    return f"I:program {program[1]}" if program else re.sub(r"(?<!\\)%.*", "", line).strip()
