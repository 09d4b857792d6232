"""Values worked out by hand, as the comments say."""

import math

import numpy as np
import pytest

from antiphon.evaluate.measures import (
    MEASURES,
    density,
    longest_repeat,
    longest_silence_s,
    measure,
    pitch_class_entropy,
    pitch_range,
    polyphony,
    velocity_spread,
)
from antiphon.notes import Score, from_seconds


def music(*notes: tuple[float, float, int, int]) -> Score:
    """A score of (onset_s, end_s, pitch, velocity)."""
    onset_s, end_s, pitch, velocity = np.array(notes, float).reshape(-1, 4).T
    return from_seconds(onset_s, end_s - onset_s, pitch, velocity)


# Sounding 1 to 3, 2 to 4 and 7 to 8 s: 5 s of notes in 4 s of sound, 3 s of silence, 7 s in all.
PHRASE = music((1, 3, 60, 40), (2, 4, 72, 80), (7, 8, 67, 60))
EMPTY = music()


@pytest.mark.parametrize("name", MEASURES)
def test_music_without_notes_measures_nothing(name: str) -> None:
    assert MEASURES[name](EMPTY) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("longest repeat", 1),
        ("density", 1.0),
        ("polyphony", 1.0),
        ("pitch range", 0),
        ("velocity spread", 0),
        ("pitch-class entropy", 0),
        ("longest silence", 0),
    ],
)
def test_a_single_note_of_a_second(name: str, value: float) -> None:
    assert MEASURES[name](music((5, 6, 60, 64))) == pytest.approx(value)


def test_density_counts_from_the_first_onset_to_the_last_end() -> None:
    assert density(PHRASE) == pytest.approx(3 / 7)


def test_the_last_end_need_not_be_the_last_notes() -> None:
    assert density(music((0, 10, 60, 64), (1, 2, 62, 64))) == pytest.approx(2 / 10)


def test_polyphony_leaves_silence_out() -> None:
    assert polyphony(PHRASE) == pytest.approx(5 / 4)


def test_polyphony_of_a_chord_is_its_notes() -> None:
    assert polyphony(music((0, 1, 60, 64), (0, 1, 64, 64), (0, 1, 67, 64))) == pytest.approx(3)


def test_a_note_inside_a_long_one_makes_no_silence() -> None:
    inside = music((0, 10, 40, 64), (1, 2, 60, 64), (5, 6, 62, 64))
    assert longest_silence_s(inside) == 0
    assert polyphony(inside) == pytest.approx(12 / 10)


def test_the_longest_silence_not_the_first() -> None:
    assert longest_silence_s(music((0, 1, 60, 64), (2, 3, 62, 64), (5.5, 6, 64, 64))) == pytest.approx(2.5)


def test_longest_repeat_is_the_longest_run_not_the_count() -> None:
    pitches = [60, 60, 62, 64, 64, 64, 60, 60]
    assert longest_repeat(music(*((t, t + 1, p, 64) for t, p in enumerate(pitches)))) == 3


def test_a_run_at_the_end_counts() -> None:
    assert longest_repeat(music((0, 1, 62, 64), (1, 2, 60, 64), (2, 3, 60, 64))) == 2


def test_a_chord_between_breaks_a_run() -> None:
    assert longest_repeat(music((0, 1, 60, 64), (1, 2, 60, 64), (1, 2, 64, 64), (2, 3, 60, 64))) == 2


def test_pitch_range() -> None:
    assert pitch_range(PHRASE) == 12
    assert pitch_range(music((0, 1, 0, 64), (1, 2, 127, 64))) == 127  # bytes would wrap


def test_velocity_spread() -> None:
    assert velocity_spread(PHRASE) == pytest.approx(math.sqrt((20**2 + 20**2 + 0) / 3))  # around a mean of 60


def test_pitch_class_entropy_takes_octaves_as_one() -> None:
    assert pitch_class_entropy(PHRASE) == pytest.approx(-(2 / 3) * math.log2(2 / 3) - (1 / 3) * math.log2(1 / 3))


def test_pitch_class_entropy_of_a_chromatic_scale() -> None:
    assert pitch_class_entropy(music(*((t, t + 1, 60 + t, 64) for t in range(12)))) == pytest.approx(math.log2(12))


def test_measure_has_every_name() -> None:
    assert measure(PHRASE) == {name: pytest.approx(float(f(PHRASE))) for name, f in MEASURES.items()}


def test_time_of_day_changes_nothing() -> None:
    later = from_seconds(
        PHRASE.onset_s + 100, PHRASE.end_s - PHRASE.onset_s, PHRASE.notes["pitch"], PHRASE.notes["velocity"]
    )
    assert measure(later) == pytest.approx(measure(PHRASE))
