"""Phrases and parts: no note is lost, no phrase too long, and answers are what really follows or sounds meanwhile."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.corpus.phrases import SHORTEST, Parts, Phrases, phrase_edges, top_part
from antiphon.corpus.windows import Place

steps = st.lists(st.integers(0, 3000), min_size=1, max_size=300)


def columns(onset_ms, pitch, track=None, program=0):
    count = len(onset_ms)
    plain = {"duration_ms": np.full(count, 90), "velocity": np.full(count, 64), "program": np.full(count, program)}
    track = np.zeros(count, int) if track is None else np.array(track)
    return {"onset_ms": np.array(onset_ms), "pitch": np.array(pitch), "track": track, **plain}


@given(steps, st.integers(2 * SHORTEST, 60))
def test_phrases_cover_a_piece_and_none_is_too_long_or_too_short(steps, longest):
    onset_ms = np.cumsum(steps)
    edges = phrase_edges(onset_ms, longest)
    lengths = np.diff(edges)
    assert edges[0] == 0
    assert edges[-1] == len(onset_ms)
    assert lengths.max() <= longest
    assert lengths.min() >= min(SHORTEST, len(onset_ms))


def test_a_piece_is_split_where_it_rests_longest():
    onset_ms = np.cumsum([100] * 12 + [900] + [100] * 11)
    assert phrase_edges(onset_ms, 20).tolist() == [0, 12, 24]


def test_each_phrase_is_the_call_of_the_next():
    onset_ms = np.cumsum([100] * 12 + [900] + [100] * 11 + [800] + [100] * 9)
    found = Phrases(columns(onset_ms, range(34)), [Place(0, 34)], 16)
    assert len(found) == 2
    first, second = found[0], found[1]
    assert first.call.pitch.tolist() == list(range(12))
    assert first.answer.pitch.tolist() == second.call.pitch.tolist() == list(range(12, 24))
    assert second.answer.pitch.tolist() == list(range(24, 34))
    assert first.begins_ms == onset_ms[11]
    assert first.follows


def test_a_piece_of_one_phrase_has_no_answer():
    assert len(Phrases(columns(range(0, 900, 100), range(9)), [Place(0, 9)], 16)) == 0


def test_the_highest_part_calls_and_the_others_sound_meanwhile():
    onset_ms = [0, 0, 100, 200, 200, 300]
    found = Parts(columns(onset_ms, [70, 40, 71, 72, 41, 73], [1, 0, 1, 1, 0, 1]), [Place(0, 6)], 8)
    (pair,) = found
    assert pair.call.pitch.tolist() == [70, 71, 72, 73]
    assert pair.answer.pitch.tolist() == [40, 41]
    assert (pair.begins_ms, pair.follows) == (0, False)


def test_long_parts_come_in_stretches_that_overlap_by_half():
    count = 20
    onset_ms = np.repeat(np.arange(count) * 100, 2)
    pitch, track = np.tile([40, 70], count), np.tile([0, 1], count)
    found = Parts(columns(onset_ms, pitch, track), [Place(0, 2 * count)], 8)
    assert [pair.begins_ms for pair in found] == [0, 400, 800, 1200]
    assert all(len(pair.call.pitch) == len(pair.answer.pitch) == 8 for pair in found)


def test_drums_are_no_part():
    assert len(Parts(columns([0, 0], [40, 70], [0, 1], program=128), [Place(0, 2)], 8)) == 0


def test_of_one_track_the_highest_note_of_each_onset_is_the_top():
    top = top_part(np.array([0, 0, 5, 9, 9]), np.array([40, 60, 50, 61, 45]), np.zeros(5, int))
    assert top.tolist() == [False, True, True, True, False]
