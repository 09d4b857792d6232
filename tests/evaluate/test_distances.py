"""Distances: of equal things 0, of different things more, and refused where there are too few."""

import numpy as np
import pytest

from antiphon.evaluate import distances
from antiphon.evaluate.distances import (
    FEATURES,
    FEWEST,
    by_measure,
    compare,
    densities,
    frechet,
    frechet_ratio,
    jensen_shannon,
    overlapped_area,
)
from antiphon.evaluate.measures import MEASURES

RNG = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(60), 2)


def normal(mean: float, count: int = 120, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, count)


def test_the_same_samples_overlap_wholly():
    a = normal(0)
    assert overlapped_area(a, a) == pytest.approx(1)
    assert jensen_shannon(a, a) == pytest.approx(0, abs=1e-12)


def test_samples_that_never_meet():
    assert overlapped_area(normal(0), normal(100, seed=1)) == pytest.approx(0, abs=1e-6)
    assert jensen_shannon(normal(0), normal(100, seed=1)) == pytest.approx(1, abs=1e-6)


def test_two_normals_a_deviation_apart():
    """The overlap of N(0, 1) and N(1, 1) is 2 Φ(-1/2) = 0.617; the kernel widens both a little."""
    a, b = normal(0, 4000), normal(1, 4000, seed=1)
    assert overlapped_area(a, b) == pytest.approx(0.617, abs=0.03)


def test_both_ways_are_the_same():
    a, b = normal(0), normal(1, seed=1)
    assert overlapped_area(a, b) == pytest.approx(overlapped_area(b, a))
    assert jensen_shannon(a, b) == pytest.approx(jensen_shannon(b, a))


def test_densities_share_one_grid_and_sum_to_one():
    p, q = densities(normal(0, 30), normal(5, 80, seed=1))
    assert p.shape == q.shape
    assert p.sum() == pytest.approx(1)
    assert q.sum() == pytest.approx(1)
    assert p.argmax() < q.argmax()


@pytest.mark.parametrize("value", [0.0, 3.5])
def test_values_that_do_not_vary(value):
    same = np.full(50, value)
    assert overlapped_area(same, same) == pytest.approx(1)
    assert overlapped_area(same, same + 1) == pytest.approx(0, abs=1e-6)


def test_frechet_of_two_gaussians():
    """For covariances that commute it is |μ - ν|² + Σ (√a - √b)² over their variances."""
    rng = np.random.default_rng(0)
    a = rng.normal(0, [1, 2, 3], (200_000, 3))
    b = rng.normal([1, 0, 0], [1, 3, 3], (200_000, 3))
    assert frechet(a, b) == pytest.approx(1 + 1, abs=0.05)
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_real_music_lies_on_the_floor():
    (found,) = compare(overlapped_area, normal(0, 64, seed=9), normal(0), GROUPS)
    assert found.floor_low <= found.value <= found.floor_high
    assert found.low < found.value < found.high
    assert found.samples == 60


def test_other_music_lies_below_it():
    (found,) = compare(overlapped_area, normal(1.5, 64, seed=9), normal(0), GROUPS)
    assert found.high < found.floor_low


def test_the_floor_does_not_depend_on_how_many_were_written():
    """Equally many a side: 500 samples of the same kind are as far as 60."""
    (few,), (many,) = (compare(overlapped_area, normal(0, n, seed=9), normal(0), GROUPS) for n in (60, 500))
    assert few.floor == pytest.approx(many.floor, abs=0.02)
    assert few.samples == many.samples


def test_halves_of_the_real_music_share_no_piece():
    """Every piece's two samples are equal, and no other is: two halves that share none have no value in common."""
    twins = np.repeat(np.arange(60.0), 2)
    (found,) = compare(lambda a, b: float(len(np.intersect1d(a, b))), np.arange(60.0), twins, GROUPS)
    assert found.floor == found.floor_high == 0
    assert found.value > 0


def test_too_few_samples_are_refused_with_a_reason():
    found = compare(overlapped_area, normal(0, FEWEST - 1), normal(0), GROUPS)
    assert found == (
        f"too few samples: {FEWEST - 1} written and 120 real of 60 pieces leave {FEWEST - 1} a side; "
        f"{FEWEST} are needed"
    )


def test_several_distances_at_once_are_what_each_is_alone():
    both = compare(lambda a, b: (overlapped_area(a, b), jensen_shannon(a, b)), normal(1, 64, 9), normal(0), GROUPS)
    alone = [compare(f, normal(1, 64, 9), normal(0), GROUPS)[0] for f in (overlapped_area, jensen_shannon)]
    assert both == alone


def music(seed: int, count: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(shift, 1, count) for name in MEASURES}


def test_every_measure_has_both_distances(monkeypatch):
    monkeypatch.setattr(distances, "DRAWS", 5)
    found = by_measure(music(1, 64), music(2, 120), GROUPS)
    assert set(found) == set(MEASURES)
    for both in found.values():
        assert set(both) == {"overlapped_area", "jensen_shannon"}
        assert set(both["jensen_shannon"]) == {
            "value", "low", "high", "floor", "floor_low", "floor_high", "samples",
        }  # fmt: skip


def test_the_ratio_is_about_one_for_real_music_and_more_for_other():
    real = music(2, 240)
    groups = np.repeat(np.arange(120), 2)
    like, unlike = (frechet_ratio(music(3, 100, shift), real, groups) for shift in (0.0, 1.0))
    assert 0.7 < like["ratio"] < 1.3
    assert unlike["ratio_low"] > 1.5


def test_a_ratio_is_refused_where_there_are_too_few():
    found = frechet_ratio(music(1, 20), music(2, 120), GROUPS)
    assert found["refused"].endswith(f"leave 20 a side; {2 * len(FEATURES)} are needed")


def test_a_ratio_is_refused_where_nothing_varies():
    same = {name: np.zeros(120) for name in MEASURES}
    assert frechet_ratio(same, same, GROUPS) == {
        "refused": "all real samples are alike, so there is no distance to compare with"
    }


def test_the_features_are_measures():
    assert set(FEATURES) <= set(MEASURES)
