"""The player by hand: a fake clock, sinks that write down what reaches them, and no thread."""

import time

import numpy as np
import pytest

from antiphon.errors import FileError, ModelError, OptionError
from antiphon.live.controls import Desk, Shell
from antiphon.live.events import Clock, Lost, NoteOff, NoteOn, Pedal
from antiphon.live.mapping import Mapping
from antiphon.live.midi import Controller, Program
from antiphon.live.mixer import Sounded
from antiphon.live.player import Command, Learn, Nudge, Player, Set, Share
from antiphon.live.script import MOST_S, Script
from antiphon.live.session import Session
from antiphon.live.settings import LiveSettings
from antiphon.live.sinks import LineSink, MidiSink
from antiphon.notes import DRUMS, from_seconds


class Book:
    """A sink that writes everything down."""

    def __init__(self, ahead=True, through=True):
        self.ahead, self.through = ahead, through
        self.events, self.desks, self.silences, self.reports = [], [], 0, []

    def sound(self, part, event, at_s):
        self.events.append((round(at_s, 3), part, event))

    def turn(self, desk):
        self.desks.append(desk)

    def silence(self):
        self.silences += 1

    def sounded(self):
        reports, self.reports = self.reports, []
        return iter(reports)

    def close(self):
        pass

    def ons(self, part="model"):
        return [(at_s, event) for at_s, p, event in self.events if p == part and isinstance(event, NoteOn)]

    def stuck(self):
        """Pitches that began and did not end."""
        down = []
        for _, part, event in self.events:
            if isinstance(event, NoteOn):
                down.append((part, event.pitch))
            elif isinstance(event, NoteOff):
                down.remove((part, event.pitch))
        return down


class Hall:
    """A player on a fake clock."""

    def __init__(self, toy, *sinks, script=None, **settings):
        self.now_s, self.sinks, self.taken, self.opened = 100.0, sinks, [], []
        self.toy = toy
        desk = Desk(LiveSettings(**settings), Shell(model="one"), ("one", "two"))
        self.player = Player(
            Session(toy(), desk.settings),
            desk,
            sinks,
            mapping=Mapping(),
            script=script,
            open_model=self.open,
            take=self.take,
            clock=lambda: self.now_s,
        )

    def open(self, name):
        self.opened.append(name)
        if name == "nobody":
            raise ModelError("there is no model nobody")
        return self.toy()

    def take(self):
        self.taken.append(self.now_s)
        if len(self.taken) > 1:
            raise FileError("the disk is full")
        return "saved"

    def to(self, now_s):
        while self.now_s < now_s - 1e-9:
            self.now_s = min(self.now_s + 0.005, now_s)
            self.player.step(self.now_s)
        return self

    def play(self, pitches, step_s=0.25):
        for pitch in pitches:
            self.player.play(NoteOn(pitch, 70), self.now_s)
            self.to(self.now_s + step_s * 0.8)
            self.player.play(NoteOff(pitch), self.now_s)
            self.to(self.now_s + step_s * 0.2)
        return self

    @property
    def message(self):
        self.to(self.now_s + 0.05)
        return self.player.view.message


def test_what_is_played_is_heard_at_once_and_answered_in_time(toy):
    early, late = Book(), Book(ahead=False, through=False)
    hall = Hall(toy, early, late).play([60, 64, 67, 72])
    assert [event.pitch for _, event in early.ons("player")] == [60, 64, 67, 72]
    assert not late.ons("player")
    hall.to(104)
    assert len(early.ons()) > 3
    assert late.ons() == early.ons()[: len(late.ons())]  # the same notes, at their own times
    assert len(early.ons()) - len(late.ons()) <= 2
    hall.player.close()
    assert not [pitch for part, pitch in early.stuck() if part == "model"]
    assert not [pitch for part, pitch in late.stuck() if part == "model"]
    assert early.silences == late.silences == 1


def test_a_sink_that_reports_reaches_the_ledger(toy):
    book = Book()
    hall = Hall(toy, book, mode="continue").to(101)
    at_s, event = book.ons()[0]
    book.reports = [Sounded(at_s, at_s + 0.025, "model", event.pitch), Sounded(at_s, at_s + 9, "player", 60)]
    hall.to(101.1)
    sounded = hall.player.session.ledger.stages["sounded"]
    assert (sounded.count, round(sounded.max_ms)) == (1, 25)


def test_panic_ends_all_and_forgets_what_is_planned(toy):
    early, late = Book(), Book(ahead=False)
    hall = Hall(toy, early, late, mode="continue").to(102)
    hall.player.post(Command("panic"))
    hall.to(102.01)
    assert not early.stuck()
    assert not late.stuck()
    before = len(early.events)
    hall.to(104)
    assert len(early.events) == before
    assert not hall.player.view.snapshot.planned


def test_a_lost_port_ends_the_players_notes(toy):
    book = Book()
    hall = Hall(toy, book)
    hall.player.post(NoteOn(60, 70))
    hall.to(100.1)
    assert [note.pitch for note in hall.player.session.snapshot().sounding] == [60]
    hall.player.post(Lost())
    hall.to(100.2)
    assert not hall.player.session.snapshot().sounding
    assert book.silences == 1


