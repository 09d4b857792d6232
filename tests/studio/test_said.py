import pytest

from antiphon.errors import OptionError
from antiphon.live.events import HandOver, Lost, NoteOff, NoteOn, Pedal
from antiphon.studio import desk
from antiphon.studio.said import Bye, Key, Ping, ProtocolError, Silence, Steer, parsed, said


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ({"type": "note_on", "pitch": 60, "velocity": 1, "at_s": 2}, Key(NoteOn(60, 1), 2.0)),
        ({"type": "note_off", "pitch": 60}, Key(NoteOff(60), None)),
        ({"type": "pedal", "down": True}, Key(Pedal(True), None)),
        ({"type": "hand_over"}, Key(HandOver(), None)),
        ({"type": "released"}, Key(Lost(), None)),
        ({"type": "silence", "n": 3, "unknown": []}, Silence()),
        ({"type": "lock", "id": "1-60", "locked": False}, Steer("lock", "1-60", locked=False)),
        ({"type": "move", "id": "1-60", "pitch": 61}, Steer("move", "1-60", pitch=61)),
        ({"type": "ping", "t": 1.5}, Ping(1.5)),
        ({"type": "bye"}, Bye()),
    ],
)
def test_messages(message, meaning):
    assert said(message) == meaning


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": 3},
        {"type": "note_onn"},
        {"type": "note_on", "pitch": 60},
        {"type": "note_on", "pitch": 60.0, "velocity": 80},
        {"type": "note_on", "pitch": True, "velocity": 80},
        {"type": "note_on", "pitch": 128, "velocity": 80},
        {"type": "note_on", "pitch": 60, "velocity": 80, "at_s": float("nan")},
        {"type": "note_on", "pitch": 60, "velocity": 80, "at_s": "now"},
        {"type": "note_off", "pitch": -1},
        {"type": "pedal", "down": 1},
        {"type": "ping", "t": {}},
        {"type": "ping", "t": "x" * 101},
        {"type": "model", "name": None},
        {"type": "veto"},
        {"type": "lock", "id": "1-60"},
        {"type": "move", "id": "1-60", "onset_s": float("inf")},
    ],
)
def test_messages_that_mean_nothing(message):
    with pytest.raises(OptionError):
        said(message)


@pytest.mark.parametrize("text", ["", "[]", "3", "{", "[" * 10**6, '"a"'])
def test_what_is_no_message(text):
    with pytest.raises(ProtocolError):
        parsed(text)


@pytest.mark.parametrize(
    "changes",
    [None, [], {"nothing": 1}, {"temperature": "hot"}, {"temperature": True}, {"bars": 2.5}, {"click": 1},
     {"chords": "Am " * 200}, {"tempo": 10**400}, {"mode": 3}],
)  # fmt: skip
def test_settings_of_the_wrong_kind(changes):
    with pytest.raises(OptionError):
        desk.checked(changes)


def test_settings_are_what_they_say():
    assert desk.checked({"tempo": 96, "bars": 2, "click": True}) == {"tempo": 96.0, "bars": 2, "click": True}
    assert set(desk.settings()) >= {control["field"] for control in desk.controls()}
