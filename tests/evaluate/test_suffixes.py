"""The suffix array against the plain way: every place of the text tried in turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.evaluate.suffixes import DEPTH, build

SYMBOLS = st.lists(st.integers(1, 3), min_size=1, max_size=60)


def plain(text: list[int], query: list[int]) -> list[int]:
    """The longest match from each place of the query, the slow way; 0 in the text is no symbol."""

    def shared(a: int, b: int) -> int:
        n = 0
        while a + n < len(query) and b + n < len(text) and query[a + n] == text[b + n]:
            n += 1
        return n

    return [max((shared(a, b) for b in range(len(text))), default=0) for a in range(len(query))]


@given(st.lists(SYMBOLS, min_size=1, max_size=4), SYMBOLS)
def test_it_finds_the_longest_match(pieces, query):
    text = [s for piece in pieces for s in [*piece, 0]]
    length, place = build(np.array(text, np.uint16)).longest(np.array(query, np.uint16))
    assert length.tolist() == plain(text, query)
    for start, (n, there) in enumerate(zip(length.tolist(), place.tolist(), strict=True)):
        assert text[there : there + n] == query[start : start + n]


@given(st.lists(SYMBOLS, min_size=1, max_size=4))
def test_the_suffixes_are_in_order_as_far_as_their_piece_goes(pieces):
    text = [s for piece in pieces for s in [*piece, 0]]
    order = build(np.array(text, np.uint16)).order.tolist()
    assert sorted(order) == [i for i, symbol in enumerate(text) if symbol]
    suffixes = [text[i : text.index(0, i)] for i in order]
    assert suffixes == sorted(suffixes)


@pytest.mark.parametrize("length", [DEPTH - 1, DEPTH, DEPTH + 1, 3 * DEPTH])
def test_no_match_is_counted_beyond_the_depth(length):
    rng = np.random.default_rng(1)
    passage = rng.integers(1, 1000, length).astype(np.uint16)
    text = np.concatenate([rng.integers(1, 1000, 500), [0], passage, [0]]).astype(np.uint16)
    found, place = build(text).longest(passage)
    assert found[0] == min(length, DEPTH)
    assert place[0] == 501


def test_a_text_of_one_symbol_over_and_over():
    array = build(np.array([7] * 1000 + [0], np.uint16))
    assert array.longest(np.full(20, 7, np.uint16))[0].tolist() == list(range(20, 0, -1))
    assert array.longest(np.array([8, 7], np.uint16))[0].tolist() == [0, 1]


def test_an_empty_query():
    length, place = build(np.array([1, 0], np.uint16)).longest(np.zeros(0, np.uint16))
    assert len(length) == len(place) == 0
