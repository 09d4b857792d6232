"""Copies: how much of a piece stands, note for note, in the music that a model was trained on.

Notes become symbols: the interval from the note before, and how the time since it compares with the time before that:
together (at most 30 ms), shorter (less than 1/1.7), alike or longer (more than 1.7 times). So a match is a run of notes
with the same intervals, the same chords and a like rhythm: transposition changes nothing, a tempo only what rounding to
10 ms moves across those limits, loudness and lengths of notes nothing. Order is by 10 ms cell, then pitch, as in the
codec's rows. A run that real held-out music shares with the training set too, scales and trills, is no proof of
copying: the same numbers of real music stand beside a model's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.bins import CELL_MS
from antiphon.codec import milliseconds
from antiphon.corpus.store import Corpus, Piece
from antiphon.evaluate.suffixes import SuffixArray, build
from antiphon.files.paths import written_folder
from antiphon.notes import DRUMS, Score

TOGETHER = 3  # cells: 30 ms
LIMIT = 1.7  # between the ratios of written rhythm: 3/2 counts as alike, 2 does not
COVERED = 12  # notes of a match that counts as covered
FLAG_QUANTILE = 0.99  # of held-out real music: what matches longer than this is flagged


@dataclass(frozen=True)
class Copied:
    """What a piece shares with the training set."""

    longest: int  # notes of the longest match; at most DEPTH + 1 are counted
    coverage: float  # share of the notes that lie in some match of COVERED notes or more
    first: int  # the note with which the longest match begins
    source: str  # the piece that has it
    source_note: int  # where in it


@dataclass(frozen=True)
class CopyIndex:
    """The training set to be searched for copies: 6 bytes a note, an answer for 500 notes in some 10 ms."""

    suffixes: SuffixArray
    starts: np.ndarray  # (P+1,) where each piece's symbols begin
    names: list[str]  # of the pieces

    @property
    def notes(self) -> int:
        """Notes of all pieces."""
        return len(self.suffixes.text)

    def matches(self, score: Score) -> np.ndarray:
        """(N,) notes of the longest match that begins with each note but the last; 1 where there is none."""
        return np.append(self.suffixes.longest(score_symbols(score))[0], 0)[: len(score)] + 1

    def copied(self, score: Score, covered: int = COVERED) -> Copied:
        """What a piece shares with the training set; drums are not looked at."""
        symbols = score_symbols(score)
        if not len(symbols):
            return Copied(0, 0.0, 0, "", 0)
        length, place = self.suffixes.longest(symbols)
        first = int(length.argmax())
        piece = int(np.searchsorted(self.starts, place[first], side="right")) - 1
        return Copied(
            int(length[first]) + 1,
            float(_covered(length, covered).mean()),
            first,
            self.names[piece],
            int(place[first] - self.starts[piece]),
        )

    def save(self, folder: Path) -> None:
        """Write the index, whole or not at all."""
        with written_folder(folder) as temporary:
            np.save(temporary / "text.npy", self.suffixes.text)
            np.save(temporary / "order.npy", self.suffixes.order)
            np.save(temporary / "starts.npy", self.starts)
            (temporary / "names.txt").write_text("\n".join(n.replace("\n", " ") for n in self.names), encoding="utf-8")


def load_index(folder: Path) -> CopyIndex:
    """An index that was saved."""
    arrays = [np.load(folder / f"{name}.npy") for name in ("text", "order", "starts")]
    names = (folder / "names.txt").read_text(encoding="utf-8").split("\n")
    return CopyIndex(SuffixArray(arrays[0], arrays[1]), arrays[2], names)


def training_index(corpus: Corpus, first: Callable[[], None] = lambda: None) -> CopyIndex:
    """The index of a corpus's training pieces, kept in the person's cache folder: making it takes a minute.

    ``first`` is called before it is made.
    """
    import platformdirs

    folder = platformdirs.user_cache_path("antiphon") / "copies" / corpus.sha256[:32]
    if not folder.exists():
        first()
        folder.parent.mkdir(parents=True, exist_ok=True)
        index_corpus(corpus, corpus.split("train")).save(folder)
    return load_index(folder)


def index_corpus(corpus: Corpus, pieces: Sequence[Piece]) -> CopyIndex:
    """The index of some pieces of a corpus, drums left out."""
    columns = corpus.columns()
    texts = []
    for piece in pieces:
        part = slice(piece.first, piece.first + piece.count)
        pitched = columns["program"][part] != DRUMS
        texts.append(np.append(symbols(columns["onset_ms"][part][pitched], columns["pitch"][part][pitched]), 0))
    return make_index(texts, [piece.name for piece in pieces])


def make_index(texts: Sequence[np.ndarray], names: Sequence[str]) -> CopyIndex:
    """The index of pieces given as symbols that each end in a 0."""
    starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    return CopyIndex(build(np.concatenate(texts).astype(np.uint16)), starts, list(names))


def score_symbols(score: Score) -> np.ndarray:
    """(N-1,) symbols of a score's notes, drums left out."""
    pitched = score.notes["program"] != DRUMS
    return symbols(milliseconds(score)[0][pitched], score.notes["pitch"][pitched])


