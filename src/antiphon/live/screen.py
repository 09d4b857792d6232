"""The terminal player: the roll, the meters, the controls, and the keyboard as a piano. It fits 80 columns by 24 lines.

It runs in the main thread and touches nothing of the player's but what any thread may.
"""

from __future__ import annotations

import time
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.driver import Driver
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from antiphon.charts.colour import colour
from antiphon.live.controls import CONTROLS
from antiphon.live.events import NoteOff, NoteOn, Pedal
from antiphon.live.keyboard import Keyboard
from antiphon.live.meters import Meters
from antiphon.live.player import Command, Learn, Nudge, Player, Set, View
from antiphon.live.roll import NAMES, Window, cells, names, segments
from antiphon.live.terminal import KeyUp

FRAME_S = 1 / 20  # the screen is drawn so often: more would take time from the sound
TICK_S = 0.02  # notes of a keyboard that reports no release end on this grid
COLUMNS = 3  # of controls
WIDTH = 26  # of one
METERS = 46  # columns, on a screen wide enough
SHORT = {"player-volume": "your volume", "model-instrument": "its sound", "instrument": "your sound"}
TURNS = {"rest": "waiting for you", "listen": "you play", "answer": "it answers", "both": "both play"}
INK, MUTED, PAPER = (colour(name)[1] for name in ("ink", "muted", "paper"))
YOURS, ITS = colour("c10")[1], colour("b10")[1]
HELP = (
    " piano   z…/ and q…p, black keys between; Shift louder; space is the pedal\n"
    " turns   enter  now you (hand over)         esc  panic          F7  click\n"
    " dials   arrows  choose and turn   F2 mode   F3 type a value   F4 learn a knob\n"
    " keys    page up/down  octave      F5/F6  softer, louder\n"
    " takes   F9  save this take and begin another           F10  save and quit"
)


