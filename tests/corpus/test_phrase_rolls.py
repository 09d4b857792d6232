"""Phrases as rolls: what goes in comes out, whole in itself, in bars of the right length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.corpus.phrase_rolls import (
    BEGINS,
    SOUNDS,
    STEP_TICKS,
    Layout,
    PhraseRolls,
    notes_of,
    phrases,
    rows_of,
    to_score,
    transposed,
)
from antiphon.corpus.store import open_corpus
from antiphon.errors import CorpusError
from antiphon.notes import NOTE, score

LAYOUT = Layout()


def song(*tables, metres=()):
    """A score of tracks, each (step, length, pitch, program) of its notes."""
    rows = [(s, n, p, program, track) for track, table in enumerate(tables) for s, n, p, program in table]
    notes = np.zeros(len(rows), NOTE)
    step, length, notes["pitch"], notes["program"], notes["track"] = np.array(rows).T
    notes["onset"], notes["duration"], notes["velocity"] = step * STEP_TICKS, length * STEP_TICKS, 80
    return score(notes, (), metres)


def columns(music):
    n = music.notes
    return sorted(zip(n["track"], n["onset"] // STEP_TICKS, n["duration"] // STEP_TICKS, n["pitch"], strict=True))


VOICE = [(0, 4, 72, 52), (4, 4, 74, 52), (16, 8, 76, 52)]
PIANO = [(0, 16, 48, 0), (0, 2, 64, 0), (2, 2, 64, 0), (16, 20, 43, 0)]


def test_a_song_there_and_back():
    (roll,) = phrases(song(VOICE, PIANO), LAYOUT)[:1]
    assert roll.shape == LAYOUT.shape == (32, 2, 2, 60)
    found = columns(to_score(roll[None], LAYOUT))
    assert found == sorted(
        [(0, s, n, p) for s, n, p, _ in VOICE] + [(1, 0, 16, 48), (1, 0, 2, 64), (1, 2, 2, 64), (1, 16, 16, 43)]
    )  # the last is cut where the phrase ends; two that touch stay two


def test_the_melody_is_the_highest_part_that_no_keyboard_plays():
    high = [(0, 16, 90, 0), (16, 16, 91, 0)]
    (roll, *_) = phrases(song(high, VOICE, PIANO), LAYOUT)
    assert set(np.flatnonzero(roll[:, 0, SOUNDS].any(0)) + LAYOUT.lowest) == {72, 74, 76}
    (roll, *_) = phrases(song(high, PIANO), LAYOUT)
    assert set(np.flatnonzero(roll[:, 0, SOUNDS].any(0)) + LAYOUT.lowest) == {90, 91}


def test_of_one_part_the_highest_notes_are_the_melody():
    (roll, *_) = phrases(song([*PIANO, (0, 4, 72, 0), (16, 4, 71, 0)]), LAYOUT)
    assert set(np.flatnonzero(roll[:, 0, SOUNDS].any(0)) + LAYOUT.lowest) == {64, 71, 72}  # 64 is alone in its step


def test_all_in_one_track():
    layout = Layout(tracks=1)
    (roll, *_) = phrases(song(VOICE, PIANO), layout)
    assert roll.shape == (32, 1, 2, 60)
    assert set(np.flatnonzero(roll[:, 0, SOUNDS].any(0)) + 36) == {43, 48, 64, 72, 74, 76}


def test_what_sounds_at_the_beginning_begins_there():
    tied = [(8, 16, 60, 52), (24, 24, 62, 52)]
    _, second, *_ = phrases(song(tied, [(0, 48, 48, 0)]), LAYOUT)
    assert second[0, 0, BEGINS, 60 - 36] == 1
    assert second[0, 1, BEGINS, 48 - 36] == 1


def test_bars_of_another_length_and_silent_ones_are_left_out():
    line = [(i, 1, 60, 52) for i in range(96)]
    metres = [(0, 4, 4), (48 * STEP_TICKS, 3, 4), (72 * STEP_TICKS, 4, 4)]
    piano = [(0, 96, 48, 0)]
    assert len(phrases(song(line, piano, metres=metres), LAYOUT)) == 2
    assert len(phrases(song(line, piano, metres=metres), Layout(steps=12))) == 1
    assert len(phrases(song(line, piano), LAYOUT)) == 5
    gap = [note for note in line if not 32 <= note[0] < 48]
    short = [(0, 32, 48, 0), (48, 48, 48, 0)]
    assert len(phrases(song(gap, short), LAYOUT)) == 3


def test_drums_alone_make_no_phrase():
    assert phrases(song([(0, 16, 40, 128), (16, 16, 40, 128)]), LAYOUT).shape == (0, *LAYOUT.shape)


def test_pitches_beyond_are_moved_by_octaves():
    found = rows_of(np.arange(128), LAYOUT)
    assert ((found >= 0) & (found < 60)).all()
    assert (found % 12 == (np.arange(128) - 36) % 12).all()
    assert (found[36:96] == np.arange(60)).all()


@given(st.integers(0, 2**32 - 1))
def test_every_roll_is_music_and_stays_it(seed):
    """Of any bits, what sounds is what comes back."""
    rng = np.random.default_rng(seed)
    roll = (rng.random((1, *LAYOUT.shape)) < rng.choice([0.02, 0.3])).astype(np.uint8)
    music = to_score(roll, LAYOUT)
    again = np.zeros_like(roll)
    for track, onset, length, pitch in columns(music):
        assert onset + length <= 32
        assert not again[0, onset : onset + length, track, SOUNDS, pitch - 36].any()
        again[0, onset : onset + length, track, SOUNDS, pitch - 36] = 1
        again[0, onset, track, BEGINS, pitch - 36] = 1
    assert np.array_equal(again[:, :, :, SOUNDS], roll[:, :, :, SOUNDS])
    begins = roll[:, :, :, SOUNDS] & roll[:, :, :, BEGINS]
    assert (again[:, :, :, BEGINS] >= begins).all()
    assert columns(to_score(again, LAYOUT)) == columns(music)


def test_notes_of_a_track():
    roll = np.zeros((6, 2, 12), np.uint8)
    roll[1:5, SOUNDS, 3] = roll[1, BEGINS, 3] = roll[3, BEGINS, 3] = 1
    roll[5, BEGINS, 4] = 1  # begins, but does not sound
    start, length, row = notes_of(roll)
    assert (start.tolist(), length.tolist(), row.tolist()) == ([1, 3], [2, 2], [3, 3])


@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_a_transposition_keeps_every_note(seed, most):
    rng = np.random.default_rng(seed)
    rolls = (rng.random((3, *LAYOUT.shape)) < 0.01).astype(np.uint8)
    moved = transposed(rolls, most, rng)
    assert (moved.sum((1, 2, 3, 4)) == rolls.sum((1, 2, 3, 4))).all()
    for one, other in zip(rolls, moved, strict=True):
        used, now = (np.flatnonzero(x[:, :, SOUNDS].any((0, 1))) for x in (one, other))
        assert (np.diff(used) == np.diff(now)).all()
        assert not len(used) or abs(int(now[0]) - int(used[0])) <= most


def test_phrases_of_a_corpus(corpus):
    opened = open_corpus(corpus)
    layout = Layout(bars=1, steps=8)
    rolls = PhraseRolls(opened, opened.split("train"), layout)
    whole = np.concatenate([phrases(opened.score(piece), layout) for piece in opened.split("train")])
    assert len(rolls) == len(whole) > 0
    assert np.array_equal(rolls.take(np.arange(len(rolls))), whole)
    with pytest.raises(CorpusError, match=r"has no 64 bars of 64 sixteenths in a row .* choose another corpus"):
        PhraseRolls(opened, opened.split("train"), Layout(bars=64, steps=64))
