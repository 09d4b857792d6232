"""Windows of chords: every chord once a pass, the same batch for the same index, changed only as one wishes."""

import numpy as np
import pytest

from antiphon.chords import STOP, ChordCodec, Chords
from antiphon.corpus.augment import NONE, Augmentation
from antiphon.corpus.chord_windows import ChordWindows, TrainingChords, augmented, chords_of, fixed_chords
from antiphon.corpus.store import open_corpus
from antiphon.corpus.windows import Place

CODEC = ChordCodec(4)
TWO = Chords(np.array([50, 250]), np.array([60, 70]), np.array([[60, 50], [62, -1]]), np.array([[90, 80], [70, 0]]))


@pytest.fixture(scope="module")
def music(corpus):
    opened = open_corpus(corpus)
    return chords_of(opened, opened.split("train"), CODEC)


def rows_of(music, place):
    onset, velocity, pitch, duration, _ = music
    inside = slice(place.first, place.first + place.count)
    return CODEC.rows(Chords(onset[inside], velocity[inside], pitch[inside], duration[inside]))


def test_the_windows_of_a_piece_are_its_rows_and_each_hears_the_row_before(music):
    chords, places = music
    rows = rows_of(chords, places[0])
    cut = ChordWindows(chords, CODEC, 16)
    for start in (0, 16, places[0].count - 5):
        window = cut.one(places[0], start)
        count = int(window.weight.sum())
        assert count == min(16, places[0].count - start)
        assert np.array_equal(window.targets[:count], rows[start : start + count])
        before = CODEC.start_row if start == 0 else rows[start - 1]
        assert np.array_equal(window.inputs[0], before)
        assert np.array_equal(window.inputs[1:count], rows[start : start + count - 1])


def test_a_pass_is_about_all_chords(music):
    chords, places = music
    batches = TrainingChords(chords, places, CODEC, length=16, batch=1, seed=3)
    heard = sum(batches.batch(i).weight.sum() for i in range(batches.per_pass))
    assert abs(heard - len(chords.onset_ms)) <= 16 * len(places)  # windows that no batch was left for


def test_a_batch_is_a_function_of_seed_and_index(music):
    one, same, other = (
        TrainingChords(*music, CODEC, length=16, batch=4, augmentation=Augmentation(), seed=s) for s in (1, 1, 2)
    )
    for index in (5, 0):
        assert np.array_equal(one.batch(index).targets, same.batch(index).targets)
    assert not np.array_equal(one.batch(0).targets, other.batch(0).targets)


def test_held_out_chords_are_all_there_once_as_they_are(music):
    chords, places = music
    batches = list(fixed_chords(chords, places, CODEC, length=32, batch=4))
    heard = np.concatenate([batch.targets[batch.weight > 0] for batch in batches])
    assert np.array_equal(heard, np.concatenate([rows_of(chords, place) for place in places]))
    some = list(fixed_chords(chords, places, CODEC, length=32, batch=4, share=0.25))
    assert 0 < sum(batch.weight.sum() for batch in some) < len(heard) / 2


def test_without_a_wish_nothing_changes():
    same = augmented(TWO, NONE, (0, 127), np.random.default_rng(0))
    assert same.onset_ms.tolist() == [0, 200]  # a window's clock begins with it
    assert np.array_equal(same.pitch, TWO.pitch)
    assert np.array_equal(same.duration_ms, TWO.duration_ms)


def test_a_chord_moves_as_a_whole_and_no_note_appears():
    loud = TWO._replace(velocity=np.array([3, 126]))
    for seed in range(20):
        moved = augmented(loud, Augmentation(transpose=6, velocity=9), (48, 64), np.random.default_rng(seed))
        shift = moved.pitch[0, 0] - 60
        assert moved.pitch.tolist() == [[60 + shift, 50 + shift], [62 + shift, -1]]
        assert -2 <= shift <= 2
        assert moved.duration_ms[1, 1] == 0
        assert ((moved.velocity >= 1) & (moved.velocity <= 127)).all()
        assert 160 <= moved.onset_ms[1] <= 250


def test_a_window_longer_than_its_piece_is_padded():
    chords = Chords(np.array([0]), np.array([64]), np.array([[60, -1, -1, -1]]), np.array([[500, 0, 0, 0]]))
    window = ChordWindows(chords, CODEC, 3).one(Place(0, 1), 0)
    assert window.weight.tolist() == [1, 0, 0]
    assert window.targets[0, 2] == 60
    assert window.targets[0, 4] == STOP
