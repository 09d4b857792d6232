"""The player: one loop that owns the session, fed by threads through a queue, and sinks that sound what is due.

Threads. The port's, OSC's and the screen's threads call :meth:`Player.play` and :meth:`Player.post`, which sound the
player's own notes at once and put everything into a queue; they touch nothing else. The owner's loop
(:meth:`Player.run`) alone touches the session, the desk and the mapping. The sound card's callback touches only the
mixer, whose orders come through a queue of its own. The screen reads :attr:`Player.view`, which is replaced as a whole.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from collections.abc import Mapping as TMapping
from dataclasses import asdict, dataclass
from itertools import count
from queue import Empty, SimpleQueue
from typing import TypeAlias

from antiphon.engine.base import Engine
from antiphon.errors import AntiphonError
from antiphon.instruments import NAMES, program
from antiphon.live.controls import Desk
from antiphon.live.events import Due, HandOver, Heard, Lost, NoteOff, NoteOn, Part, Pedal
from antiphon.live.mapping import Mapping
from antiphon.live.midi import Controller, Program
from antiphon.live.script import Script
from antiphon.live.session import Session
from antiphon.live.sinks import Sink, Sound
from antiphon.live.snapshot import Snapshot

LEAD_S = 0.006  # so long before its time a note is asked for: the loop's own delays do not reach the ear
TICK_S = 0.005  # the longest sleep of the loop
VIEW_S = 0.04  # how often the screen's view is renewed
ONE_MS = 0.001
METERS = (("sounded", 50), ("sounded", 99), ("hand-over", 50), ("hand-over", 99), ("ahead", 50))


@dataclass(frozen=True, slots=True)
class Set:
    """Bring a control to a value."""

    name: str
    value: float | str


@dataclass(frozen=True, slots=True)
class Nudge:
    """Turn a control some steps."""

    name: str
    steps: int


@dataclass(frozen=True, slots=True)
class Share:
    """Bring a control to a share of its way, 0 to 1, as a fader says it."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class Command:
    """Do something: one of COMMANDS."""

    name: str


