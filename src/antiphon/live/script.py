"""A piece of music played in as if a person played it: for demonstrations and tests."""

from __future__ import annotations

from collections.abc import Iterator

from antiphon.errors import OptionError
from antiphon.live.events import NoteOff, NoteOn
from antiphon.live.simulate import performance
from antiphon.live.snapshot import Snapshot
from antiphon.notes import DRUMS, Score

BEGIN_S = 0.5  # after the player starts
PATIENCE_S = 3.0  # of rest, once the last note has ended and the model has had its say
MOST_S = 30.0  # after the last note even if the model goes on


class Script:
    """The notes of a score, drums left out, from ``start_s`` of the caller's clock on."""

    def __init__(self, music: Score, start_s: float) -> None:
        music = music.select(music.notes["program"] != DRUMS)
        if not len(music):
            raise OptionError("there are no notes to play in (drums do not count); give another file")
        self._start_s = start_s
        self._events = [(time_s, event) for time_s, event in performance(music) if isinstance(event, NoteOn | NoteOff)]
        self._at = 0
        self._busy_s = start_s + self._events[-1][0]  # when something last happened
        self._end_s = self._busy_s

    def due(self, now_s: float) -> Iterator[tuple[float, NoteOn | NoteOff]]:
        """What was played up to ``now_s`` and was not yet told, and when."""
        while self._at < len(self._events) and self._start_s + self._events[self._at][0] <= now_s:
            time_s, event = self._events[self._at]
            self._at += 1
            yield self._start_s + time_s, event

    def over(self, now_s: float, seen: Snapshot) -> bool:
        """Whether everything was played, and the model has rested for a while since, or goes on for ever."""
        if self._at < len(self._events):
            return False
        if seen.turn in ("answer", "listen") or seen.planned or seen.sounding:
            self._busy_s = max(now_s, self._end_s)
        return now_s > min(self._busy_s + PATIENCE_S, self._end_s + MOST_S)
