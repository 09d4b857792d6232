"""Intervals: what they hold, and when there are none."""

import math

import numpy as np
import pytest

from antiphon.evaluate.bootstrap import FEWEST, Estimate, ratio


def test_the_value_is_the_ratio_of_sums_not_the_mean_of_ratios() -> None:
    assert ratio(np.array([1.0, 9.0]), np.array([1, 3])).value == 10 / 4


def test_pieces_that_are_all_alike_leave_no_doubt() -> None:
    found = ratio(np.full(20, 30.0), np.full(20, 10))
    assert found == Estimate(3.0, 3.0, 3.0)


def test_too_few_pieces_have_no_interval() -> None:
    found = ratio(np.ones(FEWEST - 1), np.ones(FEWEST - 1))
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.to_dict() == {"value": 1.0, "low": None, "high": None}


def test_it_holds_the_truth_as_often_as_it_says() -> None:
    """Of 200 studies with 60 pieces each, about 95 % hold the true mean of 10."""
    rng = np.random.default_rng(0)
    studies = [ratio(rng.normal(10, 3, 60), np.ones(60)) for _ in range(200)]
    assert 0.90 <= np.mean([s.low <= 10 <= s.high for s in studies]) <= 0.99


def test_the_same_pieces_have_the_same_interval() -> None:
    values = np.arange(30.0)
    assert ratio(values, np.ones(30)) == ratio(values, np.ones(30))


def test_another_unit() -> None:
    assert Estimate(1.0, 0.5, 2.0).scaled(2) == pytest.approx((2.0, 1.0, 4.0))
