"""Score: sorted and checked when it is made; seconds and ticks agree through any tempo map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.notes import DEFAULT_TEMPO, DRUMS, NOTE, TICKS_PER_QUARTER, from_seconds, join, score

QUARTER = TICKS_PER_QUARTER


def table(*rows):
    """Notes from (onset, duration, pitch, velocity, program, track), the last two 0 where not said."""
    return np.array([(*row, *(0,) * (6 - len(row))) for row in rows], NOTE)


@st.composite
def notes(draw):
    times = st.integers(0, 10**6)
    row = st.tuples(
        times, st.integers(1, 10**6), st.integers(0, 127), st.integers(1, 127), st.integers(0, 128), st.integers(0, 3)
    )
    return table(*draw(st.lists(row, max_size=20)))


tempo_maps = st.lists(st.tuples(st.integers(0, 10**6), st.integers(100_000, 2_000_000)), max_size=6)


@given(notes(), st.randoms())
def test_the_order_notes_are_given_in_does_not_matter(given_notes, random):
    shuffled = given_notes[random.sample(range(len(given_notes)), len(given_notes))]
    assert score(shuffled) == score(given_notes)


@given(notes())
def test_notes_are_sorted_by_onset_then_pitch(given_notes):
    made = score(given_notes).notes
    assert (np.diff(made["onset"].astype(int) * 128 + made["pitch"]) >= 0).all()


@given(tempo_maps, st.lists(st.integers(0, 2 * 10**6), min_size=1, max_size=20))
def test_seconds_and_ticks_are_inverse(tempos, ticks):
    made = score(table((0, 1, 60, 80)), tempos)
    assert made.ticks(made.seconds(ticks)).tolist() == ticks


@given(tempo_maps)
def test_time_only_runs_forwards(tempos):
    assert (np.diff(score(table(), tempos).seconds(range(0, 2 * 10**6, 9973))) > 0).all()


def test_seconds_follow_the_tempo_map():
    made = score(table((2 * QUARTER, QUARTER, 60, 80)), [(0, 500_000), (QUARTER, 1_000_000)])
    assert made.onset_s.tolist() == [1.5]  # half a second, then a whole one
    assert made.end_s.tolist() == [2.5]
    assert made.length_s == 2.5


def test_an_empty_score_has_no_length():
    assert len(score(table())) == 0
    assert score(table()).length_s == 0


def test_maps_begin_at_0_keep_the_last_word_and_drop_repetitions():
    made = score(table(), [(10, 400_000), (20, 600_000), (20, 400_000), (30, 700_000)], [(0, 3, 4), (5, 3, 4)])
    assert made.tempos.tolist() == [(0, DEFAULT_TEMPO), (10, 400_000), (30, 700_000)]
    assert made.metres.tolist() == [(0, 3, 4)]


def test_every_track_in_use_has_a_name():
    assert score(table((0, 1, 60, 80, 0, 2)), tracks=["left"]).tracks == ("left", "", "")
    assert score(table()).tracks == ("",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((-1, 1, 60, 80), "onset -1"),
        ((0, 0, 60, 80), "duration 0"),
        ((0, 1, 128, 80), "pitch 128"),
        ((0, 1, 60, 0), "velocity 0"),
        ((0, 1, 60, 80, 129), "program 129"),
    ],
)
def test_a_note_out_of_range_is_refused(row, message):
    with pytest.raises(ValueError, match=message):
        score(table((0, 1, 60, 80), row))


def test_scores_are_equal_by_content():
    one = score(table((0, 1, 60, 80)))
    assert one == score(table((0, 1, 60, 80)))
    assert one != score(table((0, 1, 60, 81)))
    assert one != score(table((0, 1, 60, 80)), tempos=[(0, 1)])
    assert one != "a score"


def test_a_passage_keeps_notes_that_begin_in_it_whole():
    made = from_seconds(np.array([0.0, 1, 2, 3]), np.array([5.0, 5, 5, 5]), np.array([60, 61, 62, 63]), np.full(4, 80))
    part = made.passage(1, 3)
    assert part.notes["pitch"].tolist() == [61, 62]
    assert part.onset_s.tolist() == [0, 1]
    assert part.length_s == 6


def test_until_cuts_what_sounds_on_and_leaves_the_rest_alone():
    made = from_seconds(np.array([0.0, 1, 2]), np.array([0.5, 5, 5]), np.array([60, 61, 62]), np.full(3, 80))
    before = made.notes.copy()
    cut = made.until(2)
    assert cut.end_s.tolist() == [0.5, 2]
    assert (made.notes == before).all()


def test_transposing_moves_all_but_drums_and_drops_what_leaves_the_keyboard():
    made = score(table((0, 1, 60, 80), (1, 1, 126, 80), (2, 1, 40, 80, DRUMS)))
    up = made.transpose(2)
    assert up.notes["pitch"].tolist() == [62, 40]
    assert made.transpose(1).transpose(-1) == made


def test_another_instrument_leaves_drums_drums():
    made = score(table((0, 1, 60, 80, 5), (1, 1, 40, 80, DRUMS)))
    assert made.with_program(40).notes["program"].tolist() == [40, DRUMS]


def test_joined_pieces_follow_one_another():
    one = from_seconds(np.array([0.0]), np.array([1.0]), np.array([60]), np.array([80]))
    fast = score(table((0, QUARTER, 72, 80)), [(0, 250_000)])
    both = join([one, fast, one], gap_s=0.5)
    assert both.onset_s.tolist() == [0, 1.5, 2.25]
    assert both.end_s.tolist() == [1, 1.75, 3.25]


def test_selecting_keeps_the_maps():
    made = score(table((0, 1, 60, 80), (1, 1, 61, 80)), [(0, 250_000)])
    picked = made.select(made.notes["pitch"] == 61)
    assert picked.notes["pitch"].tolist() == [61]
    assert picked.tempos.tolist() == [(0, 250_000)]
