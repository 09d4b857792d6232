"""Everything a live session needs, opened, connected and closed again: sound, ports, OSC, the player and its thread."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Engine
from antiphon.errors import AntiphonError
from antiphon.generate.wishes import wished
from antiphon.instruments import program
from antiphon.live import midi
from antiphon.live.controls import Desk
from antiphon.live.events import Lost, Played
from antiphon.live.mapping import Mapping
from antiphon.live.meters import Card
from antiphon.live.osc import OscServer, OscSink
from antiphon.live.player import Player
from antiphon.live.ports import Input, open_input, open_output
from antiphon.live.recording import Recording
from antiphon.live.script import BEGIN_S, Script
from antiphon.live.session import Session
from antiphon.live.settings import BOUNDS
from antiphon.live.sinks import MidiSink, Sink, SpeakerSink
from antiphon.live.sound import SoundOptions, Speaker
from antiphon.live.take import Takes
from antiphon.notes import Score

SWITCH_S = 0.001  # how long Python lets a thread keep it: the audio callback must not wait for the screen
RECENT = 400  # blocks, two seconds, whose worst load is shown


@dataclass(frozen=True, kw_only=True)
class RigOptions:
    """What is connected."""

    desk: Desk
    take: Path  # where the first take goes
    seed: int = 0
    sound: SoundOptions | None = SoundOptions()  # None: no sound
    local: bool = False  # the player's instrument sounds by itself
    midi_in: str | None = ""  # a part of a port's name; empty: the first keyboard there is; None: none
    midi_out: str = ""  # empty: none
    osc_port: int = 0  # 0: none
    osc_host: str = "127.0.0.1"
    osc_to: str = ""  # HOST:PORT; empty: none
    controllers: Path | None = None  # where learned controllers are kept
    prompt: Score | None = None  # what the model heard before
    resumed: Score | None = None  # what the first take begins with
    demo: Score | None = None  # played in as if by a person
    sinks: tuple[Sink, ...] = field(default=())  # further ones, such as lines of text


class Rig:
    """Open from the start; use :meth:`start`, :meth:`wait` and :meth:`close`, in that order."""

    def __init__(self, options: RigOptions) -> None:
        self._options = options
        self._close = contextlib.ExitStack()
        self._early: list[str] = []  # what was said before there was a player
        self.whole = Recording()  # all takes
        self.takes = Takes(options.take, options.resumed)
        self.speaker: Speaker | None = None
        self._player: Player | None = None
        self._error: BaseException | None = None
        try:
            self.player = self._player = self._open()
            self._open_osc(self.player)
        except BaseException:
            self._close.close()
            raise
        for text in self._early:
            self.player.say(text)
        self._thread = threading.Thread(target=self._run, name="antiphon player", daemon=True)
        self._done = threading.Event()  # joining the thread would not do: Ctrl-C breaks Thread.join (bpo-45274)

    def start(self) -> None:
        """Begin to play."""
        sys.setswitchinterval(SWITCH_S)
        self._thread.start()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until the player has ended, or so long; whether it has. Raises what went wrong in its thread."""
        done = self._done.wait(timeout_s)
        if self._error:
            raise self._error
        return done

    def close(self) -> None:
        """End every note, save what was played, and let go of everything. Raises what went wrong in its thread."""
        self.player.stop()
        try:
            if self._thread.ident is not None:
                self._done.wait()
        finally:
            self._close.close()
        if self._error:
            raise self._error

    def save(self) -> str:
        """Write the take, and begin the next; what to tell the person."""
        path = self.takes.save(self.programs, self.ledger())
        return f"saved {path}" if path else "nothing was played since the last take"

    def card(self) -> Card | None:
        """How the sound card does."""
        speaker = self.speaker
        if speaker is None:
            return None
        loads = list(speaker.loads)[-RECENT:]
        return Card(speaker.latency_s * 1000, max(loads, default=0.0), speaker.underruns)

    def ledger(self) -> dict[str, Any]:
        """Everything measured, and under what conditions."""
        desk = self.player.desk
        output: dict[str, Any] = {}
        if self.speaker:
            loads = sorted(self.speaker.loads) or [0.0]
            output = {
                "device": self.speaker.name,
                "latency ms": round(self.speaker.latency_s * 1000, 2),
                "underruns": self.speaker.underruns,
                "late in the card": self.speaker.mixer.late,
                "load p99": round(loads[int(len(loads) * 0.99)], 4),
                "load max": round(loads[-1], 4),
            }
        session = {"shell": asdict(desk.shell), "settings": asdict(desk.settings), "seed": self._options.seed}
        return self.player.session.ledger.to_dict() | {"session": session, "output": output}

    @property
    def programs(self) -> tuple[int, int]:
        """The instruments of player and model."""
        shell = self.player.desk.shell
        return program(shell.instrument), program(shell.model_instrument)

    def _run(self) -> None:
        """The owner's loop, and then the take: it must not depend on a screen that may hang with its terminal."""
        try:
            try:
                self.player.run()
            finally:
                self.save()
        except BaseException as error:  # noqa: BLE001  # handed to who waits
            self._error = error
            self.player.stop()
        finally:
            self._done.set()

    def _say(self, text: str) -> None:
        if self._player:
            self._player.say(text)
        else:
            self._early.append(text)

    def _open(self) -> Player:
        """Inputs first, since an output may share one's port; what comes in before there is a player is lost."""
        options = self._options
        engine = self._open_model(options.desk.shell.model)
        session = Session(
            engine, options.desk.settings, seed=(options.seed,), prompt=options.prompt, played=self._played
        )
        source = None if options.midi_in is None else self._open_input(options.midi_in)
        sinks = list(options.sinks)
        for sink in sinks:
            self._close.callback(sink.close)
        for opener in self._openers(source):
            sinks.append(opener())
            self._close.callback(sinks[-1].close)
        player = Player(
            session,
            options.desk,
            sinks,
            mapping=Mapping(options.controllers),
            script=Script(options.demo, time.monotonic() + BEGIN_S) if options.demo else None,
            open_model=self._open_model,
            take=self.save,
        )
        if options.local and self.speaker:
            player.early_s = self.speaker.latency_s
        return player

    def _open_model(self, name: str) -> Engine:
        """A model, told what the player wishes for."""
        bundle = open_bundle(name)
        return wished(open_engine(bundle), bundle, self._options.desk.settings.wishes, BOUNDS)

    def _openers(self, source: Input | None) -> Iterator[Callable[[], Sink]]:
        """How to open each sink that was asked for."""
        options = self._options
        if options.sound:
            yield partial(self._open_speaker, options.sound)
        if options.midi_out:
            yield lambda: MidiSink(open_output(options.midi_out, self._say, source))
        if options.osc_to:
            yield lambda: OscSink(options.osc_to)

    def _open_speaker(self, sound: SoundOptions) -> SpeakerSink:
        self.speaker = Speaker(sound, notice=self._say)
        return SpeakerSink(self.speaker, self._say, sound.soundfont, sound.engine, self._options.local)

    def _open_input(self, name: str) -> Input | None:
        """A MIDI input; where none was named, a system without MIDI is only worth a line."""
        try:
            source = open_input(name, self._receive, lambda: self._receive_event(Lost(), time.monotonic()), self._say)
        except AntiphonError:
            if name:
                raise
            self._say("no MIDI keyboard is here (antiphon ports says why); the computer's keys play")
            return None
        self._close.callback(source.close)
        return source

    def _open_osc(self, player: Player) -> None:
        if self._options.osc_port:
            server = OscServer(self._options.osc_port, player.post, self._say, self._options.osc_host)
            self._close.callback(server.close)

    def _receive(self, data: bytes, now_s: float) -> None:
        """A MIDI message, in its port's thread."""
        event = midi.received(data)
        if event is not None:
            self._receive_event(event, now_s)

    def _receive_event(self, event: midi.Received, now_s: float) -> None:
        if self._player:
            self._player.post(event, now_s)

    def _played(self, note: Played) -> None:
        self.takes.add(note)
        self.whole.add(note)
