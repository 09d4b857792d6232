"""The terminal player through Textual's own pilot, on a player that really runs."""

import asyncio
import threading
import time

import numpy as np
import pytest

pytest.importorskip("textual", reason="the screen needs textual: pip install 'antiphon[live]'")

from antiphon.live.controls import CONTROLS, Desk, Shell
from antiphon.live.events import NoteOff, NoteOn, Pedal, Played
from antiphon.live.keyboard import Keyboard
from antiphon.live.meters import Card, Meters
from antiphon.live.player import Player
from antiphon.live.roll import FIELD, GHOST, MODEL, MODEL_ON, NOW, OCTAVE, PLAYER, PLAYER_ON, Window, cells, segments
from antiphon.live.screen import TerminalPlayer
from antiphon.live.session import Session
from antiphon.live.settings import LiveSettings
from antiphon.live.snapshot import Snapshot
from antiphon.live.terminal import KeyUp

pytestmark = pytest.mark.realtime


class Stage:
    """The screen, the player under it in its thread, and what the player was told."""

    def __init__(self, toy, size=(80, 24), card=None, **settings):
        settings = LiveSettings(**settings)
        self.desk = Desk(settings, Shell(model="lstm-piano"), ("lstm-piano", "other"))
        self.player = Player(
            Session(toy(), settings), self.desk, open_model=lambda name: toy(), take=lambda: "saved x.mid"
        )
        self.keyboard = Keyboard()
        self.app = TerminalPlayer(self.player, self.keyboard, Meters(lambda: card))
        self.size, self.played = size, []
        play = self.player.play
        self.player.play = lambda event, at_s: (self.played.append(event), play(event, at_s))[1]

    def run(self, act):
        """Run ``act(stage, pilot)`` on the screen."""
        thread = threading.Thread(target=self.player.run)
        thread.start()

        async def main():
            async with self.app.run_test(size=self.size) as pilot:
                await act(self, pilot)

        try:
            asyncio.run(main())
        finally:
            self.player.stop()
            thread.join()
        return self

    def text(self):
        """The screen as lines of text."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    async def until(self, pilot, condition, within_s=10.0):
        end_s = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end_s, "\n".join(self.text())
            await pilot.pause(0.02)


def ons(events):
    return [event.pitch for event in events if isinstance(event, NoteOn)]


def test_it_fits_80_by_24_and_shows_both_players(toy):
    async def act(stage, pilot):
        await stage.until(pilot, lambda: "waiting for you" in stage.text()[0])
        await pilot.press(*"zxcv")
        await stage.until(pilot, lambda: "you play" in stage.text()[0])
        await pilot.press("enter")
        await stage.until(pilot, lambda: "it answers" in stage.text()[0])
        await stage.until(pilot, lambda: stage.player.view.snapshot.planned)
        await pilot.pause(0.1)
        lines = stage.text()
        assert [len(line) for line in lines] == [80] * 24
        assert any(glyph in "".join(lines[1:15]) for glyph in "█▀▄")
        panel = "\n".join(lines)
        assert all(name in panel for name in ("temperature", "density", "your volume", "its sound", "model", "key"))
        assert "no sound card · hand-over" in panel
        assert "F1 help" in lines[-1]

    # On a machine that stands still for seconds no silence ends the phrase before the key does, and the answer lasts.
    Stage(toy, ending="key", answer_s=20).run(act)


def test_a_wide_screen_has_meters(toy):
    async def act(stage, pilot):
        await stage.until(pilot, lambda: "ms before its time" in "\n".join(stage.text()))
        text = "\n".join(stage.text())
        assert "23 ms  load 12%" in text
        assert "missed 0 late 0 dropped 0 underruns 3" in text

    Stage(toy, (130, 40), Card(23.0, 0.12, 3)).run(act)


def test_a_window_too_small_does_no_harm(toy):
    async def act(stage, pilot):
        await pilot.press("z")
        for size in ((20, 5), (5, 3), (200, 60)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)

    Stage(toy, (40, 10)).run(act)


def test_the_computers_keys_play_and_the_space_bar_is_the_pedal(toy):
    async def act(stage, pilot):
        await pilot.press("z", "c")
        await pilot.press("pageup", "f6", "b", "space", "space")
        assert ons(stage.played) == [60, 64, 79]
        assert [e.velocity for e in stage.played if isinstance(e, NoteOn)] == [80, 80, 88]
        assert [e for e in stage.played if isinstance(e, Pedal)] == [Pedal(True), Pedal(False)]
        await stage.until(pilot, lambda: "keys C5 ♪88 (no key-up here)" in stage.text()[-1])
        await stage.until(pilot, lambda: len([e for e in stage.played if isinstance(e, NoteOff)]) == 3)  # by themselves

    Stage(toy).run(act)


def test_where_keys_come_up_notes_end_then(toy):
    async def act(stage, pilot):
        stage.app.post_message(KeyUp("a"))
        await pilot.press("z", "space")
        await pilot.pause(0.1)
        assert stage.played == [NoteOn(60, 80), Pedal(True)]
        for character in ("z", " "):
            stage.app.post_message(KeyUp(character))
        await stage.until(pilot, lambda: len(stage.played) == 4)
        assert sorted(stage.played[2:], key=str) == [NoteOff(60), Pedal(False)]
        await stage.until(pilot, lambda: "no key-up" not in stage.text()[-1])

    Stage(toy).run(act)


def test_controls_are_chosen_turned_typed_and_learned(toy):
    async def act(stage, pilot):
        player, names = stage.player, list(CONTROLS)
        await pilot.press("right", "right")
        await stage.until(pilot, lambda: player.desk.value("temperature") == pytest.approx(1.1))
        await pilot.press("up", "right")
        await stage.until(pilot, lambda: player.desk.value("mode") != stage.desk.value("mode"))
        stage.app.action_choose(names.index("tempo") - 1)
        await pilot.press("down", "f3", *"90", "enter")
        await stage.until(pilot, lambda: player.session.settings.tempo == 90)
        await pilot.press("f3", "z", "enter")
        await stage.until(pilot, lambda: "tempo 'z' is no number" in "\n".join(stage.text()[-3:]))
        assert not stage.played  # letters were typed, not played
        await pilot.press("f3", "escape", "z", "f7", "f4")
        assert ons(stage.played) == [60]
        await stage.until(pilot, lambda: "it will turn tempo" in "\n".join(stage.text()))
        assert player.desk.value("click") == "on"

    Stage(toy).run(act)


def test_help_take_panic_and_quit(toy):
    async def act(stage, pilot):
        await pilot.press("f1")
        await stage.until(pilot, lambda: "hand over" in "\n".join(stage.text()))
        assert all(len(line) <= 80 for line in stage.text())
        await pilot.press("f1", "f9")
        await stage.until(pilot, lambda: "saved x.mid" in "\n".join(stage.text()))
        await pilot.press("z", "escape")
        await stage.until(pilot, lambda: not stage.player.view.snapshot.sounding)
        assert stage.played[-1] == NoteOff(60)
        await pilot.press("f10")
        await stage.until(pilot, lambda: stage.player.ended)
        assert not stage.app.interrupted

    Stage(toy, mode="continue").run(act)


def test_ctrl_c_ends_it_and_is_told(toy):
    async def act(stage, pilot):
        await pilot.press("ctrl+c")
        await stage.until(pilot, lambda: stage.player.ended)

    assert Stage(toy).run(act).app.interrupted


def snapshot(played=(), sounding=(), planned=()):
    return Snapshot(10.0, "answer", "answer", None, None, "", planned, sounding, played, {})


def test_the_roll_tells_who_plays_what_sounds_and_what_is_planned():
    seen = snapshot(
        played=(Played(9.05, 0.45, 60, 70, "player"),),
        sounding=(Played(9.65, None, 64, 70, "model"),),
        planned=(Played(10.25, 0.25, 67, 70, "model"),),
    )
    window = Window()
    grid = cells(seen, window, 40, 14)
    now = 34

    def row(pitch):
        return grid[::-1][pitch - window.low].tolist()

    assert row(60)[now - 10 : now - 5] == [PLAYER_ON, PLAYER, PLAYER, PLAYER, PLAYER]
    assert row(64)[now - 4 : now] == [MODEL_ON, MODEL, MODEL, MODEL]
    assert row(67)[now + 2 : now + 5] == [GHOST] * 3
    assert row(61)[now] == NOW
    assert set(row(61)) == {FIELD, NOW}
    assert set(row(72)) == {OCTAVE, NOW}


def test_the_roll_shows_every_pitch_there_is_however_far_apart():
    for pitches in ([0, 127], [126, 127], [0, 1], [40, 90]):
        window = Window()
        seen = snapshot(played=tuple(Played(9.0, 0.5, p, 70, "player") for p in pitches))
        grid = cells(seen, window, 40, 5)
        assert (grid == PLAYER_ON).any(1).sum() == len({(p - window.low) // window.semitones for p in pitches})


def test_notes_show_without_colour():
    grid = np.full((2, 6), FIELD, np.int8)
    grid[0, 1], grid[1, 2], grid[:, 3] = PLAYER, MODEL, MODEL
    grid[:, 4] = MODEL, PLAYER
    assert "".join(segment.text for segment in segments(grid, "C4 ", 0)) == "C4  ▀▄█▀ "
