import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.live.events import NoteOff, NoteOn
from antiphon.live.keyboard import ROWS, Keyboard, KeyboardOptions


def pitches(events):
    return [event.pitch for event in events if isinstance(event, NoteOn)]


@pytest.mark.parametrize("layout", ROWS)
def test_two_rows_rise_by_semitones_from_middle_c(layout):
    for row, first in zip(ROWS[layout], (60, 72), strict=True):
        keyboard = Keyboard(KeyboardOptions(layout=layout))
        struck = [pitches(keyboard.press(key, 0.0))[0] for key in row]
        assert struck == list(range(first, first + len(row)))


def test_where_keys_tell_that_they_come_up_notes_last_as_long():
    keyboard = Keyboard()
    keyboard.release("a")  # no key of the piano, but it tells what the terminal can do
    assert keyboard.press("z", 1.0) == [NoteOn(60, 80)]
    assert keyboard.press("z", 1.5) == []  # repeats itself
    assert keyboard.tick(60.0) == []
    assert keyboard.press("c", 60.0) == [NoteOn(64, 80)]
    assert keyboard.release("Z") == [NoteOff(60)]  # Shift may have gone down or up meanwhile
    assert keyboard.release("z") == []


def test_elsewhere_a_note_lasts_to_the_next_key_and_chords_stay_whole():
    keyboard = Keyboard()
    chord = [keyboard.press(key, 1 + 0.01 * i) for i, key in enumerate("zcb")]
    assert [pitches(each) for each in chord] == [[60], [64], [67]]
    assert keyboard.press("n", 1.5) == [NoteOff(60), NoteOff(64), NoteOff(67), NoteOn(69, 80)]
    assert keyboard.tick(3.4) == []
    assert keyboard.tick(3.6) == [NoteOff(69)]


def test_a_key_that_repeats_itself_holds_its_note():
    keyboard = Keyboard(KeyboardOptions(lasting="fixed", fixed_s=0.4))
    assert keyboard.press("z", 0.0) == [NoteOn(60, 80)]
    assert keyboard.press("z", 0.3) == [NoteOff(60), NoteOn(60, 80)]  # the first repeat cannot be told from a stroke
    for k in range(1, 50):
        assert keyboard.press("z", 0.3 + k * 0.033) == []
        assert keyboard.tick(0.3 + k * 0.033) == []
    assert keyboard.tick(0.3 + 49 * 0.033 + 0.41) == [NoteOff(60)]


def test_velocity_by_row_setting_and_shift():
    keyboard = Keyboard(KeyboardOptions(velocity=60, upper=20))
    assert keyboard.press("z", 0.0) == [NoteOn(60, 60)]
    assert keyboard.press("q", 0.0) == [NoteOn(72, 80)]
    assert keyboard.press("X", 0.0) == [NoteOn(62, 90)]
    keyboard.louder(200)
    assert keyboard.press("c", 0.0) == [NoteOn(64, 127)]


def test_octaves_move_what_is_struck_next_and_stop_at_the_ends():
    keyboard = Keyboard()
    keyboard.press("z", 0.0)
    keyboard.shift(1)
    assert keyboard.press("x", 1.0) == [NoteOff(60), NoteOn(74, 80)]
    keyboard.shift(20)
    assert keyboard.octave == 8
    assert keyboard.press("p", 2.0) == []  # above pitch 127
    assert keyboard.release_all() == [NoteOff(74)]


@given(st.lists(st.tuples(st.sampled_from("zxcvbqwert!"), st.floats(0, 0.5), st.booleans()), max_size=40))
def test_every_note_ends(strokes):
    keyboard, now_s, sounding = Keyboard(), 0.0, []

    def follow(events):
        for event in events:
            if isinstance(event, NoteOn):
                assert event.pitch not in sounding
                sounding.append(event.pitch)
            else:
                sounding.remove(event.pitch)

    for key, wait_s, up in strokes:
        now_s += wait_s
        follow(keyboard.tick(now_s))
        follow(keyboard.release(key) if up and keyboard.reports_release else keyboard.press(key, now_s))
    follow(keyboard.release_all())
    assert not sounding


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "qwertyu"}, "did you mean 'qwerty'"),
        ({"octave": 9}, "octave 9 is out of range"),
        ({"velocity": 0}, "velocity 0 is out of range"),
        ({"lasting": "ever"}, "unknown way for notes to last"),
        ({"fixed_s": 0}, "out of range"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(OptionError, match=message):
        KeyboardOptions(**options)
