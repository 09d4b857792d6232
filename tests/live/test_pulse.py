"""The beat that onsets, a clock or a setting give."""

import numpy as np
import pytest

from antiphon.live.pulse import Beat, Pulse


def heard(onsets):
    pulse = Pulse()
    pulse.phrase(onsets[0])
    for time_s in onsets:
        pulse.onset(time_s)
    return pulse.beat(onsets[-1], 0)


def octave(bpm, true):
    """The tempo nearest to the true one among its halves and doubles."""
    return min((bpm / 2, bpm, bpm * 2), key=lambda b: abs(b - true))


@pytest.mark.parametrize("bpm", [60, 72, 90, 100, 117, 132, 160])
@pytest.mark.parametrize("rhythm", [[1], [1, 0.5, 0.5], [0.5, 0.5, 1, 1], [0.75, 0.25, 0.5, 0.5]])
def test_the_players_tempo_is_found_up_to_an_octave(bpm, rhythm):
    rng = np.random.default_rng(bpm)
    beats = np.concatenate([[0], np.cumsum(np.tile(rhythm, 12))])[:20]
    onsets = 3 + beats * 60 / bpm + rng.normal(0, 0.008, len(beats))
    beat = heard(onsets)
    assert octave(beat.bpm, bpm) == pytest.approx(bpm, rel=0.03)
    grid = min(60 / bpm, beat.period_s) / 2
    error = (beat.after(onsets[-1]) - 3 + grid / 2) % grid - grid / 2
    assert abs(error) < 0.05  # the next beat lies on the player's grid


@pytest.mark.parametrize("bpm", [60, 90, 132])
def test_the_tempo_of_a_dotted_rhythm_is_found(bpm):
    onsets = 3 + np.concatenate([[0], np.cumsum(np.tile([1.5, 0.5], 12))])[:20] * 60 / bpm
    assert octave(heard(onsets).bpm, bpm) == pytest.approx(bpm, rel=0.03)


def test_chords_count_once():
    onsets = [1 + i * 0.5 + j * 0.004 for i in range(8) for j in range(4)]
    assert octave(heard(onsets).bpm, 120) == pytest.approx(120, rel=0.01)


def test_without_regularity_there_is_no_pulse():
    rng = np.random.default_rng(3)
    found = [heard(np.cumsum(rng.exponential(0.4, 24))) for _ in range(20)]
    assert sum(beat is None for beat in found) >= 10
    assert heard([1, 2, 3]) is None


def test_it_follows_a_change_of_tempo_within_seconds():
    pulse = Pulse()
    pulse.phrase(0)
    onsets = np.concatenate([np.arange(20) * 0.5, 10 + np.arange(25) * 0.4])
    for time_s in onsets:
        pulse.onset(time_s)
    assert pulse.beat(onsets[-1], 0).bpm == pytest.approx(150, rel=0.03)


def test_a_tempo_that_is_set_counts_from_the_phrase():
    pulse = Pulse()
    pulse.phrase(1.25)
    assert pulse.beat(9, 120) == Beat(0.5, 1.25)


def test_a_clock_counts_more_and_is_forgotten_when_it_stops():
    pulse = Pulse()
    pulse.tick("start", 1)
    for i in range(60):
        pulse.tick("tick", 2 + i / 48)  # 120 beats a minute
    beat = pulse.beat(3.3, 90)
    assert beat.bpm == pytest.approx(120)
    assert beat.origin_s == pytest.approx(2)
    assert pulse.beat(9, 90).bpm == 90
    pulse.tick("tick", 10)
    assert pulse.beat(10, 90).bpm == 90  # one tick is no tempo
    pulse.tick("stop", 10.1)
    assert pulse.beat(10.2, 90).bpm == 90


def test_beats_and_bars():
    beat = Beat(0.5, 1.0)
    assert beat.after(1.0) == 1.0
    assert beat.after(1.2) == 1.5
    assert beat.after(1.2, 4) == 3.0
    assert beat.number(2.01) == 2
    assert beat.bpm == 120
