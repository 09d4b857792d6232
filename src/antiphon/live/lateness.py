"""What becomes of notes that are called for too late: the written policy.

A note is due late when the model is slower than the music, or when the shell did not ask in time. Up to the tolerance
it sounds at once. Beyond it, one of three rules holds:

- ``drop``: the note does not sound and the model forgets it; what is planned for later keeps its time.
- ``delay``: the note sounds now and everything planned moves back with it, so nothing is lost but time.
- ``thin``: of all the notes that are too late the highest sounds now, the others are dropped, and for a second the
  model writes no chords and no fast notes, until it has caught up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.live.memory import Note
from antiphon.live.settings import Lateness

SPARSE_MS = 1000  # so long after thinning out, the model leaves
SPARSE_CELLS = 8  # at least so many 10 ms cells from onset to onset


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about the notes that are due."""

    drop: Sequence[Note] = ()
    delay_ms: int = 0
    thin: bool = False


def judge(policy: Lateness, due: Sequence[Note], now_ms: int, tolerance_ms: float) -> Verdict:
    """The verdict on planned notes whose time has come, in order of time."""
    late = [note for note in due if now_ms - note.onset_ms > tolerance_ms]
    if not late:
        return Verdict()
    if policy == "delay":
        return Verdict(delay_ms=now_ms - late[0].onset_ms)
    if policy == "drop":
        return Verdict(drop=late)
    highest = max(late, key=lambda note: note.pitch)
    return Verdict(drop=[note for note in late if note is not highest], thin=True)
