"""Values worked out by hand, as the comments say."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.evaluate.measures import MEASURES, measure
from antiphon.evaluate.measures.chroma import chroma
from antiphon.evaluate.measures.dynamics import velocity_entropy, velocity_spread
from antiphon.evaluate.measures.pitch import (
    key_clarity,
    pitch_class_entropy,
    pitch_in_scale_rate,
    pitch_range,
    scale_consistency,
    tonal_movement,
)
from antiphon.evaluate.measures.repetition import longest_loop, longest_repeat, novelty
from antiphon.evaluate.measures.structure import _along_diagonals, self_similarity
from antiphon.evaluate.measures.time import (
    density,
    empty_beat_rate,
    groove_consistency,
    interval_median_s,
    longest_silence_s,
    polyphony,
    polyphony_rate,
    together_rate,
)
from antiphon.files import read_music
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score, from_seconds


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
        ("longest_repeat", 1),
        ("density", 1.0),
        ("polyphony", 1.0),
        ("pitch_range", 0),
        ("velocity_spread", 0),
        ("pitch_class_entropy", 0),
        ("longest_silence_s", 0),
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
    assert measure(PHRASE) == {name: pytest.approx(f(PHRASE)) for name, f in MEASURES.items()}


FROM_TICK_0 = {"polyphony_rate", "empty_beat_rate", "groove_consistency"}  # they belong to the score's beats


def test_time_of_day_changes_nothing() -> None:
    later = from_seconds(
        PHRASE.onset_s + 100, PHRASE.end_s - PHRASE.onset_s, PHRASE.notes["pitch"], PHRASE.notes["velocity"]
    )
    before, after = measure(PHRASE), measure(later)
    assert {n: v for n, v in before.items() if n not in FROM_TICK_0} == pytest.approx(
        {n: v for n, v in after.items() if n not in FROM_TICK_0}
    )


GOLDEN = json.loads((Path(__file__).parent.parent / "data" / "golden" / "muspy.json").read_text())["files"]


@pytest.mark.parametrize("case", GOLDEN)
def test_what_muspy_measures_is_what_muspy_says(case: str, data: Path) -> None:
    """See tests/data/golden/make_muspy.py, which made the numbers."""
    name, _, pedal = case.partition(" pedal=")
    score = read_music(data / name, pedal=pedal == "True")
    ours = {n: f(score) for n, f in MEASURES.items()} | {
        "pitch_in_scale_rate(7, 'minor')": pitch_in_scale_rate(score, 7, "minor")
    }
    if (score.notes["program"] == DRUMS).all():  # MusPy has no number, or -127, for pitches where there are none
        theirs = {n: v for n, v in GOLDEN[case].items() if n in FROM_TICK_0}
        assert ours["pitch_range"] == ours["polyphony"] == ours["scale_consistency"] == 0
    else:
        theirs = GOLDEN[case]
    assert len(theirs) >= 3
    assert {n: ours[n] for n in theirs} == pytest.approx(theirs, abs=1e-12)


def test_drums_have_no_pitch() -> None:
    notes = PHRASE.notes.copy()
    notes["program"] = DRUMS
    drums = Score(notes, PHRASE.tempos, PHRASE.metres)
    named = ("pitch_range", "pitches_used", "polyphony", "key_clarity", "structure_3s", "tonal_movement")
    assert [MEASURES[name](drums) for name in named] == [0] * len(named)
    assert density(drums) == density(PHRASE)


def test_a_scale_is_in_its_key() -> None:
    scale = music(*((t, t + 1, 60 + p, 64) for t, p in enumerate((0, 2, 4, 5, 7, 9, 11))))
    assert scale_consistency(scale) == pitch_in_scale_rate(scale, 0, "major") == pitch_in_scale_rate(scale, 9, "minor")
    assert scale_consistency(scale) == 1
    assert pitch_in_scale_rate(scale, 6, "major") == pytest.approx(2 / 7)  # F sharp major shares B and F
    assert key_clarity(scale) > 0.6


@pytest.mark.parametrize(("root", "mode", "message"), [(12, "major", "root 12 is out of"), (0, "mjor", "'major'")])
def test_a_scale_that_is_none(root: int, mode: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        pitch_in_scale_rate(PHRASE, root, mode)


def test_every_class_for_equally_long_has_no_key() -> None:
    assert key_clarity(music(*((t, t + 1, 60 + t, 64) for t in range(12)))) == 0


def test_chroma_shares_a_note_among_its_windows() -> None:
    found = chroma(music((0.5, 2.25, 60, 64), (1.0, 1.5, 74, 64)), 1.0)  # from 0.5 s on: C for 1.75 s, D in the first
    assert found[:, 0] == pytest.approx([1.0, 0.75])
    assert found[:, 2] == pytest.approx([0.5, 0.0])
    assert found.sum() == pytest.approx(2.25)


def test_harmony_that_stays_does_not_move() -> None:
    still = music(*((t, t + 1, p, 64) for t in range(0, 20, 1) for p in (60, 64, 67)))
    assert tonal_movement(still) == pytest.approx(0, abs=1e-9)
    moving = music(*((t, t + 1, p + 6 * (t // 2 % 2), 64) for t in range(0, 20, 1) for p in (60, 64, 67)))
    assert tonal_movement(moving) > 1


def test_more_than_two_pitches_at_once() -> None:
    score = music((0, 4, 60, 64), (1, 4, 64, 64), (2, 3, 67, 64), (2, 3, 67, 80))  # three pitches for 1 of 4 s
    assert polyphony_rate(score) == pytest.approx(1 / 4)
    assert polyphony_rate(score, threshold=1) == pytest.approx(3 / 4)
    assert polyphony(score) == pytest.approx((4 + 3 + 1) / 4)


def test_empty_beats() -> None:
    assert empty_beat_rate(music((0, 0.4, 60, 64), (2.1, 2.4, 60, 64))) == pytest.approx(3 / 5)  # at 120: beats 0 and 4


def test_groove_is_the_same_bar_after_bar() -> None:
    same = music(*((2 * bar + t, 2 * bar + t + 0.1, 60, 64) for bar in range(4) for t in (0, 0.5, 1.25)))
    assert groove_consistency(same) == 1
    other = music((0, 0.1, 60, 64), (2.5, 2.6, 60, 64))  # beat 1 of one bar, beat 2 of the next: 2 of 64 differ
    assert groove_consistency(other) == pytest.approx(1 - 2 / 64)
    assert groove_consistency(music((0, 0.1, 60, 64))) == 0


def test_a_bar_that_does_not_divide() -> None:
    with pytest.raises(OptionError, match="no 64 equal cells"):
        groove_consistency(PHRASE, TICKS_PER_QUARTER + 1)


def test_chords_and_what_lies_between() -> None:
    score = music((0, 1, 60, 64), (0.02, 1, 64, 64), (0.5, 1, 67, 64), (1.5, 2, 60, 64))
    assert together_rate(score) == pytest.approx(1 / 3)
    assert interval_median_s(score) == pytest.approx((0.48 + 1.0) / 2, abs=1e-3)  # 20 ms are no whole ticks


def test_velocities_in_bins_of_four() -> None:
    assert velocity_entropy(music((0, 1, 60, 64), (1, 2, 60, 67))) == 0
    assert velocity_entropy(music((0, 1, 60, 64), (1, 2, 60, 68))) == 1


def test_a_figure_that_comes_again() -> None:
    figure = [60, 64, 67, 72]
    again = music(*((t, t + 1, p, 64) for t, p in enumerate([*figure, *figure, *figure, 50])))
    assert longest_loop(again) == 8
    assert longest_loop(music(*((t, t + 1, p, 64) for t, p in enumerate([*figure, 60, 64])))) == 0  # not all of it
    assert novelty(again) == pytest.approx(5 / 10)  # ten runs of four, of which five differ


def test_a_passage_that_returns() -> None:
    theme = [(0.5 * i, 0.5 * i + 0.5, 60 + 5 * i % 12, 64) for i in range(12)]  # all classes, each for half a second
    again = [(a + 6 * turn, b + 6 * turn, p, v) for turn in range(3) for a, b, p, v in theme]
    pitch = np.random.default_rng(0).integers(48, 84, len(again))
    other = [(a, b, p, v) for (a, b, _, v), p in zip(again, pitch.tolist(), strict=True)]
    assert self_similarity(music(*again), 3) == pytest.approx(1, abs=1e-5)
    assert 0 < self_similarity(music(*other), 3) < 0.5
    assert self_similarity(music(*theme), 3.5) == 0  # shorter than two passages


@pytest.mark.parametrize("length", [1, 3, 6, 16])
def test_sums_down_diagonals(length: int) -> None:
    matrix = np.arange(20.0 * 20).reshape(20, 20).astype(np.float32) % 7
    size = 20 - length + 1
    plain = [[np.mean([matrix[i + d, j + d] for d in range(length)]) for j in range(size)] for i in range(size)]
    np.testing.assert_allclose(_along_diagonals(matrix, length), plain, rtol=1e-5)


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 5000), st.integers(0, 127)), max_size=40))
def test_any_music_measures_within_its_range(notes: list[tuple[int, int, int]]) -> None:
    score = music(*((a / 1000, (a + d) / 1000, p, 64) for a, d, p in notes))
    found = measure(score)
    assert all(math.isfinite(value) for value in found.values())
    for name, value in found.items():
        if not MEASURES[name].unit:
            assert -1e-9 <= value <= 1 + 1e-6, name
    assert found["polyphony"] >= 1 or not notes
