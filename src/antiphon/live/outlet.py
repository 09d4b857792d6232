"""What leaves a session: events to be sounded, in order of time, and notes that have ended, for who keeps a record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from antiphon.live.events import Clock, Due, NoteOff, NoteOn, Part, Played
from antiphon.live.memory import Note
from antiphon.live.timeline import Timeline

SHOWN = 1000  # notes that have ended that are remembered


class Outlet:
    """Times go in as milliseconds of the session and come out on the caller's clock."""

    def __init__(self, timeline: Timeline, record: Callable[[Played], None]) -> None:
        self._timeline, self._record = timeline, record
        self._events: list[tuple[int, Part, NoteOn | NoteOff | Clock]] = []
        self.ended: deque[Played] = deque(maxlen=SHOWN)

    @property
    def waiting(self) -> bool:
        """Whether something was not collected yet."""
        return bool(self._events)

    def sound(self, time_ms: int, part: Part, event: NoteOn | NoteOff | Clock) -> None:
        """Something to be sounded."""
        self._events.append((time_ms, part, event))

    def click(self, timed: Iterable[tuple[int, NoteOn | NoteOff | Clock]]) -> None:
        """Clicks and ticks to be sounded."""
        for time_ms, event in timed:
            self.sound(time_ms, "click", event)

    def keep(self, note: Note, end_ms: int) -> None:
        """A note of either part has ended."""
        played = self.played(note, end_ms)
        self.ended.append(played)
        self._record(played)

    def collect(self) -> tuple[Due, ...]:
        """All that is to be sounded since the last time."""
        events = sorted(self._events, key=lambda entry: entry[0])  # of one time, in the order in which they came
        self._events.clear()
        return tuple(Due(self._timeline.seconds(ms), part, event) for ms, part, event in events)

    def played(self, note: Note, end_ms: int | None) -> Played:
        """A note for people; without an end it still sounds."""
        duration_s = None if end_ms is None else (end_ms - note.onset_ms) / 1000
        return Played(self._timeline.seconds(note.onset_ms), duration_s, note.pitch, note.velocity, note.part)
