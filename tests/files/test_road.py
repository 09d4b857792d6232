from fractions import Fraction

import pytest

from antiphon.errors import FileError
from antiphon.files.road import Bar, metre_map, unfold


def ending(*turns, passes=0):
    return Bar(endings=frozenset(turns), passes=passes)


@pytest.mark.parametrize(
    ("bars", "order"),
    [
        ([Bar(), Bar()], [0, 1]),
        ([Bar(), Bar(passes=2), Bar()], [0, 1, 0, 1, 2]),
        ([Bar(), Bar(forward=True, passes=3), Bar()], [0, 1, 1, 1, 2]),
        ([Bar(passes=2), Bar(passes=2)], [0, 0, 1, 1]),
        ([Bar(), ending(1, passes=2), ending(2), Bar()], [0, 1, 0, 2, 3]),
        ([Bar(), ending(1, 2, passes=2), ending(3), Bar()], [0, 1, 0, 1, 0, 2, 3]),
        ([Bar(), ending(1), ending(1, passes=2), ending(2), ending(2)], [0, 1, 2, 0, 3, 4]),
        ([Bar(), ending(2), Bar()], [0, 1, 2]),  # a second ending without a first
        ([Bar(), Bar(jump="fine"), Bar(jump="dacapo")], [0, 1, 2, 0, 1]),
        ([Bar(), Bar(segno=True), Bar(jump="dalsegno"), Bar()], [0, 1, 2, 1, 2]),
        ([Bar(), Bar(to_coda=True), Bar(jump="dacapo"), Bar(coda=True), Bar()], [0, 1, 2, 0, 1, 3, 4]),
        ([ending(1, passes=2), ending(2), Bar(jump="dacapo")], [0, 1, 2, 1, 2]),  # the way back takes last endings
        ([], []),
    ],
)
def test_the_order_of_bars(bars, order):
    assert list(unfold(bars, "x")) == order


def test_repeats_cannot_make_too_much():
    with pytest.raises(FileError, match=r"cannot read x: its repeats make more than 100,000 bars"):
        list(unfold([Bar(passes=1000)] * 200, "x"))


def test_short_bars_that_make_a_whole_one_are_one():
    quarter = Fraction(1)
    starts, metres = metre_map([quarter, 4 * quarter, 3 * quarter, quarter, 2 * quarter], [(4, 4)] * 5)
    assert starts == [0, 1, 5, 8, 9]
    assert metres == [(0, 1, 4), (1, 4, 4), (5, 4, 4), (9, 2, 4)]
