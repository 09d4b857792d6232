"""Pairs as batches: calls and answers arrive whole, on one clock, moved together, the same for the same seed."""

import numpy as np
import pytest

from antiphon.bins import STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.corpus.augment import Augmentation, Excerpt
from antiphon.corpus.pairs import Pair, Pairs, Sizes, TrainingPairs, fixed_pairs
from antiphon.errors import CorpusError

CODEC = NoteCodec()
SIZES = Sizes(call=6, answer=8)


def notes(onset_ms, pitch):
    count = len(pitch)
    return Excerpt(np.array(onset_ms), np.full(count, 100), np.array(pitch), np.full(count, 64), np.zeros(count, int))


FOLLOWS = Pair(notes([1000, 1200, 1500], [60, 62, 64]), notes([2100, 2300], [65, 67]), 1500, follows=True)
TOGETHER = Pair(notes([100, 200], [70, 72]), notes([0, 200], [40, 43]), 0, follows=False)
CLOSED = Pair(notes([100, 200], [70, 72]), notes([100, 200], [70, 72]), 0, follows=False, ends_ms=800)


def cells(rows):
    return STEP_BINS.middle[rows[:, 0].astype(int)].tolist()


def test_an_answer_s_first_step_is_the_rest_after_the_call():
    one = Pairs([FOLLOWS], CODEC, SIZES).one(0)
    assert one.targets[:2, 1].tolist() == [65, 67]
    assert STEP_BINS.index(np.array([60, 20])).tolist() == one.targets[:2, 0].tolist()
    assert one.weight.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert np.array_equal(one.inputs[0], CODEC.start_row)
    assert np.array_equal(one.inputs[1], one.targets[0])
    assert one.call[:3, 1].tolist() == [60, 62, 64]
    assert cells(one.call[:3]) == [0, 20, 30]
    assert (one.call[3:] == CODEC.start_row).all()


def test_what_sounds_together_counts_from_the_same_moment():
    one = Pairs([TOGETHER], CODEC, SIZES).one(0)
    assert cells(one.call[:2]) == [10, 10]
    assert cells(one.targets[:2]) == [0, 20]


def test_a_closing_row_reaches_the_end():
    one = Pairs([CLOSED], CODEC, SIZES).one(0)
    assert one.weight.sum() == 3
    assert one.targets[:3, 0].tolist() == STEP_BINS.index(np.array([10, 10, 60])).tolist()
    assert one.targets[2, 1:].tolist() == [0, 0, 0]
    assert one.call[:2, 1].tolist() == [70, 72]
    assert np.array_equal(one.call[2], CODEC.start_row)


def test_what_is_too_long_is_cut_and_the_closing_row_stays():
    small = Sizes(call=1, answer=2)
    assert Pairs([FOLLOWS], CODEC, small).one(0).call[:, 1].tolist() == [64]  # the end of what came before
    assert Pairs([TOGETHER], CODEC, small).one(0).call[:, 1].tolist() == [70]  # the beginning of what sounds along
    assert Pairs([CLOSED], CODEC, small).one(0).targets[:, 1].tolist() == [70, 0]


def test_call_and_answer_are_moved_and_stretched_together():
    change = Augmentation(transpose=5, stretch=(2.0, 2.0), velocity=0, held=0.0)
    one = Pairs([FOLLOWS], CODEC, SIZES).one(0, change, (0, 127), np.random.default_rng(3))
    shift = int(one.targets[0, 1]) - 65
    assert shift != 0
    assert one.call[:3, 1].tolist() == [60 + shift, 62 + shift, 64 + shift]
    assert abs(cells(one.targets[:1])[0] - 120) <= 3
    assert cells(one.call[1:3]) == pytest.approx([40, 60], abs=2)


def test_batches_are_a_function_of_seed_and_number():
    pairs = Pairs([FOLLOWS, TOGETHER, CLOSED], CODEC, SIZES)
    one, same, other = (TrainingPairs(pairs, batch=2, forget=0.5, seed=seed) for seed in (1, 1, 2))
    for i in (0, 5):
        for a, b in zip(one.batch(i), same.batch(i), strict=True):
            assert np.array_equal(a, b)
    assert any(not np.array_equal(one.batch(i).targets, other.batch(i).targets) for i in range(4))


def test_a_pass_takes_every_pair_and_few_pairs_fill_a_batch():
    pairs = Pairs([FOLLOWS, TOGETHER], CODEC, SIZES)
    assert TrainingPairs(pairs, batch=1).per_pass == 2
    still = Augmentation(transpose=0, stretch=(1.0, 1.0), velocity=0, held=0.0)
    firsts = {int(TrainingPairs(pairs, batch=1, augmentation=still).batch(i).targets[0, 0, 1]) for i in range(2)}
    assert firsts == {65, 40}
    assert TrainingPairs(pairs, batch=5).batch(0).targets.shape == (5, 8, 4)


def test_some_calls_are_forgotten():
    pairs = Pairs([FOLLOWS], CODEC, SIZES)
    forgotten = [(TrainingPairs(pairs, batch=1, forget=0.5).batch(i).call == CODEC.start_row).all() for i in range(40)]
    assert 5 < sum(forgotten) < 35


def test_held_out_pairs_come_in_order_and_as_they_are():
    (first, second) = fixed_pairs(Pairs([FOLLOWS, TOGETHER, CLOSED], CODEC, SIZES), 2)
    assert first.targets[:, 0, 1].tolist() == [65, 40]
    assert second.targets[:, 0, 1].tolist() == [70]
    (half,) = fixed_pairs(Pairs([FOLLOWS, TOGETHER, CLOSED], CODEC, SIZES), 2, share=0.5)
    assert half.targets[:, 0, 1].tolist() == [65, 70]


def test_a_corpus_without_pairs_is_refused():
    with pytest.raises(CorpusError, match="no passages of the kind"):
        Pairs([], CODEC, SIZES)