def test_every_way_of_turning_a_control(toy):
    hall = Hall(toy, Book())
    for item in (Set("temperature", 0.8), Nudge("place", 1), Share("volume", 0.5), Controller(73, 127), Program(40)):
        hall.player.post(item)
    hall.to(100.1)
    settings, desk = hall.player.session.settings, hall.player.desk
    assert (settings.temperature, settings.place, settings.volume, settings.tempo) == (0.8, "below", 1, 240)
    assert (desk.shell.instrument, settings.played_program) == ("Violin", 40)
    assert hall.sinks[0].desks[-1] == desk


def test_learning_a_controller(toy):
    hall = Hall(toy)
    hall.player.post(Learn("density"))
    hall.to(100.1)
    assert hall.player.view.learning == "density"
    hall.player.post(Controller(20, 0))
    hall.player.post(Controller(20, 127))
    hall.to(100.2)
    assert not hall.player.view.learning
    assert hall.player.session.settings.density == 32


def test_what_makes_no_sense_is_said_and_changes_nothing(toy):
    hall = Hall(toy)
    hall.player.post(Set("temperature", 99.0))
    assert "temperature 99 is out of range" in hall.message
    hall.player.post(Set("lowest", 200))
    assert "lowest 200 is out of range" in hall.message
    assert hall.player.session.settings == LiveSettings()
    for item in (Set("highest", 60), Learn("lowest"), Controller(20, 1), Controller(20, 127)):
        hall.player.post(item)
    assert "lowest 127 is above highest 60" in hall.message  # a knob turned too far must not stop the music either


def test_another_model_is_opened_beside_the_music(toy):
    hall = Hall(toy)
    for name, said in (("two", "two plays"), ("nobody", "there is no model nobody")):
        hall.player.post(Set("model", name))
        for _ in range(200):
            if hall.message == said:
                break
            time.sleep(0.01)
        assert hall.message == said
    assert hall.opened == ["two", "nobody"]


def test_commands(toy):
    hall = Hall(toy, Book())
    hall.player.post(Command("hand-over"))
    hall.to(100.5)
    assert hall.player.view.snapshot.turn == "answer"
    hall.player.post(Command("take"))
    assert hall.message == "saved"
    hall.player.post(Command("take"))
    assert hall.message == "the disk is full"
    assert not hall.player.ended
    hall.player.post(Command("quit"))
    hall.to(hall.now_s + 0.01)
    assert hall.player.ended


def test_a_clock_goes_out_and_comes_in(toy):
    book = Book(ahead=False)
    Hall(toy, book, clock=True, tempo=120.0).to(102)
    ticks = [at_s for at_s, _, event in book.events if isinstance(event, Clock)]
    np.testing.assert_allclose(np.diff(ticks), 0.5 / 24, atol=0.002)
    follower = Hall(toy)
    for k in range(49):
        follower.player.post(Clock(), 100 + k * 0.6 / 24)
        follower.to(100 + k * 0.6 / 24)
    assert follower.player.session.snapshot().bpm == pytest.approx(100, rel=0.01)


def test_the_pedal_goes_through(toy):
    book = Book()
    Hall(toy, book).player.post(Pedal(True))
    assert [event for _, _, event in book.events] == [Pedal(True)]


def test_a_script_plays_itself_and_ends_after_the_answer(toy):
    music = from_seconds(np.array([0.0, 0.3, 0.6]), np.full(3, 0.25), np.array([60, 62, 64]), np.full(3, 80))
    book = Book()
    hall = Hall(toy, book, script=Script(music, 100.5))
    while not hall.player.ended:
        hall.to(hall.now_s + 0.1)
        assert hall.now_s < 101.1 + MOST_S
    assert [(round(at_s, 2), event.pitch) for at_s, event in book.ons("player")] == [
        (100.5, 60),
        (100.8, 62),
        (101.1, 64),
    ]
    assert book.ons()
    drums = from_seconds(np.zeros(1), np.ones(1), np.full(1, 38), np.full(1, 80), np.array([DRUMS]))
    with pytest.raises(OptionError, match="no notes to play in"):
        Script(drums, 0.0)


class Wire:
    """An output that keeps what was sent."""

    name = "wire"

    def __init__(self):
        self.sent, self.closed = [], False

    def send(self, message):
        self.sent.append(list(message))

    def close(self):
        self.closed = True


def test_midi_out_has_a_channel_for_each_part_and_ends_with_silence(toy):
    wire = Wire()
    sink = MidiSink(wire, through=True)
    desk = Desk(LiveSettings(), Shell(instrument="Violin", model_instrument="Flute"))
    sink.turn(desk)
    sink.turn(desk)
    assert wire.sent == [[0xC1, 73], [0xC0, 40]]  # said once
    wire.sent.clear()
    sink.sound("model", NoteOn(60, 70), 0.0)
    sink.sound("player", NoteOn(61, 71), 0.0)
    sink.sound("click", NoteOn(76, 110, 9), 0.0)
    sink.sound("click", Clock(), 0.0)
    assert wire.sent == [[0x91, 60, 70], [0x90, 61, 71], [0x99, 76, 110], [0xF8]]
    wire.sent.clear()
    sink.close()
    assert wire.closed
    assert wire.sent == [[0xB0 | c, number, 0] for c in (0, 1, 9) for number in (64, 123, 120)]


def test_lines_say_who_played_what_and_when():
    said = []
    sink = LineSink(said.append, 10.0)
    sink.sound("model", NoteOn(66, 72), 12.5)
    sink.sound("model", NoteOff(66), 13.0)
    sink.sound("click", NoteOn(76, 72), 13.0)
    assert said == ["    2.500  model   F♯4    72"]
