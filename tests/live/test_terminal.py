"""Keys that come up, in terminals that tell; and the whole command in a real terminal."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import numpy as np
import pytest

pytest.importorskip("textual", reason="the screen needs textual: pip install 'antiphon[live]'")

from textual import events

from antiphon.files.midi import read_midi, write_midi
from antiphon.live.terminal import ASK, Parser, Released
from antiphon.notes import from_seconds

pytestmark = pytest.mark.realtime


def keys(text):
    return [e for e in Parser().feed(text) if isinstance(e, events.Key)]


def test_releases_are_told_from_presses_and_repeats():
    press, repeat, release = keys("\x1b[122;1:1u"), keys("\x1b[122;1:2u"), keys("\x1b[122;1:3u")
    assert [(type(e), e.character) for e in press + repeat] == [(events.Key, "z")] * 2
    assert [(type(e), e.character) for e in release] == [(Released, "z")]


def test_other_sequences_mean_what_they_did():
    assert [e.key for e in keys("z")] == ["z"]
    assert [e.key for e in keys("\x1b[A")] == ["up"]
    assert [e.key for e in keys("\x1b[1;1:1A")] == ["up"]
    assert [e.key for e in keys("\x1b[1;2:1C")] == ["shift+right"]
    assert [e.key for e in keys("\x1b[21~")] == ["f10"]
    assert [type(e) for e in keys("\x1b[1;1:3A")] == [Released]
    assert [e.character for e in keys("\x1b[228;1:3u")] == ["ä"]


# Makes the pseudo-terminal the one that the command hangs on, as a login does, then becomes the command.
LOGIN = """
import fcntl, os, sys, termios

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "antiphon", *sys.argv[1:]])
"""


# The same with a screen that shows nothing and never ends.
STUCK = """
import fcntl, sys, termios, time

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from antiphon.cli.main import main
from antiphon.live.screen import TerminalPlayer

def run(self):
    print("stuck", flush=True)
    while True:
        time.sleep(1)

TerminalPlayer.run = run
sys.exit(main(sys.argv[1:]))
"""


class Terminal:
    """The command in a pseudo-terminal of 80 by 24."""

    def __init__(self, *arguments, login=LOGIN):
        self.fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, "-c", login, "play", "--no-sound", "--no-midi-in", "--seed", "1", *arguments]
        environment = os.environ | {"TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            command, stdin=inner, stdout=inner, stderr=inner, env=environment, start_new_session=True
        )
        os.close(inner)
        self.seen = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, text, within_s=60.0):
        """Read until the screen shows this."""
        end_s = time.monotonic() + within_s
        while text not in self.seen:
            left_s = end_s - time.monotonic()
            assert left_s > 0, self.seen[-2000:]
            if select.select([self.fd], [], [], left_s)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:  # the other end is closed
                    assert text in self.seen, self.seen[-2000:]

    def end(self):
        """The exit status, reading what comes until then."""
        end_s = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < end_s:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    break
        return self.process.wait(60)

    def hang_up(self):
        os.close(self.fd)
        self.fd = None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.fd is not None:
            os.close(self.fd)


@pytest.fixture
def terminal(tmp_path):
    opened = Terminal("--save", str(tmp_path / "a.mid"))
    yield opened
    opened.close()


def test_in_a_real_terminal_keys_play_and_last_as_long_as_they_are_down(terminal, tmp_path):
    terminal.until("waiting for you")
    assert ASK in terminal.seen
    for code in (122, 99):  # z and c
        terminal.type(f"\x1b[{code};1:1u")
        time.sleep(0.2)
        terminal.type(f"\x1b[{code};1:3u")
    terminal.until("you play")
    terminal.type("\r")
    terminal.until("it answers")
    terminal.type("\x1b[21~")
    assert terminal.end() == 0
    assert "you played 2 notes" in terminal.seen
    own = [n for n in read_midi(tmp_path / "a.mid").notes.tolist() if n[5] == 0]
    assert [n[2] for n in own] == [60, 64]
    ledger = json.loads((tmp_path / "a.json").read_text())
    assert ledger["counters"]["heard"] == 2


def test_ctrl_c_saves_the_take(terminal, tmp_path):
    terminal.until("waiting for you")
    terminal.type("zc")
    terminal.until("you play")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert len(read_midi(tmp_path / "a.mid")) >= 2


def test_a_take_outlives_its_terminal(terminal, tmp_path):
    terminal.until("waiting for you")
    terminal.type("zc")
    terminal.until("you play")
    terminal.hang_up()
    terminal.process.wait(60)
    assert len(read_midi(tmp_path / "a.mid")) >= 2


def test_a_screen_that_never_ends_does_not_outlive_its_terminal(tmp_path):
    played, take = tmp_path / "played.mid", tmp_path / "a.mid"
    times, pitches = np.arange(3) * 0.1, np.array([60, 64, 67])
    write_midi(from_seconds(times, np.full(3, 0.1), pitches, np.full(3, 80)), played)
    stuck = Terminal("--save", str(take), "--demo", str(played), login=STUCK)
    try:
        stuck.until("stuck")
        time.sleep(1.5)
        stuck.hang_up()
        assert stuck.process.wait(60) == 128 + signal.SIGHUP
    finally:
        stuck.close()
    assert len(read_midi(take)) >= 3