@dataclass(frozen=True, slots=True)
class Learn:
    """The next controller that moves turns this control from then on."""

    name: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model is open, and shall play from now on."""

    name: str
    engine: Engine


@dataclass(frozen=True, slots=True)
class Say:
    """A line for the person."""

    text: str


Post: TypeAlias = Heard | Controller | Program | Set | Nudge | Share | Command | Learn | Loaded | Say


@dataclass(frozen=True, slots=True)
class View:
    """What a screen shows."""

    snapshot: Snapshot
    desk: Desk
    message: str  # the last line for the person
    learning: str  # the control that waits for a controller
    stages: TMapping[str, float]  # the ledger's times in ms: METERS


class Player:
    """The owner of a session. All but :meth:`play`, :meth:`post`, :meth:`stop` and :attr:`view` belong to its loop."""

    def __init__(
        self,
        session: Session,
        desk: Desk,
        sinks: Sequence[Sink] = (),
        *,
        mapping: Mapping | None = None,
        script: Script | None = None,
        open_model: Callable[[str], Engine] | None = None,
        take: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.session, self.desk = session, desk
        self._sinks, self._mapping, self._script = list(sinks), mapping or Mapping(), script
        self._open_model, self._take, self._clock = open_model, take, clock
        self._inbox: SimpleQueue[tuple[float, Post]] = SimpleQueue()
        self._outbox: list[tuple[float, int, Sink, Part, Sound]] = []  # a heap: for sinks that are called in time
        self._numbers = count()
        self._began_at: dict[tuple[Part, int], float] = {}  # notes that were handed out and have not ended
        self._ended = threading.Event()
        self.early_s = 0.0  # sound that must leave so long before its time asks for notes so much earlier
        self._message = ""
        self._view_s = clock()
        self._turn_sinks()
        self.view = self._seen()

    # For any thread.

    def play(self, event: NoteOn | NoteOff | Pedal, at_s: float) -> None:
        """The player's key or pedal: heard at once, and put in the queue for the session."""
        for sink in self._sinks:
            if sink.through:
                sink.sound("player", event, at_s)
        self._inbox.put((at_s, event))

    def post(self, item: Post, at_s: float | None = None) -> None:
        """Anything else that happened."""
        if isinstance(item, NoteOn | NoteOff | Pedal):
            self.play(item, self._clock() if at_s is None else at_s)
        else:
            self._inbox.put((self._clock() if at_s is None else at_s, item))

    def say(self, text: str) -> None:
        """A line for the person, from a port or a loader."""
        self.post(Say(text))

    def stop(self) -> None:
        """The loop ends after its next step."""
        self._ended.set()

    @property
    def ended(self) -> bool:
        """Whether the loop was asked to end, or the script is over."""
        return self._ended.is_set()

    # For the owner.

    def run(self) -> None:
        """The loop, until :meth:`stop`; then every note ends."""
        try:
            while not self.ended:
                self.step(self._clock())
                self._wait()
        finally:
            self.close()

    def step(self, now_s: float) -> None:
        """Everything there is to do at ``now_s``."""
        while not self._inbox.empty():
            self._handle(*self._inbox.get())
        self._follow_script(now_s)
        for due in self.session.due(now_s + LEAD_S + self.early_s):
            self._hand_out(due)
        self._send(now_s)
        self._report()
        if now_s - self._view_s >= VIEW_S:
            self._view_s, self.view = now_s, self._seen()

    def close(self) -> None:
        """End every note."""
        self._panic()
        self.view = self._seen()

    def next_s(self) -> float:
        """When :meth:`step` shall be called again at the latest, if nothing comes in."""
        times = [self._clock() + TICK_S]
        due_s = self.session.next_s()
        if due_s is not None:
            times.append(due_s - LEAD_S - self.early_s)
        if self._outbox:
            times.append(self._outbox[0][0])
        return min(times)

    def _wait(self) -> None:
        """Sleep until something comes in or is due."""
        left_s = self.next_s() - self._clock()
        if left_s <= 0:
            return
        try:
            item = self._inbox.get(timeout=left_s)
        except Empty:
            return
        self._handle(*item)

    def _handle(self, at_s: float, item: Post) -> None:
        """Do it, or say why that cannot be; the music goes on."""
        try:
            self._do(at_s, item)
        except AntiphonError as error:
            self._message = str(error)

    def _do(self, at_s: float, item: Post) -> None:
        match item:
            case Controller():
                desk, command = self._mapping.moved(item, self.desk)
                self._apply(desk)
                if command:
                    self._command(command, at_s)
            case Program() | Set() | Nudge() | Share():
                self._apply(self._changed(item))
            case Command(name):
                self._command(name, at_s)
            case Learn(name):
                self._mapping.learn(name)
            case Loaded(name, engine):
                self.session.swap(engine)
                self._message = f"{name} plays"
            case Say(text):
                self._message = text
            case _:
                if isinstance(item, Lost):
                    self._silence_sinks()
                self.session.hear(item, at_s)

    def _changed(self, item: Program | Set | Nudge | Share) -> Desk:
        """The desk as it shall be; raises OptionError where that is not allowed."""
        match item:
            case Program(number):
                return self.desk.set("instrument", NAMES[number])
            case Set(name, value):
                return self.desk.set(name, value)
            case Nudge(name, steps):
                return self.desk.nudged(name, steps)
            case Share(name, share):
                return self.desk.at(name, share)

    def _apply(self, desk: Desk) -> None:
        """Make a new desk hold: in the session, in the sinks, and for the model."""
        if desk == self.desk:
            return
        before, self.desk = self.desk, desk
        if desk.settings != before.settings or desk.shell != before.shell:
            own = {
                "played_program": program(desk.shell.instrument),
                "program": program(desk.shell.model_instrument),
            }
            self.session.change(**asdict(desk.settings) | own)
        self._turn_sinks()
        if desk.shell.model != before.shell.model:
            self._load(desk.shell.model)

    def _command(self, name: str, at_s: float) -> None:
        if name == "panic":
            self._panic()
        elif name == "hand-over":
            self.session.hear(HandOver(), at_s)
        elif name == "take":
            self._message = self._take()
        else:
            self.stop()

    def _load(self, name: str) -> None:
        """Open a model in a thread that ends with it."""
        opener = self._open_model
        if opener is None:
            return

        def load() -> None:
            try:
                self.post(Loaded(name, opener(name)))
            except AntiphonError as error:
                self.say(str(error))

        threading.Thread(target=load, name="antiphon model", daemon=True).start()

    def _panic(self) -> None:
        for due in self.session.silence():
            self._hand_out(due)
        while self._outbox:
            at_s, _, sink, part, event = heapq.heappop(self._outbox)
            if isinstance(event, NoteOff):
                sink.sound(part, event, at_s)
        self._silence_sinks()

    def _silence_sinks(self) -> None:
        self._began_at.clear()
        for sink in self._sinks:
            sink.silence()

    def _turn_sinks(self) -> None:
        for sink in self._sinks:
            sink.turn(self.desk)

    def _follow_script(self, now_s: float) -> None:
        if self._script is None:
            return
        for at_s, event in self._script.due(now_s + LEAD_S):
            self.play(event, at_s)
        while not self._inbox.empty():
            self._handle(*self._inbox.get())
        if self._script.over(now_s, self.session.snapshot()):
            self.stop()

    def _hand_out(self, due: Due) -> None:
        """To the sinks; never the end of a note before its beginning, which would leave it sounding."""
        at_s, event = due.due_s, due.event
        if isinstance(event, NoteOn):
            self._began_at[due.part, event.pitch] = at_s
        elif isinstance(event, NoteOff):
            at_s = max(at_s, self._began_at.pop((due.part, event.pitch), at_s - ONE_MS) + ONE_MS)
        for sink in self._sinks:
            if sink.ahead:
                sink.sound(due.part, event, at_s)
            else:
                heapq.heappush(self._outbox, (at_s, next(self._numbers), sink, due.part, event))

    def _send(self, now_s: float) -> None:
        while self._outbox and self._outbox[0][0] <= now_s:
            at_s, _, sink, part, event = heapq.heappop(self._outbox)
            sink.sound(part, event, at_s)

    def _report(self) -> None:
        """Into the ledger: when the model's notes really sounded."""
        for sink in self._sinks:
            for one in sink.sounded():
                if one.part == "model":
                    self.session.sounded(Due(one.asked_s, one.part, NoteOff(one.pitch)), one.sounded_s)

    def _seen(self) -> View:
        stages = self.session.ledger.stages
        meters = {f"{name} p{percent}": stages[name].percentile(percent) for name, percent in METERS}
        return View(self.session.snapshot(), self.desk, self._message, self._mapping.learning, meters)
