"""Phrases and parts of pieces, as calls and answers.

Performances say nowhere where a phrase ends, so a piece is split where it rests longest, again and again until no
phrase is too long: onset to onset, as a pedal may hold sound through a rest. Each phrase is then the call of the next.
In written music of several parts the highest is a call, and the others sound together with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.corpus.augment import Excerpt
from antiphon.corpus.pairs import Pair
from antiphon.corpus.windows import NOTE_COLUMNS, Columns, Span
from antiphon.notes import DRUMS

SHORTEST = 8  # notes of a phrase


class Phrases:
    """Every two consecutive phrases of some pieces."""

    def __init__(self, columns: Columns, pieces: Sequence[Span], longest: int) -> None:
        """``longest`` is the number of notes that no phrase exceeds, at least 2 * SHORTEST."""
        self._columns = columns
        places = [np.empty((0, 3), np.int64)]
        for piece in pieces:
            onset_ms = columns["onset_ms"][piece.first : piece.first + piece.count]
            edges = piece.first + phrase_edges(onset_ms, longest)
            places.append(np.stack([edges[:-2], edges[1:-1], edges[2:]], -1))
        self._places = np.concatenate(places)  # (pairs, 3) rows at which call and answer begin, and the answer ends

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Pair:
        first, middle, last = self._places[index]
        call, answer = (_excerpt(self._columns, slice(*ends)) for ends in ((first, middle), (middle, last)))
        return Pair(call, answer, int(call.onset_ms[-1]), follows=True)


def phrase_edges(onset_ms: np.ndarray, longest: int) -> np.ndarray:
    """(phrases + 1,) where the phrases of notes with sorted onsets begin, and where the last ends.

    No phrase is longer than ``longest`` notes or, unless all of the piece is, shorter than SHORTEST.
    """
    steps = np.diff(onset_ms)
    edges, whole = [0, len(onset_ms)], [(0, len(onset_ms))]
    while whole:
        start, stop = whole.pop()
        if stop - start <= longest:
            continue
        low, high = start + SHORTEST, stop - SHORTEST  # an edge lies before note `low` at the earliest
        edge = low + int(steps[low - 1 : high].argmax())
        edges.append(edge)
        whole += [(start, edge), (edge, stop)]
    return np.array(sorted(edges))


class Parts:
    """The highest part of some pieces in stretches of notes, and what the others play meanwhile."""

    def __init__(self, columns: Columns, pieces: Sequence[Span], longest: int) -> None:
        """``longest`` is the number of notes in a stretch; stretches overlap by half."""
        self._pairs = [pair for piece in pieces for pair in _stretches(columns, piece, longest)]

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> Pair:
        return self._pairs[index]


def _stretches(columns: Columns, piece: Span, longest: int) -> list[Pair]:
    rows = slice(piece.first, piece.first + piece.count)
    audible = columns["program"][rows] != DRUMS
    notes = {name: columns[name][rows][audible] for name in (*NOTE_COLUMNS, "track")}
    if not audible.any():
        return []
    top = top_part(notes["onset_ms"], notes["pitch"], notes["track"])
    melody, others = ({name: column[where] for name, column in notes.items()} for where in (top, ~top))
    pairs, count = [], len(melody["pitch"])
    for start in range(0, max(count - longest // 2, 1), max(longest // 2, 1)):
        stop = min(start + longest, count)
        begins_ms = int(melody["onset_ms"][start]) if start else 0
        ends_ms = int(melody["onset_ms"][stop]) if stop < count else np.inf
        meanwhile = (others["onset_ms"] >= begins_ms) & (others["onset_ms"] < ends_ms)
        if meanwhile.any():
            call = _excerpt(melody, slice(start, stop))
            pairs.append(Pair(call, _excerpt(others, meanwhile), begins_ms, follows=False))
    return pairs


def top_part(onset: np.ndarray, pitch: np.ndarray, track: np.ndarray) -> np.ndarray:
    """(N,) bool: the notes of the track that is highest on average; of a single track the highest of each onset."""
    tracks = np.unique(track)
    if len(tracks) > 1:
        means = [pitch[track == one].mean() for one in tracks]
        return np.asarray(track == tracks[int(np.argmax(means))])
    order = np.lexsort((-pitch.astype(int), onset))
    top = np.zeros(len(onset), bool)
    top[order[np.diff(onset[order], prepend=onset[order[0]] - 1) != 0]] = True
    return top


def _excerpt(columns: Columns, rows: slice | np.ndarray) -> Excerpt:
    return Excerpt(*(columns[name][rows] for name in NOTE_COLUMNS))
