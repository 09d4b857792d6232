"""Pieces measured a group at a time, so that a Ctrl-C loses one group at most, and the share that is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from antiphon.corpus.store import Piece
from antiphon.evaluate.cache import Arrays, Keep

GROUP = 32  # pieces, as many as are heard side by side

Progress = Callable[[float], None]  # is told the share done, 0 to 1
Measure = Callable[[Sequence[Piece], Callable[[int], None]], Arrays]  # of some pieces; tells the notes just heard


def in_groups(
    pieces: Sequence[Piece], measure: Measure, keep: Keep, progress: Progress, times: int = 1
) -> list[Arrays]:
    """What ``measure`` gives of each group of pieces; it hears every note so many times."""
    total, done, found = sum(piece.count for piece in pieces), 0, []
    for start in range(0, len(pieces), GROUP):
        group = pieces[start : start + GROUP]
        size = sum(piece.count for piece in group)
        tell = told_of_notes(partial(of_all, progress, done, size, total), times * size)
        found.append(keep(start // GROUP, partial(measure, group, tell)))
        done += size
        progress(done / total)
    return found


def told_of_notes(progress: Progress, total: int) -> Callable[[int], None]:
    """What is to be told of notes, as a share of all."""
    done = 0

    def tell(notes: int) -> None:
        nonlocal done
        done += notes
        progress(min(done / max(total, 1), 1.0))

    return tell


def of_all(progress: Progress, before: int, part: int, total: int, share: float) -> None:
    """Tell a share of a part, which so much comes before, as one of the whole."""
    progress((before + part * share) / total)
