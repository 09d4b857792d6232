"""A Score of one voice as ABC.

Place in the path: the last station, beside :mod:`antiphon.files.musicxml_writer`, with the same grid. ABC has no
velocities and its readers no agreement on several voices, so only a melody is written: notes that begin together are a
chord, and notes that overlap by more than a 16th are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from antiphon.errors import FileError
from antiphon.files.notation import TICKS, UNITS, BarOf, Paper, Piece, bars, lay_out
from antiphon.files.paths import written
from antiphon.files.spelling import Key, key_of
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score

BARS_A_LINE = 4
OVERLAP = TICKS_PER_QUARTER // 4  # ticks: as much as legato may have
_UNIT = UNITS // 2  # L:1/8
_SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def write_abc(music: Score, path: Path | str, texts: Sequence[str] = ()) -> None:
    """Write a tune, with ``texts`` among its notes; FileError where it cannot be written or is not one voice."""
    data = abc_text(music, texts, title=Path(path).stem).encode()
    with written(path) as temporary:
        temporary.write_bytes(data)


def abc_text(music: Score, texts: Sequence[str] = (), *, title: str = "antiphon") -> str:
    """The tune as text. Raises FileError for music of several voices or of drums."""
    notes = music.notes
    _check(notes)
    lines, key = bars(music), key_of(music)
    paper = lay_out(notes, lines, 1)
    above, below = lines[0].metre
    bpm = 60e6 / int(music.tempos["tempo"][0])
    head = [f"X:1\nT:{' '.join(title.split())}", *(f"N:{' '.join(text.split())}" for text in texts)]
    head += [f"M:{above}/{below}", "L:1/8", f"Q:1/4={bpm:.0f}"]
    programs = np.unique(notes["program"]).tolist()
    head += [f"%%MIDI program {programs[0]}"] if programs not in ([], [0]) else []
    head += [f"K:{key.tonic}{'m' if key.mode == 'minor' else ''}"]
    return "\n".join([*head, *_lines(music, paper, key)]) + "\n"


def _check(notes: np.ndarray) -> None:
    """Raise FileError where notes are not one voice."""
    if (notes["program"] == DRUMS).any():
        raise FileError("drums cannot be written as ABC; write .musicxml or .mid")
    if len(np.unique(notes["track"])) > 1:
        raise FileError("ABC is written for one track, and this music has several; choose one, or write .musicxml")
    onset, end = notes["onset"].astype(np.int64), notes["onset"].astype(np.int64) + notes["duration"]
    later = np.searchsorted(onset, onset + OVERLAP // 2, side="right")
    following = np.append(onset, np.iinfo(np.int64).max)[later]
    over = np.flatnonzero(end - OVERLAP > following)
    if len(over):
        raise FileError(
            f"ABC is written for one voice, and note {over[0] + 1} sounds on under those after it; write .musicxml, or "
            "take the melody alone"
        )


def _lines(music: Score, paper: Paper, key: Key) -> Iterator[str]:
    """The bars, some to a line."""
    tempos = {round(int(t["tick"]) / TICKS): int(t["tempo"]) for t in music.tempos[1:]}
    written: list[str] = []
    for i, bar in enumerate(paper.bars):
        change = i and bar.metre != paper.bars[i - 1].metre
        text = f"[M:{bar.metre[0]}/{bar.metre[1]}]" if change else ""
        text += "".join(f"[Q:1/4={60e6 / tempo:.0f}]" for at, tempo in tempos.items() if _inside(at, bar))
        written.append(text + _bar(paper, bar, key))
        last = i + 1 == len(paper.bars)
        if last or len(written) == BARS_A_LINE:
            yield " | ".join(written) + (" |]" if last else " |")
            written = []


def _inside(at: int, bar: BarOf) -> bool:
    return bar.start <= at < bar.start + bar.length


def _bar(paper: Paper, bar: BarOf, key: Key) -> str:
    """One bar: beats apart, triplets marked, accidentals as the bar already has them."""
    shown: dict[tuple[str, int], int] = {}
    pieces = list(paper.pieces(0, bar)) if paper.voices else []
    out: list[str] = []
    for i, piece in enumerate(pieces):
        beat = (piece.start - bar.start) // bar.beat
        before = (pieces[i - 1].start - bar.start) // bar.beat if i else -1
        group = [p for p in pieces if p.triplet and (p.start - bar.start) // bar.beat == beat]
        marked = f"(3:2:{len(group)}" if piece.triplet and beat != before else ""
        out.append((" " if i and beat != before else "") + marked + _symbol(piece, key, shown))
    return "".join(out)


def _symbol(piece: Piece, key: Key, shown: dict[tuple[str, int], int]) -> str:
    length = Fraction(piece.length * 3, 2 * _UNIT) if piece.triplet else Fraction(piece.length, _UNIT)
    size = "" if length == 1 else str(length.numerator) if length.denominator == 1 else (
        f"{length.numerator if length.numerator > 1 else ''}/{length.denominator}"
    )  # fmt: skip
    if piece.chord is None:
        return f"z{size}"
    names = [_name(pitch, key, shown, piece.tied_from) for pitch, _ in piece.chord.notes]
    tie = "-" if piece.tied_on else ""
    return (names[0] if len(names) == 1 else f"[{''.join(names)}]") + size + tie


def _name(pitch: int, key: Key, shown: dict[tuple[str, int], int], tied: bool) -> str:
    """``^f'``: a pitch in this key, where ``shown`` holds the accidentals of the bar so far."""
    step, alter, octave = key.spell(pitch)
    sign = ""
    if shown.get((step, octave), key.signs().get(step, 0)) != alter and not tied:
        sign, shown[step, octave] = _SIGNS[alter], alter
    height = octave - 4
    return sign + (step.lower() + "'" * (height - 1) if height > 0 else step + "," * -height)
