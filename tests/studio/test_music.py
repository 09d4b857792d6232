import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.files import read_music
from antiphon.notes import NOTE, score
from antiphon.studio.music import music_of, score_of


def wire(**fields):
    return {"notes": [[0, 0.5, 60, 80]], "tempos": [], "metres": [], "tracks": [], **fields}


NOTES = st.lists(
    st.tuples(
        st.integers(0, 10**7), st.integers(1, 10**5), st.integers(0, 127), st.integers(1, 127), st.integers(0, 128)
    ),
    max_size=30,
)


@given(NOTES, st.lists(st.tuples(st.integers(0, 10**6), st.integers(100_000, 3_000_000)), max_size=4))
def test_json_keeps_every_tick(rows, tempos):
    table = np.array([(*row, 0) for row in rows], NOTE)
    music = score(table, tempos, [(0, 3, 4)], ["piano"])
    assert score_of(json.loads(json.dumps(music_of(music)))) == music


def test_json_keeps_a_real_file(data):
    music = read_music(data / "cc0-openscore-lc6067798.mid")
    assert score_of(music_of(music)) == music


def test_program_and_track_may_be_left_out():
    music = score_of(wire(notes=[[0, 1, 60, 80], [1, 1, 62, 80, 5], [2, 1, 64, 80, 128, 2]]))
    assert music.notes["program"].tolist() == [0, 5, 128]
    assert music.notes["track"].tolist() == [0, 0, 2]


@pytest.mark.parametrize(
    ("note", "said"),
    [([0, 1, 128, 80], "pitch 128"), ([0, 1, 60, 0], "velocity 0"), ([0, 1, 60.5, 80], "pitch 60.5")],
)
def test_a_note_out_of_range_is_named(note, said):
    with pytest.raises(OptionError, match=f"note 1: {said}"):
        score_of(wire(notes=[[0, 1, 60, 80], note]))


def test_a_metre_that_cannot_be():
    with pytest.raises(OptionError, match="4/3"):
        score_of(wire(metres=[[0, 4, 3]]))


def test_music_that_is_too_long_for_its_tempo():
    with pytest.raises(OptionError, match="too long"):
        score_of(wire(notes=[[80_000, 1, 60, 80]], tempos=[[0, 1]]))
