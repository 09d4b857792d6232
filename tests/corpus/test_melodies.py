"""Melodies on the grid: there and back, cut at bar lines, one voice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.codec import NoteCodec
from antiphon.corpus.melodies import (
    BAR,
    CLOSING,
    HOLD,
    REST,
    as_score,
    bar_lines,
    from_rows,
    melody,
    on_grid,
    passages,
    to_rows,
)
from antiphon.files import read_music
from antiphon.notes import TICKS_PER_QUARTER, score

CODEC = NoteCodec()
SIXTEENTH = TICKS_PER_QUARTER // 4


def music(notes, metres=()):
    """A score of (sixteenth, length, pitch) on one track."""
    table = [(s * SIXTEENTH, n * SIXTEENTH, p, 80, 0, 0) for s, n, p in notes]
    return score(np.array(table, dtype=score([]).notes.dtype), metres=metres)


@st.composite
def tables(draw, bars=2):
    """A melody of one voice in which no time is so long that codes cannot tell it from its neighbours."""
    starts = sorted(draw(st.sets(st.integers(0, bars * BAR - 1), min_size=1, max_size=24)))
    rows, before = [], 0
    for start, following in zip(starts, [*starts[1:], bars * BAR], strict=True):
        if start - before > 19:
            break
        rows.append((start, draw(st.integers(1, min(following - start, 19))), draw(st.integers(1, 127))))
        before = start
    return np.array(rows or [(0, 1, 60)])


@given(tables())
def test_rows_and_back(table):
    assert np.array_equal(from_rows(CODEC, to_rows(CODEC, table), 2), table)


@given(tables())
def test_score_and_back(table):
    assert np.array_equal(melody(as_score([table], 2)), table)


@given(tables())
def test_a_grid_says_each_sixteenth(table):
    grid = on_grid(table, 2)
    assert len(grid) == 2 * BAR
    assert (grid < HOLD).sum() == len(table)
    assert (grid == HOLD).sum() == (table[:, 1] - 1).sum()
    assert set(grid[grid >= HOLD].tolist()) <= {HOLD, REST}


def test_what_is_padding_or_beyond_the_end_is_no_note():
    rows = to_rows(CODEC, np.array([(0, 4, 60), (31, 1, 62)]))
    beyond = to_rows(CODEC, np.array([(1, 1, 64)]))  # a step of one sixteenth more: the bar line
    whole = np.concatenate([rows, beyond, CODEC.start_row[None]])
    assert from_rows(CODEC, whole, 2).tolist() == [[0, 4, 60], [31, 1, 62]]


def test_a_closing_row_ends_a_passage_wherever_it_stands():
    rows = to_rows(CODEC, np.array([(0, 4, 60), (4, 4, 62), (8, 4, CLOSING), (12, 4, 64)]))
    assert from_rows(CODEC, rows, 2).tolist() == [[0, 4, 60], [4, 4, 62]]


def test_a_melody_has_one_voice_and_the_highest_note_counts():
    assert melody(music([(0, 8, 50), (0, 4, 60), (2, 4, 62)])).tolist() == [[0, 2, 60], [2, 4, 62]]


def test_passages_begin_at_bar_lines_and_leave_silence_out():
    quarters = [(4 * i, 4, 60 + i) for i in range(12)]
    found = passages(music([*quarters, (96, 4, 70)]), 2, 32)
    assert [table[0, 2] for table in found] == [60, 64]  # the third bar is followed by silence
    assert all((table[:, 0] + table[:, 1]).max() <= 2 * BAR for table in found)
    assert passages(music(quarters), 2, 7) == []  # of eight notes each


def test_songs_have_melodies(data):
    music = read_music(data / "cc0-openscore-lc6067798.mid")
    assert len(passages(music, 2, 32)) > 10


def test_bar_lines_follow_the_metres():
    waltz = music([(0, 1, 60), (40, 1, 60)], [(0, 3, 4), (24 * SIXTEENTH, 2, 4)])
    assert bar_lines(waltz, 41) == [0, 12, 24, 32, 40]


def test_music_without_a_melody_has_no_passages():
    drums = np.array([(0, 10, 60, 80, 128, 0)], dtype=score([]).notes.dtype)
    assert passages(score(drums), 2, 32) == []


@pytest.mark.parametrize("tempo", [300_000, 500_000])
def test_passages_follow_each_other_at_a_tempo(tempo):
    whole = as_score([np.array([(0, 4, 60)]), np.empty((0, 3), int), np.array([(8, 4, 62)])], 2, tempo)
    assert melody(whole)[:, 0].tolist() == [0, 4 * BAR + 8]
    assert whole.onset_s[1] == pytest.approx((4 * BAR + 8) / 4 * tempo / 1e6)