class Roll(Widget):
    """The piano roll."""

    def __init__(self) -> None:
        super().__init__(id="roll")
        self._window = Window()
        self._lines: list[list[Segment]] = []

    def show(self, view: View) -> None:
        """Draw what is there now."""
        width, height = self.size.width - NAMES, self.size.height
        if width < 8 or height < 2:
            return
        grid = cells(view.snapshot, self._window, width, height)
        named = names(self._window, height)
        lines = [segments(grid, named[line], line) for line in range(height)]
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line, as Textual asks for it."""
        return Strip(self._lines[y]) if y < len(self._lines) else Strip.blank(self.size.width, Style(bgcolor=PAPER))


class TerminalPlayer(App[None]):
    """Everything on the screen."""

    TITLE = "antiphon"

    CSS = f"""
    Screen {{ background: {PAPER}; color: {INK}; }}
    #head, #controls, #meters, #message, #hint {{ background: {PAPER}; }}
    #head {{ height: 1; }}
    #roll {{ height: 1fr; min-height: 4; }}
    #panel {{ height: 6; margin-top: 1; }}
    #controls {{ width: 1fr; }}
    #meters {{ width: 0; }}
    #panel.wide #meters {{ width: {METERS}; }}
    #message {{ height: 1; color: {MUTED}; }}
    #value {{ height: 1; border: none; padding: 0; display: none; }}
    #hint {{ height: 1; color: {MUTED}; }}
    #hint.long {{ height: 5; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", priority=True),
        Binding("down", "choose(1)", priority=True),
        Binding("left", "nudge(-1)"),
        Binding("right", "nudge(1)"),
        Binding("shift+left", "nudge(-5)"),
        Binding("shift+right", "nudge(5)"),
        Binding("f1", "help"),
        Binding("f2", "turn('mode')"),
        Binding("f3", "type"),
        Binding("f4", "learn"),
        Binding("f5", "louder(-8)"),
        Binding("f6", "louder(8)"),
        Binding("f7", "turn('click')"),
        Binding("f9", "command('take')"),
        Binding("f10,ctrl+q", "command('quit')", priority=True),
        Binding("ctrl+c", "interrupt", priority=True),
        Binding("pageup", "octave(1)"),
        Binding("pagedown", "octave(-1)"),
        Binding("space", "pedal"),
        Binding("enter", "command('hand-over')"),
        Binding("escape", "panic", priority=True),
    ]
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None  # keys are the piano's, unless a value is typed

    def __init__(
        self,
        player: Player,
        keyboard: Keyboard,
        meters: Meters,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class)
        self._player, self._keys, self._meters = player, keyboard, meters
        self._chosen = 1
        self._pedal = False
        self.interrupted = False

    def compose(self) -> ComposeResult:
        """What there is, from top to bottom."""
        yield Static(id="head")
        yield Roll()
        with Horizontal(id="panel"):
            yield Static(id="controls")
            yield Static(id="meters")
        yield Static(id="message")
        yield Input(id="value", compact=True)
        yield Static(id="hint")

    def on_mount(self) -> None:
        """Start drawing, and listening for keys that come up by themselves."""
        self.set_interval(FRAME_S, self.draw)
        self.set_interval(TICK_S, self._tick)
        self.draw()

    def draw(self) -> None:
        """Show the player as it is now."""
        if self._player.ended:
            self.exit()
        if not self.query("#hint"):  # being closed
            return
        view = self._player.view
        wide = self.size.width >= COLUMNS * WIDTH + METERS
        self.query_one("#panel").set_class(wide, "wide")
        self.query_one(Roll).show(view)
        self.query_one("#head", Static).update(self._head(view))
        self.query_one("#controls", Static).update(self._controls(view))
        self.query_one("#meters", Static).update(self._meters.lines(view))
        learning = f"move a knob or press a button: it will turn {view.learning}" if view.learning else ""
        message = learning or view.message or ("" if wide else self._meters.short(view))
        self.query_one("#message", Static).update(Text(message, no_wrap=True, overflow="ellipsis"))
        if not self.query_one("#hint").has_class("long"):
            self.query_one("#hint", Static).update(self._hint())

    def on_key(self, event: events.Key) -> None:
        """A key of the piano."""
        if not isinstance(self.focused, Input) and event.character and self._keys.plays(event.character):
            event.stop()
            self._play(self._keys.press(event.character, time.monotonic()))

    def on_key_up(self, message: KeyUp) -> None:
        """A key came up, in a terminal that says so."""
        if message.character == " " and self._pedal and not isinstance(self.focused, Input):
            self._press_pedal(False)
        self._play(self._keys.release(message.character))

    def on_app_blur(self) -> None:
        """Whoever leaves the window lets go of the keys."""
        self._play(self._keys.release_all())

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """A value was typed."""
        self._player.post(Set(self._control, message.value.strip()))
        self._close_input()

    def action_choose(self, by: int) -> None:
        """The control above or below."""
        self._chosen = (self._chosen + by) % len(CONTROLS)
        self.draw()

    def action_nudge(self, steps: int) -> None:
        """Turn the chosen control."""
        self._player.post(Nudge(self._control, steps))

    def action_turn(self, name: str) -> None:
        """Turn a switch."""
        self._player.post(Nudge(name, 1))

    def action_command(self, name: str) -> None:
        """Do something."""
        self._player.post(Command(name))

    def action_panic(self) -> None:
        """End everything; while a value is typed, only that."""
        if isinstance(self.focused, Input):
            self._close_input()
            return
        self._pedal = False
        self._play(self._keys.release_all())
        self._player.post(Command("panic"))

    def action_interrupt(self) -> None:
        """Ctrl-C."""
        self.interrupted = True
        self._player.post(Command("quit"))

    def action_type(self) -> None:
        """Type the chosen control's value."""
        box = self.query_one("#value", Input)
        box.value, box.placeholder = "", f"{self._control}: {CONTROLS[self._control].what}"
        box.styles.display = "block"
        self.query_one("#message").styles.display = "none"
        box.focus()

    def action_learn(self) -> None:
        """The next controller turns the chosen control."""
        self._player.post(Learn(self._control))

    def action_octave(self, by: int) -> None:
        """Move the keyboard."""
        self._keys.shift(by)

    def action_louder(self, by: int) -> None:
        """Strike harder or softer."""
        self._keys.louder(by)

    def action_pedal(self) -> None:
        """Down; up again where the terminal reports it, else at the next press."""
        self._press_pedal(True if self._keys.reports_release else not self._pedal)

    def action_help(self) -> None:
        """Long or short hints."""
        hint = self.query_one("#hint", Static)
        hint.toggle_class("long")
        hint.update(HELP if hint.has_class("long") else self._hint())

    @property
    def _control(self) -> str:
        return list(CONTROLS)[self._chosen]

    def _tick(self) -> None:
        self._play(self._keys.tick(time.monotonic()))

    def _play(self, notes: list[NoteOn | NoteOff]) -> None:
        for note in notes:
            self._player.play(note, time.monotonic())

    def _press_pedal(self, down: bool) -> None:
        self._pedal = down
        self._player.play(Pedal(down), time.monotonic())

    def _close_input(self) -> None:
        self.query_one("#value").styles.display = "none"
        self.query_one("#message").styles.display = "block"
        self.set_focus(None)

    def _head(self, view: View) -> Text:
        seen = view.snapshot
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" {self.TITLE} ", Style(bold=True))
        text.append(f" {view.desk.shell.model} · {seen.mode} ", Style(color=MUTED))
        turn = YOURS if seen.turn == "listen" else ITS if seen.turn == "answer" else INK
        text.append(f" {TURNS[seen.turn]} ", Style(color=turn, bold=True))
        if seen.bpm:
            text.append(f" ♩={seen.bpm:.0f}", Style(color=MUTED))
        if seen.chord:
            text.append(f"  {seen.chord}", Style(color=MUTED))
        return text

    def _controls(self, view: View) -> Text:
        """Down the columns; the chosen one stands out, with its arrows."""
        text, knobs = Text(no_wrap=True, overflow="crop"), list(CONTROLS)
        lines = -(-len(knobs) // COLUMNS)
        for line in range(lines):
            for index in range(line, len(knobs), lines):
                name, chosen = knobs[index], index == self._chosen
                value = view.desk.shown(name)
                label, room = f"{SHORT.get(name, name):<11}", WIDTH - 14
                text.append(f" {label} ", Style(color=INK if chosen else MUTED, bold=chosen))
                arrows = f"‹{value[: room - 2]}›".ljust(room) if chosen else f" {value[: room - 2]} ".ljust(room)
                text.append(arrows + " ", Style(color=PAPER, bgcolor=ITS) if chosen else Style(color=INK))
            text.append("\n")
        return text

    def _hint(self) -> str:
        keys = "" if self._keys.reports_release else " (no key-up here)"
        pedal = "  pedal" if self._pedal else ""
        piano = f"keys C{self._keys.octave} ♪{self._keys.velocity}{keys}{pedal}"
        return f" F1 help · {piano} · enter now you · esc panic · F10 quit"
