import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import FileError, OptionError
from antiphon.live.controls import CONTROLS, Desk, Dial, Shell
from antiphon.live.mapping import STANDARD, Mapping
from antiphon.live.midi import Controller
from antiphon.live.settings import LiveSettings

DESK = Desk(LiveSettings(), Shell(model="one"), ("one", "two"))
NAMES = st.sampled_from(sorted(CONTROLS))


@given(NAMES, st.floats(0, 1), st.lists(st.integers(-5, 5), max_size=5))
def test_wherever_a_control_is_turned_it_stays_allowed(name, share, turns):
    desk = DESK.with_settings(lowest=0, highest=127)
    desk = desk.at(name, share)
    for steps in turns:
        desk = desk.nudged(name, steps)
    knob, value = CONTROLS[name], desk.value(name)
    if isinstance(knob, Dial):
        assert knob.low - 1e-9 <= value <= knob.high + 1e-9 or (knob.zero and value == 0)
    assert desk.shown(name)


def test_dials_have_ends_and_a_meaning_of_zero():
    assert DESK.shown("density") == "free"
    assert DESK.nudged("density", 1).value("density") == 0.5
    assert DESK.nudged("density", 1).nudged("density", -1).shown("density") == "free"
    assert DESK.at("tempo", 0).value("tempo") == 40
    assert DESK.at("tempo", 1).value("tempo") == 240
    assert DESK.nudged("temperature", 3).value("temperature") == pytest.approx(1.15)
    assert DESK.set("volume", "0.5").value("volume") == 0.5


def test_switches_go_round_and_take_names_as_people_write_them():
    assert DESK.nudged("model", 1).value("model") == "two"
    assert DESK.nudged("model", 2).value("model") == "one"
    assert DESK.set("instrument", "violin").value("instrument") == "Violin"
    assert DESK.set("key", "D minor").settings.key == "D minor"
    assert DESK.nudged("click", 1).settings.click is True
    assert DESK.at("mode", 1).value("mode") == "follow"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("temprature", 1, "did you mean 'temperature'"),
        ("temperature", 9, "temperature 9 is out of range: 0.3 to 2"),
        ("temperature", "hot", "no number"),
        ("mode", "duett", "did you mean 'duet'"),
        ("instrument", "violn", "did you mean 'Violin'"),
        ("key", "H minor", "no key"),
        ("chords", "Xyz", "no chord"),
    ],
)
def test_bad_values(name, value, message):
    with pytest.raises(OptionError, match=message):
        DESK.set(name, value)


def test_standard_controllers():
    mapping = Mapping()
    desk, command = mapping.moved(Controller(1, 127), DESK)
    assert desk.value("temperature") == 2
    assert not command
    assert mapping.moved(Controller(3, 127), DESK) == (DESK, "")


def test_a_pedal_gives_its_command_once_when_it_goes_down():
    mapping = Mapping()
    pressed = [mapping.moved(Controller(66, value), DESK)[1] for value in (0, 20, 70, 127, 70, 10, 64)]
    assert pressed == ["", "", "hand-over", "", "", "", "hand-over"]


def test_a_learned_controller_is_kept(tmp_path):
    path = tmp_path / "new" / "controllers.json"
    mapping = Mapping(path)
    mapping.learn("tempo")
    assert mapping.moved(Controller(20, 5), DESK) == (DESK, "")
    assert mapping.moved(Controller(20, 127), DESK)[0].value("tempo") == 240
    again = Mapping(path)
    assert again.table[20] == "tempo"
    assert again.table[1] == STANDARD[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1]", "cannot read the controllers"), ("{", "cannot read"), ('{"1": "tempoo"}', "did you mean 'tempo'")],
)
def test_bad_files_of_controllers(tmp_path, text, message):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(FileError, match=message):
        Mapping(tmp_path / "c.json")
