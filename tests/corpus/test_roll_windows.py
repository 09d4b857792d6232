"""Windows of frames: every frame once a pass, the same batch for the same index, moved within the keys in use."""

import numpy as np
import pytest

from antiphon.corpus.roll_windows import Frames, FrameWindows, TrainingFrames, begun, fixed_frames, frames_of
from antiphon.corpus.store import open_corpus
from antiphon.corpus.windows import Place
from antiphon.errors import CorpusError
from antiphon.notes import from_seconds
from antiphon.rolls import RollCodec

CODEC = RollCodec(beats=True, struck=True)


@pytest.fixture(scope="module")
def pieces(corpus):
    opened = open_corpus(corpus)
    return [begun(CODEC, opened.score(piece)) for piece in opened.split("train")]


@pytest.fixture(scope="module")
def frames(corpus):
    opened = open_corpus(corpus)
    return frames_of(opened, opened.split("train"), CODEC)


def test_frames_lie_packed_one_piece_after_another(frames, pieces):
    assert frames.packed.dtype == np.uint8
    assert frames.packed.shape == (sum(map(len, pieces)), 11)
    assert [place.count for place in frames.places] == [len(rows) for rows in pieces]
    assert np.array_equal(np.unpackbits(frames.packed, axis=1, count=88), np.concatenate(pieces))


def test_the_windows_of_a_piece_are_its_frames_and_each_hears_the_frame_before(frames, pieces):
    cut, rows, place = FrameWindows(frames, CODEC, 16), pieces[1], frames.places[1]
    for start in (-3, 0, 16, len(rows) - 5):
        window = cut.one(place, start)
        first, stop = max(start, 0), min(start + 16, len(rows))
        count = stop - first
        assert window.weight.tolist() == [1] * count + [0] * (16 - count)
        assert np.array_equal(window.targets[:count], rows[first:stop])
        assert np.array_equal(window.inputs[0], CODEC.start_row if first == 0 else rows[first - 1])
        assert np.array_equal(window.inputs[1:count], rows[first : stop - 1])


def test_a_pass_is_about_all_frames(frames):
    batches = TrainingFrames(frames, CODEC, length=16, batch=1, seed=3)
    heard = sum(batches.batch(i).weight.sum() for i in range(batches.per_pass))
    assert abs(heard - len(frames.packed)) <= 16 * len(frames.places)  # windows that no batch was left for


def test_a_batch_is_a_function_of_seed_and_index(frames):
    one, same, other = (TrainingFrames(frames, CODEC, length=16, batch=4, transpose=6, seed=s) for s in (1, 1, 2))
    for index in (5, 0):
        assert np.array_equal(one.batch(index).targets, same.batch(index).targets)
    assert not np.array_equal(one.batch(0).targets, other.batch(0).targets)


def test_held_out_frames_are_all_there_once_but_the_first_of_each_piece(frames, pieces):
    batches = list(fixed_frames(frames, CODEC, length=32, batch=4))
    heard = np.concatenate([batch.targets[batch.weight > 0] for batch in batches])
    assert np.array_equal(heard, np.concatenate([rows[1:] for rows in pieces]))
    some = list(fixed_frames(frames, CODEC, length=32, batch=4, share=0.25))
    assert 0 < sum(batch.weight.sum() for batch in some) < len(heard) / 2


def test_a_piece_of_one_frame_has_nothing_to_predict():
    lone = Frames(np.packbits(np.ones((3, 88), np.uint8), axis=1), [Place(0, 1), Place(1, 2)])
    (batch,) = fixed_frames(lone, CODEC, length=8, batch=4)
    assert batch.weight.tolist() == [[0, 1, 0, 0, 0, 0, 0, 0]]


def test_a_window_moves_as_a_whole_within_the_keys_in_use():
    rows = np.zeros((4, 88), np.uint8)
    rows[[0, 1, 3], [10, 12, 20]] = 1
    frames = Frames(np.packbits(rows, axis=1), [Place(0, 2), Place(2, 2)])
    cut, seen = FrameWindows(frames, CODEC, 2), set()
    for seed in range(60):
        window = cut.one(frames.places[0], 0, np.random.default_rng(seed), transpose=6)
        low, high = np.flatnonzero(window.targets.any(0))
        assert high - low == 2
        assert window.inputs[0].tolist() == CODEC.start_row.tolist()
        assert window.inputs[1].argmax() == low
        seen.add(int(low))
    assert seen == set(range(10, 17))


def test_silence_at_the_beginning_is_left_out():
    music = from_seconds(np.array([5.0]), np.array([0.5]), np.array([60]), np.array([64]))
    assert len(CODEC.encode(music)) > len(begun(CODEC, music)) == 4
    assert begun(CODEC, music.select(np.zeros(1, bool))).shape == (0, 88)


def test_a_corpus_without_a_note_on_the_keys_is_refused(corpus):
    opened = open_corpus(corpus)
    with pytest.raises(CorpusError, match="no notes on these 1 keys; choose another corpus, or more keys"):
        frames_of(opened, opened.split("train"), RollCodec(lowest=127, keys=1))
