"""A session: it hears a player and says what the model plays, in time. No thread, no port, no clock of its own.

The shell around it tells what happened and when (:meth:`Session.hear`) and asks every few milliseconds what is due
(:meth:`Session.due`); all of the model's work is done in that call. ``docs/live.md`` draws the turn-taking and states
the policy for lateness. Inside, times are whole milliseconds of the session; the caller's clock is met at the door.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from antiphon.engine.base import Engine
from antiphon.errors import OptionError, unknown
from antiphon.generate.voice import Seed
from antiphon.live.composer import WORK_S, Composer
from antiphon.live.conductor import Conductor
from antiphon.live.events import Clock, Due, HandOver, Heard, Lost, NoteOff, NoteOn, Pedal, Played
from antiphon.live.grid import grid_over
from antiphon.live.keys import Echoes, Keys
from antiphon.live.lane import Lane
from antiphon.live.lateness import SPARSE_MS, judge
from antiphon.live.ledger import Ledger
from antiphon.live.memory import Memory, Note, heard_before
from antiphon.live.metronome import Metronome
from antiphon.live.outlet import Outlet
from antiphon.live.plan import Ending, Plan, Planned
from antiphon.live.settings import LiveSettings
from antiphon.live.snapshot import Snapshot
from antiphon.live.timeline import Timeline
from antiphon.live.turns import CHORD_S
from antiphon.live.voice import LiveVoice
from antiphon.notes import Score

LISTEN_ROWS = 16  # heard in one call unless a note is wanted at once, so that nothing else waits long
ASKED_MS = 500  # a hand-over so soon after the model took the turn asks for it and crossed it on its way
LATE_S = 0.01  # a note that sounds later than this after its time is counted


def ignore(note: Played) -> None:
    """Keep no record."""


class Session:
    """One player and one model; ``docs/live.md`` has an example.

    ``prompt`` was heard before the session began. ``played`` is called with each note of both parts once it has ended.
    ``timer`` is the stopwatch, in seconds, by which work is measured for the ledger and cut into portions.
    """

    def __init__(
        self,
        engine: Engine,
        settings: LiveSettings | None = None,
        *,
        seed: Seed = (0,),
        prompt: Score | None = None,
        played: Callable[[Played], None] = ignore,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.ledger = Ledger()
        self._seed, self._timer = seed, timer
        self._timeline, self._keys, self._echoes = Timeline(), Keys(), Echoes()
        self._outlet = Outlet(self._timeline, played)
        self._conductor, self._metronome, self._lane = Conductor(settings or LiveSettings()), Metronome(), Lane()
        self._memory = Memory(LiveVoice(engine, seed), [] if prompt is None else heard_before(prompt))
        self._memory.settle()
        self._plan = Plan(self._memory, round(self.settings.longest_note_s * 1000))
        self._composer = Composer(self._memory, self._plan, self._keys, self.ledger, timer)
        self._to_harmonise: list[Note] = []
        self._taken_ms = -ASKED_MS  # when the model took the turn
        self._heard_at: float | None = None  # on the stopwatch: when something came in that the model has not heard

    @property
    def settings(self) -> LiveSettings:
        """What is set now."""
        return self._conductor.settings

    # The verbs.

    def hear(self, event: Heard, now_s: float) -> None:
        """The player did something at ``now_s``, at most a second before the latest call."""
        now_ms = self._at(now_s)
        self._heard_at = self._timer() if self._heard_at is None else self._heard_at
        match event:
            case NoteOn():
                self._press(event, now_ms)
            case NoteOff():
                if not self._echoes.off(event.pitch) and event.pitch in self._keys.down:
                    self._conductor.phrase.release(now_ms / 1000)  # though a pedal may hold the note
                    self._release(self._keys.release(event.pitch), now_ms)
            case Pedal():
                if self.settings.ending != "pedal":
                    self._release(self._keys.pedal(event.down), now_ms)
                elif event.down:
                    self._hand_over(now_ms)
            case Clock():
                self._conductor.pulse.tick(event.kind, now_ms / 1000)
            case HandOver():
                self._hand_over(now_ms)
            case Lost():
                self._release(self._keys.release_all(), now_ms)

    def due(self, now_s: float) -> tuple[Due, ...]:
        """What to sound by ``now_s``, in order of time; call it every few milliseconds."""
        self._at(now_s)
        now_ms = self._timeline.now_ms
        cut = self._keys.release_older(now_ms - round(self.settings.longest_hold_s * 1000))
        self.ledger.count("cut", len(cut))
        self._release(cut, now_ms)
        self._sound(now_ms)
        self._direct(now_ms)
        self._work(now_ms)
        self._sound(now_ms)
        self._beat(now_ms)
        return self._flush(now_s)

    def silence(self) -> tuple[Due, ...]:
        """Panic: end all that sounds, forget what is planned, take all keys for released, and wait to be asked."""
        now_ms = self._timeline.now_ms
        self._plan.locked.clear()
        self._release(self._keys.release_all(), now_ms)
        self._yield(now_ms)
        self._outlet.click(self._metronome.stop(now_ms))
        self._to_harmonise.clear()
        self._conductor.reset(silenced=True)
        return self._flush(self._timeline.seconds(now_ms))

    def change(self, **changes: Any) -> None:
        """Set fields of :class:`LiveSettings`; they hold from the next note on. Raises OptionError."""
        for name in changes:
            if name not in LiveSettings.__dataclass_fields__:
                raise OptionError(unknown("setting", name, LiveSettings.__dataclass_fields__))
        before, settings = self.settings, replace(self.settings, **changes)
        if before == settings:
            return
        self._conductor.settings = settings
        self._plan.longest_ms = round(settings.longest_note_s * 1000)
        self._composer.forget(self._timeline.now_ms)
        if before.mode != settings.mode:
            self._composer.stop()
            self._to_harmonise.clear()
            self._conductor.reset(silenced=False)

    def swap(self, engine: Engine) -> None:
        """Another model goes on; it hears the last notes first."""
        self._composer.forget()
        self._memory.replace(LiveVoice(engine, self._seed))

    def sounded(self, due: Due, time_s: float) -> None:
        """For the ledger: when something really sounded, on the clock of :meth:`due`."""
        self.ledger.time("sounded", max(time_s - due.due_s, 0))

    def next_s(self) -> float | None:
        """When :meth:`due` has something to do next; None: not before something is heard."""
        now_ms, settings = self._timeline.now_ms, self.settings
        composes = self._conductor.begins() or self._composer.wants(now_ms, settings)
        if composes or self._outlet.waiting or self._to_harmonise or not self._memory.settled:
            return self._timeline.seconds(now_ms)
        times = [self._plan.next_ms(), self._turn_ends_ms(now_ms)]
        beat, tolerance_ms = self._conductor.beat(now_ms), settings.late_s * 1000
        times.append(self._metronome.next_ms(beat, settings.clicks, settings.clock, now_ms, tolerance_ms))
        if self._keys.sounding:
            oldest = next(iter(self._keys.sounding.values()))
            times.append(oldest.onset_ms + round(settings.longest_hold_s * 1000) + 1)
        known = [ms for ms in times if ms is not None]
        return self._timeline.seconds(max(min(known), now_ms)) if known else None

    def snapshot(self) -> Snapshot:
        """What a screen shows, as of the latest call."""
        now_ms, settings = self._timeline.now_ms, self.settings
        beat = self._conductor.beat(now_ms)
        sounding, shown = [*self._keys.sounding.values(), *self._plan.sounding.values()], self._outlet.played
        return Snapshot(
            now_s=self._timeline.seconds(now_ms),
            mode=settings.mode,
            turn=self._conductor.turn,
            bpm=beat.bpm if beat else None,
            beat_s=self._timeline.seconds(beat.after(now_ms / 1000) * 1000) if beat else None,
            chord=self._lane.at(settings, beat, now_ms)[0],
            planned=tuple(shown(note, note.end_ms) for note in self._plan.notes),
            sounding=tuple(shown(note, None) for note in sounding),
            played=tuple(self._outlet.ended),
            counters=dict(self.ledger.counters),
        )

    # The plan, which a person may change before it sounds.

    def planned(self) -> tuple[Planned, ...]:
        """The model's notes to come, in order of time, on the caller's clock."""
        return tuple(
            Planned(
                note,
                self._timeline.seconds(note.onset_ms),
                None if note.end_ms is None else (note.end_ms - note.onset_ms) / 1000,
                note in self._plan.locked,
            )
            for note in self._plan.notes
        )

    def phrase_ends_s(self) -> float | None:
        """When the player's phrase will be over if nothing more is played; None: there is none, or not by itself."""
        ends_ms = self._turn_ends_ms(self._timeline.now_ms) if self._conductor.turn == "listen" else None
        return None if ends_ms is None else self._timeline.seconds(ends_ms)

    def veto(self, note: Note) -> None:
        """A planned note shall not sound, nor be written again."""
        self._composer.veto(note)

    def lock(self, note: Note, locked: bool = True) -> None:
        """A planned note stays whatever the player plays, or no longer does."""
        if locked:
            self._plan.locked.add(note)
        else:
            self._plan.locked.discard(note)

    def move(self, note: Note, pitch: int | None = None, onset_s: float | None = None) -> None:
        """A planned note at another pitch or time, and locked; one that would be in the past comes at once.

        Raises OptionError where another planned note of that pitch begins there.
        """
        onset_ms = note.onset_ms if onset_s is None else round((onset_s - self._timeline.seconds(0)) * 1000)
        onset_ms = onset_ms if onset_s is None else max(onset_ms, self._timeline.now_ms)
        self._plan.move(note, onset_ms, note.pitch if pitch is None else pitch)

    # The player.

    def _press(self, event: NoteOn, now_ms: int) -> None:
        settings = self.settings
        if settings.echo_s and self._echoes.on(event.pitch, now_ms, settings.echo_s * 1000):
            self.ledger.count("echoes")
            return
        self.ledger.count("heard")
        note = Note(now_ms, event.pitch, event.velocity, None, "player", settings.played_program)
        self._release(self._keys.press(note), now_ms)
        self._lane.hold(self._keys.down, settings.split)
        phrase = self._conductor.phrase
        chord = phrase.start_s is not None and now_ms / 1000 - phrase.onset_s < CHORD_S
        self._take_back(now_ms)
        self._memory.add(note)
        if settings.mode == "harmonise" and not chord:
            self._to_harmonise.append(note)

    def _take_back(self, now_ms: int) -> None:
        """A key was struck: what was planned for later is forgotten, and the turn may change."""
        before = self._conductor.press(now_ms)
        turn = self._conductor.turn
        if before == "answer" and turn == "listen":
            self.ledger.count("interrupted")
            self._yield(now_ms)
        else:
            self._composer.forget(now_ms)
        if before == "rest" and turn == "both" and self.settings.mode != "harmonise":
            self._composer.begin(self._conductor.entrance_ms(now_ms), None)

    def _release(self, notes: Iterable[Note], now_ms: int) -> None:
        """Notes of the player's end."""
        for note in notes:
            end_ms = max(now_ms, note.onset_ms + 1)
            self._memory.end(note, end_ms)
            self._composer.untie(note, now_ms)
            self._conductor.phrase.release(now_ms / 1000)
            self._outlet.keep(note, end_ms)

    def _hand_over(self, now_ms: int) -> None:
        if self._conductor.turn in ("answer", "both"):
            if now_ms - self._taken_ms < ASKED_MS:
                return
            self._composer.forget()
            self._composer.stop()
            self._conductor.reset(silenced=True)
        else:
            self._take_turn(now_ms)

    # The model.

    def _direct(self, now_ms: int) -> None:
        """Turns that end or begin by themselves."""
        conductor = self._conductor
        if conductor.begins():
            self._take_turn(now_ms)
            return
        ends_ms = self._turn_ends_ms(now_ms)
        if ends_ms is None or now_ms < ends_ms:
            return
        trading = self.settings.mode == "trade"
        if conductor.turn == "listen" and trading and conductor.phrase.start_s is None:
            conductor.reset(silenced=False)  # nobody plays any more
        elif conductor.turn == "listen":
            self._take_turn(now_ms)
        else:
            conductor.cue("answer over")
            conductor.phrase.restart()
            self._composer.stop()
            if trading:
                conductor.bars_ms = ends_ms + conductor.bars_length_ms(now_ms)

    def _turn_ends_ms(self, now_ms: int) -> int | None:
        played_out = self._composer.exhausted and not self._plan.notes and not self._plan.sounding
        return self._conductor.ends_ms(now_ms, bool(self._keys.down), played_out)

    def _take_turn(self, now_ms: int) -> None:
        """The decision to play."""
        conductor, mode = self._conductor, self.settings.mode
        conductor.cue("phrase over")
        conductor.silenced = False
        self._taken_ms = now_ms
        self.ledger.count("answers")
        if mode == "trade":
            self._composer.begin(*conductor.take_bars(now_ms))
        elif mode != "harmonise":
            first_ms, length_ms = conductor.entrance_ms(now_ms), conductor.answer_ms()
            until_ms = None if first_ms is None or length_ms is None else first_ms + length_ms
            self._composer.begin(first_ms, until_ms)
        conductor.phrase.restart()

    def _work(self, now_ms: int) -> None:
        """Everything that costs time: hearing, correcting, composing."""
        settings = self.settings
        beat = self._conductor.beat(now_ms) if settings.mode == "follow" or settings.grid else None
        for played in self._to_harmonise:
            self._composer.harmonise(played, now_ms, settings, self._no_chord)
            if played.end_ms is not None:
                self._composer.untie(played, now_ms)
        self._to_harmonise.clear()
        urgent = self._composer.playing and not self._plan.notes  # else corrections may take several calls
        if self._composer.settle(None if urgent else LISTEN_ROWS):
            work_s = 0.0 if self._outlet.waiting else WORK_S  # what is due now does not wait for what is due later
            lane, grid = self._lane, grid_over(beat, settings.lines)
            self._composer.compose(now_ms, settings, lambda ms: lane.at(settings, beat, ms)[1], work_s, grid)
        if self._heard_at is not None and self._memory.settled:
            self.ledger.time("input", self._timer() - self._heard_at)
            self._heard_at = None

    @staticmethod
    def _no_chord(time_ms: int) -> None:
        return None

    def _yield(self, now_ms: int) -> None:
        """The model stops at once."""
        self._composer.forget()
        self._composer.stop()
        self._finish(self._plan.stop(now_ms))

    def _sound(self, now_ms: int) -> None:
        """Planned notes whose time has come begin, as the policy for lateness allows, and sounding ones end."""
        settings = self.settings
        verdict = judge(settings.lateness, self._plan.due(now_ms), now_ms, settings.late_s * 1000)
        self._plan.drop(list(verdict.drop))
        self.ledger.count("dropped", len(verdict.drop))
        if verdict.delay_ms:
            self._plan.delay(verdict.delay_ms)
            self._composer.delay(verdict.delay_ms)
            self.ledger.count("delayed")
        if verdict.thin:
            self._composer.thin(now_ms + SPARSE_MS)
        for note in self._plan.due(now_ms):
            self._finish(self._plan.over(note.onset_ms))
            self._finish(self._plan.begin(note))
            self._composer.entered()
            self._echoes.sent(note.pitch, now_ms)
            self.ledger.count("sounded")
            self.ledger.count("late", (now_ms - note.onset_ms) / 1000 > LATE_S)
            velocity = min(max(round(note.velocity * settings.volume), 1), 127)
            self._outlet.sound(note.onset_ms, "model", NoteOn(note.pitch, velocity))
        self._finish(self._plan.over(now_ms))

    def _finish(self, endings: Iterable[Ending]) -> None:
        """Notes of the model's end."""
        for ending in endings:
            self._outlet.sound(ending.end_ms, "model", NoteOff(ending.note.pitch))
            self._outlet.keep(ending.note, ending.end_ms)

    # Beats, bars and the door.

    def _beat(self, now_ms: int) -> None:
        settings, beat = self.settings, self._conductor.beat(now_ms)
        tolerance_ms = settings.late_s * 1000
        self._outlet.click(
            self._metronome.clicks(beat if settings.clicks else None, settings.beats, now_ms, tolerance_ms)
        )
        self._outlet.click(self._metronome.ticks(beat if settings.clock else None, now_ms, tolerance_ms))

    def _at(self, now_s: float) -> int:
        now_ms = self._timeline.ms(now_s)
        self.ledger.counters.update({"clock jumps": self._timeline.jumps, "skipped": self._memory.skipped})
        return now_ms

    def _flush(self, now_s: float) -> tuple[Due, ...]:
        due = self._outlet.collect()
        for one in due:
            self.ledger.time("due", max(now_s - one.due_s, 0))
        return due
