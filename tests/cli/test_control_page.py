"""docs/control.md: its commands are understood, and it leaves no option out."""

import re
import shlex
from pathlib import Path

import pytest

from antiphon.cli.main import build_parser
from antiphon.cli.writing import given
from antiphon.generate.finish import finish
from antiphon.generate.options import OPTIONS, control

PAGE = (Path(__file__).parents[2] / "docs" / "control.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (antiphon \w+ .*)$", PAGE, re.MULTILINE)
WRITING = [line for line in COMMANDS if line.split()[1] in ("generate", "continue", "vary", "accompany", "infill")]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_understood(line):
    words = shlex.split(line.partition("&&")[0])[1:]
    args = build_parser(words[0]).parse_args(words)
    if line in WRITING:
        options = given(args)
        finish(options)
        control(options, endless=words[0] not in ("generate", "continue"))


def test_no_option_is_left_out():
    assert len(WRITING) > 30
    assert [name for name in OPTIONS if f"--{name}" not in PAGE] == []


def test_every_command_can_be_heard():
    silent = [line for line in WRITING if ".wav" not in line]
    assert all(".mid" in line for line in silent)
    assert len(silent) < len(WRITING) / 5
