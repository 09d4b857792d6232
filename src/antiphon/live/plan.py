"""The model's notes on their way to the ear: planned, then sounding, then over. A note that starts always ends."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from antiphon.errors import OptionError
from antiphon.live.memory import Memory, Note, cell

MOST = 64  # notes planned at once


@dataclass(frozen=True, slots=True)
class Ending:
    """A note that is over."""

    note: Note
    end_ms: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A note to come, for those who watch; times on the caller's clock."""

    note: Note
    onset_s: float
    duration_s: float | None  # None: its end is not known yet
    locked: bool


@dataclass
class Plan:
    """Times are milliseconds of the session."""

    memory: Memory
    longest_ms: int  # that a note sounds
    notes: list[Note] = field(default_factory=list)  # composed, not begun; in order of time
    sounding: dict[int, Note] = field(default_factory=dict)  # by pitch
    locked: set[Note] = field(default_factory=set)  # those of the planned that stay whatever the player plays

    @property
    def last_ms(self) -> int | None:
        """The onset of the last planned note."""
        return self.notes[-1].onset_ms if self.notes else None

    @property
    def sounds(self) -> list[Note]:
        """What sounds and what is to come."""
        return [*self.sounding.values(), *self.notes]

    def add(self, note: Note) -> None:
        """A note that was just composed and is in the memory."""
        self.notes.append(note)

    def forget(self, after_ms: int = -1) -> int:
        """Take back what begins later and is not locked; how many notes."""
        self.locked &= set(self.notes)
        unheard = [note for note in self.notes if note.onset_ms > after_ms and note not in self.locked]
        self.drop(unheard)
        return len(unheard)

    def drop(self, notes: list[Note]) -> None:
        """Take back some of what is planned."""
        if notes:
            self.memory.remove(notes)
            gone = set(map(id, notes))
            self.notes = [note for note in self.notes if id(note) not in gone]

    def move(self, note: Note, onset_ms: int, pitch: int) -> None:
        """A planned note at another time and pitch, and locked. Raises OptionError where another begins there."""
        end_ms = None if note.end_ms is None else note.end_ms + onset_ms - note.onset_ms
        moved = Note(onset_ms, pitch, note.velocity, end_ms, note.part, note.program)
        if any(order(other) == order(moved) for other in self.notes if other is not note):
            raise OptionError("another planned note of that pitch begins there already")
        self.drop([note])
        self.memory.add(moved)
        insort(self.notes, moved, key=order)
        self.locked.add(moved)

    def due(self, now_ms: int) -> list[Note]:
        """Planned notes whose time has come."""
        return [note for note in self.notes if note.onset_ms <= now_ms]

    def delay(self, by_ms: int) -> None:
        """Everything planned happens later."""
        if self.notes:
            self.memory.delay(self.notes, by_ms)

    def has(self, note: Note) -> bool:
        """Whether a note is planned or sounds."""
        return self.sounding.get(note.pitch) is note or any(planned is note for planned in self.notes)

    def begin(self, note: Note) -> list[Ending]:
        """A planned note begins; a sounding note of its pitch ends.

        In the memory that one keeps the end it was written with: it is over to the ear only, and a model that strikes a
        pitch again means both.
        """
        self.notes = [planned for planned in self.notes if planned is not note]
        before = self.sounding.get(note.pitch)
        self.sounding[note.pitch] = note
        return [Ending(before, note.onset_ms)] if before else []

    def over(self, now_ms: int) -> list[Ending]:
        """Sounding notes whose end has come, the earliest first."""
        ends = [Ending(note, self.end_ms(note)) for note in self.sounding.values()]
        ended = sorted((e for e in ends if e.end_ms <= now_ms), key=lambda e: e.end_ms)
        for ending in ended:
            self._finish(ending)
        return ended

    def stop(self, now_ms: int) -> list[Ending]:
        """End all that sounds."""
        ended = [Ending(note, max(min(now_ms, self.end_ms(note)), note.onset_ms)) for note in self.sounding.values()]
        for ending in ended:
            self._finish(ending)
        return ended

    def next_ms(self) -> int | None:
        """When something begins or ends next."""
        times = [self.end_ms(note) for note in self.sounding.values()]
        return min(times + [note.onset_ms for note in self.notes[:1]], default=None)

    def end_ms(self, note: Note) -> int:
        """When a note stops sounding."""
        longest_ms = note.onset_ms + self.longest_ms
        written_ms = note.end_ms if note.off_ms is None else note.off_ms
        return longest_ms if written_ms is None else min(written_ms, longest_ms)

    def _finish(self, ending: Ending) -> None:
        del self.sounding[ending.note.pitch]
        if ending.note.end_ms != ending.end_ms:
            self.memory.end(ending.note, ending.end_ms)


def order(note: Note) -> tuple[int, int]:
    """As the codec orders notes."""
    return cell(note.onset_ms), note.pitch
