"""Phrases as binary rolls: some bars of a melody and its accompaniment, each cell a pitch in a sixteenth.

For models that draw a phrase at once, in the line of MuseGAN (Dong et al. 2018). Tempo and loudness are left out. Two
bits say what a pitch does in a step: that it sounds, and that it begins there, as a repeated note is none that is held.

Shapes: N phrases, T steps of a phrase, K tracks, 2 planes (sounds, begins), P pitches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.corpus.melodies import bar_lines
from antiphon.corpus.phrases import top_part
from antiphon.corpus.store import Corpus, Piece
from antiphon.errors import CorpusError
from antiphon.notes import DEFAULT_TEMPO, DRUMS, NOTE, TICKS_PER_QUARTER, Score, score

SOUNDS, BEGINS = 0, 1  # the planes
STEP_TICKS = TICKS_PER_QUARTER // 4
VELOCITIES = 88, 68  # of the notes of a melody and of its accompaniment, which have none of their own
NAMES = "melody", "accompaniment"
_KEYBOARDS = 8  # General MIDI programs below are pianos and their like
_OCTAVE = 12


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a phrase looks like, by default as the family gan has it."""

    bars: int = 2
    steps: int = 16  # sixteenths of a bar
    tracks: int = 2  # 2: melody and accompaniment; 1: all in one
    lowest: int = 36  # MIDI pitch
    pitches: int = 60

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, K, 2, P) of a phrase."""
        return self.bars * self.steps, self.tracks, 2, self.pitches


def phrases(music: Score, layout: Layout) -> np.ndarray:
    """(N, T, K, 2, P) uint8: a phrase from every bar line whose bars all have the layout's length and sound somewhere.

    A phrase is whole in itself: what sounds at its edges begins and ends there. Pitches beyond the layout's are moved
    by octaves.
    """
    parts = _parts(music, layout)
    if not parts:
        return np.empty((0, *layout.shape), np.uint8)
    last = max(int((start + length).max(initial=0)) for start, length, _ in parts)
    whole = np.zeros((last + layout.bars * layout.steps, *layout.shape[1:]), np.uint8)
    for track, (start, length, pitch) in enumerate(parts):
        for first, end, row in zip(start, start + length, pitch, strict=True):
            whole[first:end, track, SOUNDS, row] = 1
            whole[first, track, BEGINS, row] = 1
    lines = _begins(np.array([*bar_lines(music, last), last]), layout)
    found = [_cut(whole, line, layout) for line in lines if _is_full(whole, line, layout)]
    return np.array(found, np.uint8).reshape(-1, *layout.shape)


def _begins(lines: np.ndarray, layout: Layout) -> np.ndarray:
    """The bar lines at which so many bars of the right length begin."""
    right = np.diff(lines) == layout.steps
    runs = np.convolve(right, np.ones(layout.bars, int), "valid") if len(right) >= layout.bars else np.empty(0)
    return lines[: len(runs)][runs == layout.bars]


def _is_full(whole: np.ndarray, line: int, layout: Layout) -> bool:
    """Whether something sounds in every bar of the phrase."""
    found = whole[line : line + layout.bars * layout.steps, :, SOUNDS]
    return bool(found.reshape(layout.bars, -1).any(-1).all())


def _cut(whole: np.ndarray, line: int, layout: Layout) -> np.ndarray:
    found = whole[line : line + layout.bars * layout.steps].copy()
    found[0, :, BEGINS] = found[0, :, SOUNDS]
    return found


def _parts(music: Score, layout: Layout) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each track (M,) first step, length in steps, and row of its notes; none without notes."""
    notes = music.notes[music.notes["program"] != DRUMS]
    if not len(notes):
        return []
    start = (notes["onset"].astype(np.int64) + STEP_TICKS // 2) // STEP_TICKS
    end = (notes["onset"].astype(np.int64) + notes["duration"] + STEP_TICKS // 2) // STEP_TICKS
    length, row = np.maximum(end - start, 1), rows_of(notes["pitch"], layout)
    leads = _leads(notes)
    masks = (leads, ~leads) if layout.tracks > 1 else (leads | True,)
    return [(start[mine], length[mine], row[mine]) for mine in masks]


def _leads(notes: np.ndarray) -> np.ndarray:
    """(M,) bool: the notes of the melody: the highest part, of those that are no keyboard's where there are others."""
    others = notes["program"] >= _KEYBOARDS
    mixed = others.any() and not others.all()
    found = np.zeros(len(notes), bool)
    among = np.flatnonzero(others) if mixed else np.arange(len(notes))
    chosen = notes[among]
    found[among[top_part(chosen["onset"], chosen["pitch"], chosen["track"])]] = True
    return found


def rows_of(pitch: np.ndarray, layout: Layout) -> np.ndarray:
    """(M,) rows of pitches, those beyond the layout's moved by octaves."""
    row = pitch.astype(np.int64) - layout.lowest
    row = np.where(row < 0, row % _OCTAVE, row)
    top = layout.pitches - _OCTAVE
    return np.where(row >= layout.pitches, top + (row - top) % _OCTAVE, row)


class PhraseRolls:
    """The phrases of some pieces, eight cells a byte: those of 1,300 songs are 25 MB."""

    def __init__(self, corpus: Corpus, pieces: Sequence[Piece], layout: Layout) -> None:
        """Raises CorpusError where there is not one phrase."""
        found = [np.packbits(phrases(corpus.score(piece), layout), axis=-1) for piece in pieces]
        self.layout, self._packed = layout, np.concatenate(found)
        if not len(self._packed):
            raise CorpusError(
                f"{corpus.path} has no {layout.bars} bars of {layout.steps} sixteenths in a row with notes in "
                f"{layout.tracks} part{'s' if layout.tracks > 1 else ''}; choose another corpus, or set model.steps"
            )

    def __len__(self) -> int:
        return len(self._packed)

    def take(self, chosen: np.ndarray) -> np.ndarray:
        """(M, T, K, 2, P) uint8 some of the phrases."""
        return np.unpackbits(self._packed[chosen], axis=-1, count=self.layout.pitches)


def transposed(rolls: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Each phrase moved by up to ``most`` semitones, as far as none of its notes leaves the roll."""
    moved = np.zeros_like(rolls)
    for out, roll in zip(moved, rolls, strict=True):
        used = np.flatnonzero(roll[:, :, SOUNDS].any((0, 1)))
        low, high = (-min(most, int(used[0])), min(most, rolls.shape[-1] - 1 - int(used[-1]))) if len(used) else (0, 0)
        shift = int(rng.integers(low, high, endpoint=True))
        out[:] = np.roll(roll, shift, axis=-1)
    return moved


def to_score(rolls: np.ndarray, layout: Layout, tempo: int = DEFAULT_TEMPO, programs: Sequence[int] = ()) -> Score:
    """Phrases (N, T, K, 2, P) one after another, at a tempo in microseconds a quarter note.

    A note begins where its pitch does, or where it sounds and has not sounded just before in its phrase. ``programs``
    are the tracks' instruments, by default pianos.
    """
    tables = []
    for phrase, roll in enumerate(np.asarray(rolls)):
        for track in range(layout.tracks):
            start, length, row = notes_of(roll[:, track])
            table = np.zeros(len(row), NOTE)
            table["onset"] = (phrase * layout.shape[0] + start) * STEP_TICKS
            table["duration"], table["pitch"] = length * STEP_TICKS, layout.lowest + row
            table["velocity"], table["track"] = VELOCITIES[track], track
            table["program"] = programs[track] if programs else 0
            tables.append(table)
    notes = np.concatenate(tables) if tables else np.empty(0, NOTE)
    quarters = layout.steps // 4
    names = NAMES[: layout.tracks] if layout.tracks > 1 else ()
    return score(notes, [(0, tempo)], [(0, quarters, 4)], names)


def notes_of(roll: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(M,) first step, length in steps, and row of the notes in one track (T, 2, P) of a phrase."""
    sounds = roll[:, SOUNDS] > 0
    silent = np.zeros_like(sounds[:1])
    begins = sounds & ((roll[:, BEGINS] > 0) | ~np.concatenate([silent, sounds[:-1]]))
    ends = sounds & ~np.concatenate([sounds[1:] & ~begins[1:], silent])
    row, start = np.nonzero(begins.T)  # by pitch, then time: the ends come in the same order
    _, end = np.nonzero(ends.T)
    return start, end + 1 - start, row
