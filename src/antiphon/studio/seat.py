"""The owner of one session: what the player does goes in, messages for the client come out. It knows no network.

All methods but the constructor run in one thread at a time, which the connection sees to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from antiphon.engine.base import Engine
from antiphon.errors import AntiphonError
from antiphon.generate.options import Value
from antiphon.live.events import Due, NoteOff, NoteOn, Part, Played
from antiphon.live.session import Session
from antiphon.live.settings import LiveSettings
from antiphon.notes import Score
from antiphon.studio import desk
from antiphon.studio.metrics import Metrics
from antiphon.studio.said import Change, Key, Said, Silence, Steer, Swap
from antiphon.studio.steering import Steering

Message = dict[str, Any]
LATEST_S = 0.7  # a key is heard at the time it was struck, but at most so long ago
STATE_S = 0.04  # from one state to the next at least
METERS_S = 1.0
ONE_MS = 0.001
MOST_NUMBER = 2**53  # that an error repeats: what a page can count to


class Open(Protocol):
    """What opens models."""

    def __call__(self, name: str, wishes: Mapping[str, Value], /) -> Engine:
        """The model of a name, told what is wished for. Raises ModelError or OptionError where that cannot be."""


class Seat:
    """A session and who has it."""

    def __init__(
        self,
        open_engine: Open,
        model: str,
        settings: LiveSettings,
        *,
        seed: int,
        lead_s: float,
        prompt: Score | None,
        metrics: Metrics,
        now_s: float,
    ) -> None:
        self.model = model
        self._open, self._lead_s, self._metrics = open_engine, lead_s, metrics
        self._ended: list[Played] = []
        self._session = Session(
            open_engine(model, settings.wishes), settings, seed=(seed,), prompt=prompt, played=self._ended.append
        )
        self._steering = Steering(self._session)
        self._began: dict[tuple[Part, int], float] = {}  # notes that were handed out and have not ended
        self._last_state: Message = {}
        self._state_s = self._meters_s = now_s
        self._metered: dict[str, int] = {}
        self._first = self._session.due(now_s)  # its clock runs from here, and it may play at once

    @property
    def settings(self) -> Message:
        """All settings."""
        return desk.settings(self._session.settings)

    def step(self, said: Sequence[tuple[float, Message, Said]], now_s: float) -> tuple[list[Message], float | None]:
        """Everything there is to do at ``now_s``: what to send, and when to come again (None: not by itself)."""
        out: list[Message] = []
        for came_s, message, item in said:
            try:
                out += self._take(item, came_s)
            except AntiphonError as error:
                out.append(failed(message, error))
        out += self._handed_out((*self._first, *self._session.due(now_s + self._lead_s)), now_s)
        self._first = ()
        out += self._told(now_s)
        due_s = self._session.next_s()
        times = [] if due_s is None else [due_s - self._lead_s]
        if now_s - self._state_s < STATE_S:  # a state that was held back
            times.append(self._state_s + STATE_S)
        return out, min(times, default=None)

    def silence(self, now_s: float) -> list[Message]:
        """End all that sounds."""
        events, self._first = (*self._first, *self._session.silence()), ()
        return self._handed_out(events, now_s)

    def _take(self, item: Said, came_s: float) -> list[Message]:
        match item:
            case Key(event, at_s):
                time_s = came_s if at_s is None else min(max(at_s, came_s - LATEST_S), came_s)
                if isinstance(event, NoteOn):
                    self._metrics.count("antiphon_notes_total", part="player")
                self._session.hear(event, time_s)
            case Silence():
                return self.silence(came_s)
            case Change(changes):
                self._change(desk.checked(changes))
                return [{"type": "settings", "settings": self.settings}]
            case Swap(name):
                self._session.swap(self._open(name, self._session.settings.wishes))
                self.model = name
                return [{"type": "model", "name": name}]
            case Steer():
                self._steer(item)
        return []

    def _change(self, changes: Mapping[str, Any]) -> None:
        """New settings, all or none; a model that is asked for something else hears first what was played."""
        before = self._session.settings.wishes
        wishes = replace(self._session.settings, **changes).wishes
        engine = None if wishes == before else self._open(self.model, wishes)
        self._session.change(**changes)
        if engine is not None:
            self._session.swap(engine)

    def _steer(self, item: Steer) -> None:
        match item.verb:
            case "veto":
                self._steering.veto(item.id)
            case "lock":
                self._steering.lock(item.id, item.locked)
            case _:
                self._steering.move(item.id, item.pitch, item.onset_s)

    def _handed_out(self, events: Sequence[Due], now_s: float) -> list[Message]:
        """One message with what is due; never the end of a note before its beginning, which would leave it sounding."""
        shown = []
        for due in events:
            event = due.event
            if isinstance(event, NoteOn):
                self._began[due.part, event.pitch] = due.due_s
                self._metrics.count("antiphon_notes_total", part=due.part)
                shown.append(_on(due.part, event, due.due_s))
            elif isinstance(event, NoteOff):
                at_s = max(due.due_s, self._began.pop((due.part, event.pitch), due.due_s - ONE_MS) + ONE_MS)
                shown.append({"on": False, "part": due.part, "pitch": event.pitch, "at_s": round(at_s, 4)})
        return [{"type": "due", "now_s": round(now_s, 4), "events": shown}] if shown else []

    def _told(self, now_s: float) -> list[Message]:
        """What a screen shows."""
        out: list[Message] = []
        if self._ended:
            out.append({"type": "played", "notes": [_played(note) for note in self._ended]})
            self._ended.clear()
        if now_s - self._state_s >= STATE_S:
            state = self._state()
            if state != self._last_state:
                self._last_state, self._state_s = state, now_s
                out.append({**state, "now_s": round(now_s, 4)})
        if now_s - self._meters_s >= METERS_S:
            self._meters_s = now_s
            out += self._meters()
        return out

    def _state(self) -> Message:
        snapshot = self._session.snapshot()
        return {
            "type": "state",
            "mode": snapshot.mode,
            "turn": snapshot.turn,
            "bpm": _rounded(snapshot.bpm),
            "beat_s": _rounded(snapshot.beat_s),
            "chord": snapshot.chord,
            "phrase_ends_s": _rounded(self._session.phrase_ends_s()),
            "planned": self._steering.ghosts(),
            "counters": dict(snapshot.counters),
        }

    def _meters(self) -> list[Message]:
        """The ledger's times, where any was added since they were last told."""
        stages = self._session.ledger.stages
        counts = {name: stage.count for name, stage in stages.items() if name != "due"}
        if counts == self._metered:
            return []
        self._metered = counts
        return [{"type": "meters", "stages": {name: stages[name].summary() for name in counts}}]


def failed(message: Message, error: Exception, kind: str = "option") -> Message:
    """What a client is told of a message that was not done."""
    sent = message.get("n")
    number = {"n": sent} if isinstance(sent, int | float) and abs(sent) < MOST_NUMBER else {}
    return {"type": "error", "kind": kind, "message": str(error), **number}


def _on(part: Part, event: NoteOn, at_s: float) -> Message:
    return {"on": True, "part": part, "pitch": event.pitch, "velocity": event.velocity, "at_s": round(at_s, 4)}


def _played(note: Played) -> Message:
    return {
        "part": note.part,
        "onset_s": round(note.onset_s, 4),
        "duration_s": note.duration_s,
        "pitch": note.pitch,
        "velocity": note.velocity,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
