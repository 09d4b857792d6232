"""Music beside a corpus: histograms of both, and what of it the corpus has note for note."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from antiphon.charts.histograms import PANELS, shares
from antiphon.corpus.store import Corpus, Piece, open_corpus
from antiphon.errors import OptionError
from antiphon.evaluate.memorisation import FLAG_QUANTILE, CopyIndex, training_index
from antiphon.notes import Score

SAMPLE = 40  # pieces that stand for a corpus in histograms: more moves no column that anyone would see
HELD_OUT = 40  # passages of held-out music that say how long a match may be by chance
LONGEST = 4096  # notes of such a passage
LEAST_NOTES = 20  # of music that is looked for: shorter runs are in any music


def panels(music: Score | None, corpus: str | None) -> dict[str, Any]:
    """For each histogram its edges, and per cent of the notes in each column."""
    real = None if corpus is None else _shares_of(corpus)
    found = []
    for index, panel in enumerate(PANELS):
        ours = None if music is None or len(music) < 2 else _said(*shares(panel, [music]))
        theirs = None if real is None else real[index]
        row = {"name": panel.name.lower(), "unit": panel.unit, "edges": panel.edges.tolist(), "ticks": panel.ticks}
        found.append({**row, "music": ours, "corpus": theirs})
    return {"panels": found}


@lru_cache(4)
def _shares_of(path: str) -> list[dict[str, Any] | None]:
    corpus = open_corpus(path)
    scores = [corpus.score(piece) for piece in _spread(corpus.pieces, SAMPLE)]
    return [_said(*shares(panel, scores)) for panel in PANELS]


def _said(per_cent: np.ndarray, median: float) -> dict[str, Any] | None:
    return None if np.isnan(median) else {"shares": per_cent.round(4).tolist(), "median": round(median, 3)}


def copied(music: Score, path: str, progress: Callable[[float], None]) -> dict[str, Any]:
    """The longest match of music in a corpus's training pieces, flagged where real held-out music has none so long."""
    if len(music) < LEAST_NOTES:
        raise OptionError(f"{len(music)} notes are too few to be looked for: give {LEAST_NOTES} at least")
    progress(0.01)
    _, index = _indexed(path)
    progress(0.8)
    found = index.copied(music)
    length = min(2 ** max(len(music).bit_length(), 6), LONGEST)  # they double, so that few are measured
    limit = _limit(path, length)
    return {
        **vars(found),
        "training_notes": index.notes,
        "flag_above_notes": limit,
        "flagged": limit is not None and found.longest > limit,
    }


@lru_cache(2)
def _indexed(path: str) -> tuple[Corpus, CopyIndex]:
    """A corpus and the index of its training pieces."""
    corpus = open_corpus(path)
    return corpus, training_index(corpus)


@lru_cache(32)
def _limit(path: str, notes: int) -> float | None:
    """The longest match that real held-out passages of so many notes have; None without held-out music."""
    corpus, index = _indexed(path)
    split = next((name for name in ("validation", "test") if name in corpus.manifest["splits"]), None)
    if split is None:
        return None
    passages = [corpus.score(piece) for piece in _spread(corpus.split(split), HELD_OUT)]
    longest = [index.copied(music.select(np.arange(min(notes, len(music))))).longest for music in passages]
    return float(np.quantile(longest, FLAG_QUANTILE)) if longest else None


def _spread(pieces: list[Piece], count: int) -> list[Piece]:
    """Pieces evenly spread over a list."""
    return pieces[:: max(len(pieces) // count, 1)][:count]
