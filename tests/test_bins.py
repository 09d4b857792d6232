"""Time bins: every time has one, short times exactly, long ones to within 5 %."""

import numpy as np
import pytest

from antiphon.bins import CELL_MS, DURATION_BINS, GROWTH, LIMIT_CELLS, STEP_BINS

both = pytest.mark.parametrize("bins", [STEP_BINS, DURATION_BINS], ids=["step", "duration"])


@both
def test_bins_cover_every_cell_once(bins):
    codes = bins.index(np.arange(bins.first, bins.edges[-1]))
    assert (np.repeat(np.arange(bins.size), bins.width) == codes).all()
    assert bins.edges[-1] >= LIMIT_CELLS


@both
def test_what_a_bin_decodes_to_lies_in_it(bins):
    assert (bins.index(bins.middle) == np.arange(bins.size)).all()


@both
def test_short_times_are_exact(bins):
    exact = np.arange(bins.first, 400 // CELL_MS)
    assert (bins.middle[bins.index(exact)] == exact).all()


@both
def test_no_bin_is_wider_than_5_percent_of_its_time(bins):
    wide = bins.width > 1
    assert (bins.width[wide] * GROWTH <= bins.edges[:-1][wide]).all()
    cells = np.arange(bins.first, bins.edges[-1])
    error = np.abs(bins.middle[bins.index(cells)] - cells)
    assert (error * 2 * GROWTH <= cells).all()


@both
def test_bins_only_ever_widen(bins):
    assert (np.diff(bins.width[:-1]) >= 0).all()


@both
def test_times_outside_fall_into_the_nearest_bin(bins):
    assert bins.index(np.array([-5, 0, 10**6])).tolist() == [0, 0, bins.size - 1]


def test_codes_fit_a_byte_with_room_for_held_and_the_start():
    assert max(STEP_BINS.size, DURATION_BINS.size + 1) <= 255
