"""Augmentation: music changes key, tempo and loudness as a whole, and nothing else about it changes."""

from dataclasses import replace

import numpy as np
import pytest

from antiphon.codec import HELD
from antiphon.corpus.augment import NONE, Augmentation, Excerpt

STILL = {"transpose": 0, "stretch": (1.0, 1.0), "velocity": 0, "held": 0.0}


def excerpt(pitch=(60, 64, 67)):
    count = len(pitch)
    onset = 5000 + 250 * np.arange(count)
    return Excerpt(onset, np.full(count, 200), np.array(pitch, np.uint8), np.full(count, 80, np.uint8), np.zeros(count))


def many(augmentation, given, pitches=(21, 108), times=300):
    rng = np.random.default_rng(0)
    return [augmentation.apply(given, pitches, rng) for _ in range(times)]


def test_transposition_moves_every_pitch_alike_by_each_amount():
    shifts = [now.pitch - excerpt().pitch for now in many(Augmentation(**{**STILL, "transpose": 6}), excerpt())]
    assert all(len(set(shift)) == 1 for shift in shifts)
    assert {int(shift[0]) for shift in shifts} == set(range(-6, 7))


@pytest.mark.parametrize(("pitch", "allowed"), [((22, 60), range(-1, 7)), ((60, 105), range(-6, 4)), ((21, 108), [0])])
def test_transposition_keeps_within_the_corpus(pitch, allowed):
    found = many(Augmentation(**{**STILL, "transpose": 6}), excerpt(pitch))
    assert {int(now.pitch[0]) - pitch[0] for now in found} == set(allowed)


def test_stretching_scales_onsets_and_durations_alike():
    factors = []
    for now in many(Augmentation(**{**STILL, "stretch": (0.8, 1.25)}), excerpt()):
        steps = np.diff(now.onset_ms)
        factors.append(steps[0] / 250)
        assert now.duration_ms / 200 == pytest.approx(factors[-1], abs=0.02)
        assert np.ptp(steps) <= 1
    assert 0.8 <= min(factors) < 0.82
    assert 1.22 < max(factors) <= 1.25
    assert np.mean(np.log(factors)) == pytest.approx(0, abs=0.02)  # faster as often as slower


def test_velocity_moves_as_a_whole_and_stays_a_velocity():
    loud = replace(excerpt(), velocity=np.array([1, 80, 127], np.uint8))
    found = many(Augmentation(**{**STILL, "velocity": 8}), loud)
    assert {int(now.velocity[1]) for now in found} == set(range(72, 89))
    assert all((now.velocity >= 1).all() and (now.velocity <= 127).all() for now in found)


def test_nothing_to_change_changes_nothing_but_the_start():
    now = NONE.apply(excerpt(), (21, 108), np.random.default_rng(0))
    assert now.onset_ms.tolist() == [0, 250, 500]
    assert (now.duration_ms == 200).all()
    assert (now.pitch == excerpt().pitch).all()
    assert (now.velocity == 80).all()


def test_the_excerpt_given_is_not_changed():
    given = excerpt()
    many(Augmentation(), given, times=5)
    assert given.onset_ms.tolist() == excerpt().onset_ms.tolist()
    assert given.pitch.tolist() == excerpt().pitch.tolist()


def test_some_durations_are_held_and_nothing_else_changes():
    rows = np.full((20_000, 4), 7, np.uint8)
    held = Augmentation(held=0.1).hold(rows, np.random.default_rng(0))
    assert (held[:, -1] == HELD).mean() == pytest.approx(0.1, abs=0.01)
    assert set(held[:, -1].tolist()) == {7, HELD}
    assert (held[:, :-1] == 7).all()
    assert (rows == 7).all()
