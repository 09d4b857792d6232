import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.generate.melody import read_melody
from antiphon.generate.parts import Parts, read_parts, share_out
from antiphon.notes import DRUMS, score


def test_as_they_are_typed():
    assert read_parts("cello,C4,violin") == Parts((42, 40), (60,))
    assert read_parts("contrabass, C3, 42, C4, violin") == Parts((43, 42, 40), (48, 60))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "are not understood; write instruments from low to high"),
        ("cello,C4", "are not understood"),
        ("cello,violin,C4", "'violin' is no pitch"),
        ("cello,C4,drums", "have drums, which have no register"),
        ("cello,C4,viola,C4,violin", "the pitches must rise"),
        (",C4,".join(["1"] * 20), "20 parts are out of range: at most 12"),
    ],
)
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(OptionError) as error:
        read_parts(text)
    assert message in str(error.value)


@given(st.lists(st.integers(0, 127), min_size=1, max_size=20))
def test_every_note_is_in_the_part_of_its_pitch(pitches):
    music = read_melody("+".join(["C4"] * len(pitches)))
    notes = music.notes.copy()
    notes["pitch"] = pitches
    music = score(notes)
    found = share_out(music, Parts((43, 42, 40), (48, 60)))
    assert sorted(found.notes["pitch"].tolist()) == sorted(pitches)
    wanted = np.select([found.notes["pitch"] < 48, found.notes["pitch"] < 60], [43, 42], 40)
    assert found.notes["program"].tolist() == wanted.tolist()
    assert [found.tracks[track] for track in found.notes["track"]] == [
        {43: "Contrabass", 42: "Cello", 40: "Violin"}[program] for program in wanted
    ]


def test_drums_stay_drums_on_the_last_track():
    music = read_melody("C2 C5")
    notes = music.notes.copy()
    notes["program"][0] = DRUMS
    found = share_out(score(notes), Parts((42, 40), (60,)))
    assert found.tracks == ("Violin", "Drums")
    assert found.notes["program"].tolist() == [DRUMS, 40]
