import pytest

from antiphon.theory import DRUM_NAMES, drum_name, is_black_key, pitch_name


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
