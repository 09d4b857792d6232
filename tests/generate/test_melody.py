from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.generate.melody import is_melody, read_melody
from antiphon.theory import pitch_name


def notes(text):
    """(onset, duration, pitch) of each note, in beats."""
    music = read_melody(text)
    return [(n["onset"] / 1920, n["duration"] / 1920, int(n["pitch"])) for n in music.notes]


def test_words_follow_one_another():
    assert notes("C4 E4 G4:2 r A4") == [(0, 1, 60), (1, 1, 64), (2, 2, 67), (5, 1, 69)]


def test_a_chord_begins_at_once():
    assert notes("C4+E4+G4:1/2 B3") == [(0, 0.5, 60), (0, 0.5, 64), (0, 0.5, 67), (0.5, 1, 59)]


@pytest.mark.parametrize(
    ("word", "pitch"),
    [("C-1", 0), ("G9", 127), ("f#3", 54), ("Bb4", 70), ("B♭4", 70), ("C♯5", 73), ("Cb4", 59), ("F##4", 67), ("c", 60)],
)
def test_names_of_pitches(word, pitch):
    assert notes(word) == [(0, 1, pitch)]


def test_an_octave_holds_until_another_is_given():
    assert [pitch for *_, pitch in notes("C5 D r E3 F E+G6 A")] == [72, 74, 52, 53, 52, 91, 93]


def test_how_loud():
    assert read_melody("C4 D4@90 E4:2@1").notes["velocity"].tolist() == [80, 90, 1]


def test_tempo_and_metre():
    music = read_melody("90bpm 3/4 C4 D4 E4 | 120.5bpm F4")
    assert music.tempos.tolist() == [(0, 666_667), (3 * 1920, 497_925)]
    assert music.metres.tolist() == [(0, 3, 4)]
    assert music.onset_s[1] == pytest.approx(60 / 90, abs=1e-6)


def test_voices_are_tracks_that_begin_together():
    music = read_melody("C5 D5 ; C3:2 ; r G3")
    assert music.notes["track"].tolist() == [1, 0, 2, 0]
    assert music.notes["onset"].tolist() == [0, 0, 1920, 1920]


def test_what_is_too_short_for_a_tick_is_a_tick():
    assert read_melody("C4:1/100000").notes["duration"].tolist() == [1]


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(1, 16), st.integers(1, 127)), min_size=1))
def test_what_is_written_is_read(played):
    text = " ".join(f"{pitch_name(pitch)}:{length}/4@{velocity}" for pitch, length, velocity in played)
    music = read_melody(text)
    found = zip(*(music.notes[name].tolist() for name in ("pitch", "duration", "velocity")), strict=True)
    assert list(found) == [(pitch, length * 480, velocity) for pitch, length, velocity in played]


@given(st.text(max_size=30))
def test_any_other_text_is_an_error_that_says_so(text):
    with suppress(OptionError):
        assert len(read_melody(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no notes"),
        ("r r:4 |", "no notes"),
        ("C4 H4", "'H4' is no pitch; write notes such as C4"),
        ("C4 E4::2", "'E4::2', which is no note"),
        ("C4 r+E4", "'r' is no pitch"),
        ("G9 A9", "pitch 129 is out of range, 0 to 127 (C-1 to G9)"),
        ("C4:0", "0 beats is out of range, above 0"),
        ("C4:1/0", "'1/0' is no number of beats; it may be 2, 0.5 or 1/3"),
        ("C4:-1", "'-1' is no number of beats"),
        ("C4:2000", "2000 beats is out of range"),
        ("C4@0", "velocity 0 is out of range, 1 to 127"),
        ("C4@128", "velocity 128 is out of range"),
        ("2bpm C4", "tempo 2 is out of range, 4 to 1000"),
        ("0bpm C4", "tempo 0 is out of range"),
        ("C4:1000 " * 101, "too long"),
        (";".join(["C4"] * 65), "65 voices; at most 64"),
    ],
)
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(OptionError) as error:
        read_melody(text)
    assert message in str(error.value)


def test_a_melody_is_told_from_a_file():
    assert all(is_melody(text) for text in ("C4", "C4 E4 G4:2", "r C4", "96bpm 3/4 | Bb3", "c+e", "C4 H9"))
    assert not any(is_melody(text) for text in ("", "song.mid", "C4.mid", "dad", "music/C4", "prompt", "96bpm"))
