import pytest

from antiphon.errors import OptionError
from antiphon.theory import (
    DRUM_NAMES,
    chord,
    drum_name,
    is_black_key,
    pitch,
    pitch_class,
    pitch_name,
    progression,
    scale,
)


@pytest.mark.parametrize(
    ("pitch", "name"),
    [(0, "C-1"), (21, "A0"), (59, "B3"), (60, "C4"), (61, "C♯4"), (70, "B♭4"), (108, "C8"), (127, "G9")],
)
def test_pitches_have_the_names_of_scientific_notation(pitch, name):
    assert pitch_name(pitch) == name


def test_every_pitch_has_a_name_of_its_own():
    assert len({pitch_name(pitch) for pitch in range(128)}) == 128


@pytest.mark.parametrize(
    ("pitch", "name"), [(34, "drum 34"), (35, "kick 2"), (36, "kick"), (38, "snare"), (42, "closed hi-hat"),
                        (46, "open hi-hat"), (49, "crash"), (51, "ride"), (56, "cowbell"), (81, "open triangle"),
                        (82, "drum 82")]
)  # fmt: skip
def test_drums_have_the_names_of_general_midi(pitch, name):
    assert drum_name(pitch) == name


def test_no_two_drums_share_a_name():
    assert len(set(DRUM_NAMES)) == len(DRUM_NAMES) == 47


def test_a_piano_has_36_black_keys():
    assert sum(is_black_key(pitch) for pitch in range(21, 109)) == 36


@pytest.mark.parametrize("number", range(128))
def test_a_pitch_is_read_back_from_its_name(number):
    assert pitch(pitch_name(number)) == pitch(str(number)) == number


@pytest.mark.parametrize(("name", "number"), [("Cb4", 59), ("B#3", 60), ("f##2", 43), ("Bb-1", 10), (" A4 ", 69)])
def test_pitches_may_be_spelled_as_music_does(name, number):
    assert pitch(name) == number


@pytest.mark.parametrize(
    ("text", "tonic", "classes"),
    [
        ("D minor", 2, {2, 4, 5, 7, 9, 10, 0}),
        ("C lydian", 0, {0, 2, 4, 6, 7, 9, 11}),
        ("F# Major", 6, {6, 8, 10, 11, 1, 3, 5}),
        ("Bb harmonic minor", 10, {10, 0, 1, 3, 5, 6, 9}),
        ("Am", 9, {9, 11, 0, 2, 4, 5, 7}),
        ("G", 7, {7, 9, 11, 0, 2, 4, 6}),
        ("C E G", 0, {0, 4, 7}),
        ("e,g,b", 4, {4, 7, 11}),
    ],
)
def test_keys_are_read(text, tonic, classes):
    assert scale(text) == (tonic, classes)


@pytest.mark.parametrize(
    ("text", "root", "classes"),
    [
        ("C", 0, {0, 4, 7}), ("Am", 9, {9, 0, 4}), ("F#m7", 6, {6, 9, 1, 4}), ("Bbmaj7", 10, {10, 2, 5, 9}),
        ("C/E", 0, {0, 4, 7}), ("Dm/B", 2, {2, 5, 9, 11}), ("G7sus4", 7, {7, 0, 2, 5}), ("B♭ø", 10, {10, 1, 4, 8}),
        ("Em7♭5", 4, {4, 7, 10, 2}), ("Edim", 4, {4, 7, 10}), ("C+", 0, {0, 4, 8}), ("A5", 9, {9, 4}),
    ],
)  # fmt: skip
def test_chords_are_read(text, root, classes):
    assert chord(text) == (text, root, classes, 1.0)


def test_a_progression_is_read():
    read = progression("| Am:2 F | % C/E ; the first line\n G7:0.5 |")
    assert [(c.name, c.length) for c in read] == [("Am", 2), ("F", 1), ("F", 1), ("C/E", 1), ("G7", 0.5)]


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (pitch, "H4", "'H4' is no pitch; write"),
        (pitch, "C", "'C' is no pitch"),
        (pitch, "G#9", "out of range"),
        (pitch, "128", "out of range"),
        (pitch_class, "C4", "'C4' is no pitch class"),
        (scale, "", "'' is no key"),
        (scale, "minor", "'minor' is no key"),
        (scale, "C dorain", "unknown scale 'dorain'; did you mean 'dorian'"),
        (chord, "X", "'X' is no chord"),
        (chord, "Cmjr", "after the root"),
        (chord, "C:0", "is no length"),
        (chord, "C:x", "is no length"),
        (chord, "C/", "no pitch class"),
        (progression, "| |", "names no chord"),
        (progression, "% C", "begins with %"),
    ],
)
def test_what_is_no_name_is_refused(read, text, message):
    with pytest.raises(OptionError, match=message):
        read(text)
