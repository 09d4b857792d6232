"""Progress on a terminal: for what takes long, whether or not it tells anything; and nowhere else."""

import os
import pty
import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
from antiphon.cli import progress as module
module.PATIENCE_S = 0.3
with module.progress("baking") as show:
    for done in {told}:
        time.sleep({wait})
        show(done)
    time.sleep({wait})
print("done")
"""


def drawn(wait, told=(), term="xterm"):
    """What a terminal is sent while a program waits and tells its progress."""
    ours, theirs = pty.openpty()
    program = PROGRAM.format(wait=wait, told=list(told))
    environment = {**os.environ, "TERM": term, "COLUMNS": "80"}
    child = subprocess.Popen([sys.executable, "-c", program], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    said = b""
    while part := _read(ours):
        said += part
    os.close(ours)
    assert child.wait() == 0
    return said.decode()


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # what Linux says when the other side is closed
        return b""


def test_long_work_that_tells_nothing_is_seen():
    said = drawn(wait=1.0)
    assert "baking" in said
    assert "%" not in said  # nobody knows how much is done


def test_long_work_tells_its_share():
    said = drawn(wait=0.5, told=(0.25, 0.5))
    assert "25%" in said
    assert "50%" in said


def test_nothing_of_it_stays():
    said = drawn(wait=1.0)
    assert "\x1b[?25h" in said  # the cursor is back
    bar, _, after = said.rpartition("\x1b[2K")  # and the line is empty
    assert "baking" in bar
    assert after == "done\r\n"


@pytest.mark.parametrize(("wait", "term"), [(0.0, "xterm"), (1.0, "dumb")])
def test_short_work_and_screens_that_cannot_redraw_get_nothing(wait, term):
    assert drawn(wait, term=term) == "done\r\n"


def test_a_file_gets_nothing():
    program = PROGRAM.format(wait=0.5, told=[0.5])
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("done\n", "")
