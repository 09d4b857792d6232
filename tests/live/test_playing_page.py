"""The page for players names everything there is to turn, press and send."""

import re
from pathlib import Path

import pytest

from antiphon.live.controls import COMMANDS, CONTROLS
from antiphon.live.mapping import STANDARD
from antiphon.live.settings import LiveSettings

PAGE = (Path(__file__).parents[2] / "docs" / "playing.md").read_text(encoding="utf-8")
SHELL = {"program", "played_program"}  # set by the instruments' controls


@pytest.mark.parametrize("name", [*CONTROLS, *COMMANDS, *sorted({*LiveSettings.__dataclass_fields__} - SHELL)])
def test_every_control_command_and_setting_is_named(name):
    assert re.search(rf"[`/]{name.replace('_', '[-_]')}`", PAGE)


def test_the_table_of_controllers_is_the_one_in_use():
    rows = re.findall(r"^\| controller (\d+)[^|]*\|[^`\n]*`([\w-]+)`", PAGE, re.MULTILINE)
    assert {int(number): name for number, name in rows if number != "64"} == STANDARD
