"""The book: what voices wrote, note by note, until it becomes music."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.generate.ledger import DRONE, Ledger
from antiphon.generate.rules import Rules
from antiphon.generate.timeline import FAR
from antiphon.notes import NOTE, TICKS_PER_QUARTER, Score, score

_ONSET, _END, _VELOCITY, _ROLE = range(4)


class Page(NamedTuple):
    """One note of each of B voices."""

    rows: np.ndarray  # (B, A)
    exact: np.ndarray | None  # (B, 4) onset, end, velocity and role as the constraints have them; None without any
    part: np.ndarray  # (B,) bool: the note is part of the piece, which was not over
    parents: np.ndarray | None  # (B,) the voice of the page before that each goes on from; None: from itself


class Book:
    """Collects the notes of B voices."""

    def __init__(self, codec: NoteCodec) -> None:
        self._codec = codec
        self._pages: list[Page] = []

    def __len__(self) -> int:
        return len(self._pages)

    def add(self, rows: np.ndarray, ledger: Ledger | None, part: np.ndarray, parents: np.ndarray | None = None) -> None:
        """One more note of each voice; ``ledger`` is the one that has it."""
        exact = None if ledger is None else np.stack([ledger.now, ledger.end, ledger.velocity, ledger.role], 1)
        self._pages.append(Page(rows, exact, part, parents))

    def rows(self, voice: int) -> np.ndarray:
        """(N, A) int64 rows of a voice's piece."""
        return np.array([page.rows[i] for page, i in self._path(voice)], np.int64).reshape(
            -1, len(self._codec.attributes)
        )

    def exact(self, voice: int) -> np.ndarray:
        """(N, 4) what the constraints know of each note of a voice's piece: see :class:`Page`."""
        found = [page.exact[i] for page, i in self._path(voice) if page.exact is not None]
        return np.array(found, np.int64).reshape(-1, 4)

    def _path(self, voice: int) -> list[tuple[Page, int]]:
        """The notes of a piece, followed back through the voices it goes on from."""
        path = []
        for page in reversed(self._pages):
            if page.part[voice]:
                path.append((page, voice))
            voice = voice if page.parents is None else int(page.parents[voice])
        return path[::-1]


def exact_score(rules: Rules, rows: np.ndarray, exact: np.ndarray, cut: int = FAR, program: int = 0) -> Score:
    """The music of (N, A) rows whose exact (N, 4) times are known, up to ``cut`` units, at the constraints' tempo.

    A drone sounds until it is struck again. What the cut would leave shorter than the shortest duration is left out.
    """
    column, timeline, c = rules.codec.column, rules.timeline, rules.control.constraints
    pitch = rows[:, column["pitch"]]
    onset, end = exact[:, _ONSET], np.minimum(_drones_through(exact, pitch), cut)
    kept = (end - onset >= rules.plan.duration_min) | ((exact[:, _ROLE] == DRONE) & (end > onset))
    notes = np.empty(int(kept.sum()), NOTE)
    quarter = 60e6 / 120 if c.tempo is None else 60e6 / c.tempo * TICKS_PER_QUARTER / timeline.beat_ticks
    tempo = round(quarter)
    scale = 1.0 if c.grid is not None else TICKS_PER_QUARTER * 1e6 / tempo / timeline.units_per_s
    notes["onset"] = np.rint(onset[kept] * scale)
    notes["duration"] = np.maximum(np.rint(end[kept] * scale) - notes["onset"], 1)
    notes["pitch"], notes["velocity"], notes["track"] = pitch[kept], exact[kept, _VELOCITY], 0
    notes["program"] = rows[kept, column["program"]] if rules.codec.programs else program
    numerator, denominator = map(int, c.metre.split("/"))
    return score(notes, [(0, tempo)], [(0, numerator, denominator)])


def _drones_through(exact: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(N,) ends, those of a drone's notes moved to where the next one of its pitch begins, or the music ends."""
    drone = exact[:, _ROLE] == DRONE
    end = exact[:, _END].copy()
    over = int(end[~drone].max(initial=0))
    for one in np.unique(pitch[drone]):
        strikes = np.flatnonzero(drone & (pitch == one))
        end[strikes] = np.append(exact[strikes[1:], _ONSET], max(over, int(exact[strikes[-1], _ONSET]) + 1))
    return end