def symbols(onset_ms: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(N-1,) uint16, 1 to 1023: what each note but the first is to those before it."""
    cell = (onset_ms.astype(np.int64) + CELL_MS // 2) // CELL_MS
    order = np.lexsort((pitch, cell))
    step = np.diff(cell[order])
    interval = np.diff(pitch[order].astype(np.int64))
    return symbol(interval, step, _reference(step))


def symbol(interval: np.ndarray, step: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """uint16 symbols of intervals in semitones, steps in cells, and the last steps before them that were no chord's."""
    kind = np.where(step * LIMIT < reference, 1, np.where(step > reference * LIMIT, 3, 2))
    kind = np.where(step <= TOGETHER, 0, np.where(reference > 0, kind, 2))
    return ((interval + 128) * 4 + kind).astype(np.uint16)


def _reference(step: np.ndarray) -> np.ndarray:
    """(M,) the last of the steps before each that is longer than a chord's; 0 where there is none."""
    apart = np.where(step > TOGETHER, np.arange(len(step)), -1)
    last = np.concatenate([[-1], np.maximum.accumulate(apart)[:-1]]) if len(step) else apart
    return np.where(last >= 0, step[np.maximum(last, 0)], 0)


def report(
    index: CopyIndex, written: Sequence[Score], names: Sequence[str], real: Sequence[Score], covered: int = COVERED
) -> dict[str, Any]:
    """What written pieces share with the training set, beside what held-out real pieces of the same length share.

    A written piece is flagged if its longest match is longer than that of 99 of 100 real ones.
    """
    ours, theirs = ([index.copied(score, covered) for score in scores] for scores in (written, real))
    limit = float(np.quantile([c.longest for c in theirs], FLAG_QUANTILE)) if theirs else float("inf")
    return {
        "training_notes": index.notes,
        "covered_notes": covered,
        "flag_above_notes": limit if theirs else None,
        "written": _shares(ours),
        "real": _shares(theirs),
        "flagged": [
            {"sample": name, **vars(copied)} for name, copied in zip(names, ours, strict=True) if copied.longest > limit
        ],
    }


def _covered(length: np.ndarray, covered: int) -> np.ndarray:
    """(N,) bool: the notes that lie in a match of so many notes; ``length`` (N-1,) in symbols, one fewer than notes."""
    change = np.zeros(len(length) + 2, np.int64)
    begin = np.flatnonzero(length + 1 >= covered)
    np.add.at(change, begin, 1)
    np.add.at(change, begin + length[begin] + 1, -1)
    return np.cumsum(change)[:-1] > 0


def _shares(copies: Sequence[Copied]) -> dict[str, Any]:
    if not copies:
        return {"samples": 0}
    longest, coverage = np.array([c.longest for c in copies]), np.array([c.coverage for c in copies])
    return {
        "samples": len(copies),
        "longest_median": float(np.median(longest)), "longest_95": float(np.quantile(longest, 0.95)),
        "longest_max": int(longest.max()),
        "coverage_mean": float(coverage.mean()), "coverage_max": float(coverage.max()),
    }  # fmt: skip
