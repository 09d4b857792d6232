"""The chord codec: what fits comes back, what does not is counted, and nothing that is allowed is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.bins import CELL_MS, DURATION_BINS, STEP_BINS
from antiphon.chords import APART_MS, BEAT_MS, NONE, STOP, ChordCodec, by_beat, by_onset, rows_from_spec
from antiphon.codec import NoteCodec
from antiphon.errors import ModelError
from antiphon.notes import DRUMS, NOTE, TICKS_PER_QUARTER, from_seconds, score

CODEC = ChordCodec(4)
FAR_CODE = int(STEP_BINS.index(np.array(APART_MS // CELL_MS + 1)))


@st.composite
def rows_allowed(draw, codec=CODEC, least=0):
    """(N, A) rows, each code drawn from those that are allowed."""
    rows = np.zeros((draw(st.integers(least, 5)), len(codec.attributes)), np.int64)
    for row in rows:
        for i, attribute in enumerate(codec.attributes):
            allowed = codec.allowed(i, row[None])
            codes = np.arange(attribute.size) if allowed is None else np.flatnonzero(allowed[0])
            row[i] = draw(st.sampled_from(codes.tolist()))
    if len(rows):
        rows[0, 0] = 0
    return rows


@given(rows_allowed())
def test_all_that_is_allowed_decodes_to_music_that_encodes_to_it_again(rows):
    music = CODEC.decode(rows)
    assert len(music) == (rows[:, 2::2] < STOP).sum()
    again = CODEC.encode(music)
    assert np.array_equal(again, rows)
    assert CODEC.chords(music).dropped == 0


@given(rows_allowed(least=1))
def test_music_that_fits_comes_back(rows):
    music = CODEC.decode(rows, program=5)
    assert CODEC.decode(CODEC.encode(music), program=5) == music


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 10), max_size=4))
def test_any_row_in_range_decodes(rows):
    table = np.array(rows, np.int64).reshape(-1, 10) % [a.size for a in CODEC.attributes]
    music = CODEC.decode(table)
    pitch = table[:, 2::2]
    assert len(music) == np.logical_and.accumulate(pitch < STOP, axis=1).sum()


def performed(*notes):
    """(onset_s, duration_s, pitch, velocity) as a Score."""
    return from_seconds(*np.array(notes, float).T)


def test_what_begins_within_50_ms_of_the_first_note_is_one_chord():
    music = performed((1.0, 0.5, 60, 64), (1.03, 1.0, 67, 72), (1.05, 0.5, 64, 80), (1.06, 0.5, 72, 40))
    chords = CODEC.chords(music)
    assert chords.onset_ms.tolist() == [1000, 1060]
    assert chords.pitch.tolist() == [[67, 64, 60, -1], [72, -1, -1, -1]]
    assert chords.duration_ms.tolist() == [[1030, 550, 500, 0], [500, 0, 0, 0]]  # all end where they ended
    assert chords.velocity.tolist() == [72, 40]
    rows = CODEC.encode(music)
    assert rows[0].tolist()[:3] == [0, 72 // 4, 67]
    assert rows[0].tolist()[-2:] == [STOP, NONE]


def test_the_highest_and_the_lowest_notes_stay_and_the_others_are_counted():
    music = performed(*[(0.0, 1.0, pitch, 64) for pitch in (40, 50, 60, 61, 62, 70)], (0.01, 0.2, 40, 64))
    chords = CODEC.chords(music)
    assert chords.pitch.tolist() == [[70, 62, 61, 40]]
    assert chords.dropped == 3  # two from the middle, and the 40 that is there twice
    assert chords.duration_ms[0, -1] == 1000


def test_drums_are_no_chords():
    music = performed((0.0, 1.0, 60, 64), (0.0, 1.0, 38, 64))
    music.notes["program"][music.notes["pitch"] == 38] = DRUMS
    assert CODEC.chords(music).pitch.tolist() == [[60, -1, -1, -1]]


def written(notes, metres=((0, 4, 4),)):
    """(beat, beats, pitch) as a Score; a beat is a quarter note."""
    table = np.zeros(len(notes), NOTE)
    for row, (beat, beats, pitch) in zip(table, notes, strict=True):
        row["onset"], row["duration"] = beat * TICKS_PER_QUARTER, beats * TICKS_PER_QUARTER
        row["pitch"], row["velocity"] = pitch, 64
    return score(table, [(0, 600_000)], metres)


def test_a_score_s_chords_are_what_sounds_on_its_beats():
    music = written([(0, 4, 48), (0, 1, 60), (1, 0.5, 62), (1.5, 0.5, 63), (3, 3, 64), (6, 1, 50)])
    chords = by_beat(music, 4)
    assert chords.onset_ms.tolist() == [0, BEAT_MS, 3 * BEAT_MS, 6 * BEAT_MS]
    assert chords.pitch.tolist() == [[60, 48, -1, -1], [62, 48, -1, -1], [64, 48, -1, -1], [50, -1, -1, -1]]
    # The bass goes on under each new chord; the last beat of the second is its end, not the next chord.
    assert (chords.duration_ms // BEAT_MS).tolist() == [[1, 1, 0, 0], [1, 2, 0, 0], [3, 1, 0, 0], [1, 0, 0, 0]]
    assert chords.dropped == 1  # the passing 63


def test_three_quavers_are_a_beat_of_six_eight():
    music = written([(0, 1.5, 60), (0.5, 0.5, 64), (1.5, 1.5, 62)], [(0, 6, 8)])
    assert by_beat(music, 2).pitch.tolist() == [[60, -1], [62, -1]]


def test_beats_come_back():
    codec = ChordCodec(3, beats=True)
    music = written([(0, 2, 60), (0, 2, 64), (2, 1, 65), (4, 2, 67), (4, 2, 59)])
    again = codec.decode(codec.encode(music))
    assert np.array_equal(codec.encode(again), codec.encode(music))
    assert again.notes["pitch"].tolist() == music.notes["pitch"].tolist()
    assert (again.onset_s / (BEAT_MS / 1000)).tolist() == [0, 0, 2, 4, 4]


def test_no_music_is_no_row():
    empty = by_onset(*np.zeros((4, 0), np.int64), 4)
    assert CODEC.rows(empty).shape == (0, 10)
    assert len(CODEC.decode(CODEC.rows(empty))) == 0
    assert by_beat(written([]), 4).notes == 0


def test_a_window_s_first_step_counts_from_the_chord_before():
    chords = CODEC.chords(performed((2.0, 1.0, 60, 64)))
    assert CODEC.rows(chords, previous_ms=1800)[0, 0] == STEP_BINS.index(np.array(20))


def test_steps_within_a_chord_are_not_allowed():
    mask = CODEC.allowed(0, np.zeros((2, 10)))
    assert mask.shape == (2, STEP_BINS.size)
    assert np.flatnonzero(mask[0])[0] == FAR_CODE


def test_a_likelihood_spreads_over_the_cells_of_a_time():
    cells = dict(zip([a.name for a in CODEC.attributes], CODEC.log_cells, strict=True))
    assert np.allclose(np.exp(cells["duration3"][:-1]), DURATION_BINS.width)
    assert not cells["pitch1"].any()
    assert [len(table) for table in CODEC.log_cells] == [a.size for a in CODEC.attributes]


@pytest.mark.parametrize("codec", [CODEC, ChordCodec(8, beats=True), NoteCodec(), NoteCodec(True, 3)])
def test_a_codec_is_found_again_by_its_spec(codec):
    assert rows_from_spec(codec.spec()) == codec


@pytest.mark.parametrize("change", [{"notes": 99}, {"notes": "x"}, {"apart_ms": 30}, {"more": 1}])
def test_a_spec_of_another_version_is_refused(change):
    with pytest.raises(ModelError, match="install the version it names"):
        rows_from_spec(CODEC.spec() | change)
