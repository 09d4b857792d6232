"""A live session whose plan a person may change: planned notes can be vetoed, locked and moved before they sound."""

from __future__ import annotations

import time
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from antiphon.engine.base import Engine
from antiphon.errors import OptionError
from antiphon.generate.voice import Seed
from antiphon.live.composer import Composer
from antiphon.live.events import Due, Played
from antiphon.live.memory import Note, cell
from antiphon.live.plan import Plan
from antiphon.live.session import Session, ignore
from antiphon.live.settings import LiveSettings
from antiphon.notes import Score


@dataclass
class LockingPlan(Plan):
    """A plan of which some notes stay when the player plays."""

    locked: set[Note] = field(default_factory=set)

    def forget(self, after_ms: int = -1) -> int:
        """Take back what begins later and is not locked; how many notes."""
        unheard = [note for note in self.notes if note.onset_ms > after_ms and note not in self.locked]
        self.drop(unheard)
        return len(unheard)


class Steered(Session):
    """:class:`Session` with three more verbs. A planned note is named by its onset and pitch, see :meth:`ghosts`."""

    def __init__(
        self,
        engine: Engine,
        settings: LiveSettings,
        *,
        seed: Seed,
        prompt: Score | None = None,
        played: Callable[[Played], None] = ignore,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(engine, settings, seed=seed, prompt=prompt, played=played, timer=timer)
        self._plan: LockingPlan = LockingPlan(self._memory, self._plan.longest_ms)
        self._composer = Composer(self._memory, self._plan, self._keys, self.ledger, timer)

    def ghosts(self) -> list[dict[str, Any]]:
        """The planned notes, on the caller's clock."""
        self._plan.locked &= set(self._plan.notes)
        return [
            {
                "id": _id(note),
                "onset_s": round(self._timeline.seconds(note.onset_ms), 4),
                "duration_s": None if note.end_ms is None else (note.end_ms - note.onset_ms) / 1000,
                "pitch": note.pitch,
                "velocity": note.velocity,
                "locked": note in self._plan.locked,
            }
            for note in self._plan.notes
        ]

    def phrase_ends_s(self) -> float | None:
        """When the player's phrase will be over if nothing more is played; None: there is none, or not by itself."""
        if self._conductor.turn != "listen":
            return None
        ends_ms = self._turn_ends_ms(self._timeline.now_ms)
        return None if ends_ms is None else self._timeline.seconds(ends_ms)

    def veto(self, name: str) -> None:
        """A planned note shall not sound. Raises OptionError where there is none of that name."""
        self._plan.drop([self._found(name)])

    def lock(self, name: str, locked: bool) -> None:
        """A planned note stays whatever the player plays, or no longer does."""
        note = self._found(name)
        if locked:
            self._plan.locked.add(note)
        else:
            self._plan.locked.discard(note)

    def move(self, name: str, pitch: int | None = None, onset_s: float | None = None) -> None:
        """A planned note at another pitch or time, and locked; one that would be in the past comes at once."""
        note = self._found(name)
        onset_ms = note.onset_ms
        if onset_s is not None:
            onset_ms = max(round((onset_s - self._timeline.seconds(0)) * 1000), self._timeline.now_ms)
        pitch = note.pitch if pitch is None else pitch
        end_ms = None if note.end_ms is None else note.end_ms + onset_ms - note.onset_ms
        moved = Note(onset_ms, pitch, note.velocity, end_ms, "model", note.program)
        if any(_order(other) == _order(moved) for other in self._plan.notes if other is not note):
            raise OptionError("another planned note of that pitch begins there already")
        self._plan.drop([note])
        self._memory.add(moved)
        insort(self._plan.notes, moved, key=_order)
        self._plan.locked.add(moved)

    def silence(self) -> tuple[Due, ...]:
        """As :meth:`Session.silence`; what is locked is forgotten too."""
        self._plan.locked.clear()
        return super().silence()

    def _found(self, name: str) -> Note:
        for note in self._plan.notes:
            if _id(note) == name:
                return note
        raise OptionError("there is no such planned note any more")


def _id(note: Note) -> str:
    return f"{note.onset_ms}-{note.pitch}"


def _order(note: Note) -> tuple[int, int]:
    """As the codec orders notes."""
    return cell(note.onset_ms), note.pitch
