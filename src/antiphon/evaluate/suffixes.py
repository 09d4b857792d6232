"""A suffix array over symbols: where the longest run that a query shares with a text of millions of symbols begins.

Manber and Myers, SIAM J. Computing 1993, in NumPy: built by doubling prefixes, asked for all places of a query at once.
Two arrays stay in memory, 6 bytes a symbol; building takes some 50.
"""

from __future__ import annotations

import numpy as np

DEPTH = 256  # symbols by which suffixes are told apart: no longer match is measured
_STRIDE = 4  # symbols of 16 bits that are compared at once
_PAD = DEPTH + 2 * _STRIDE


class SuffixArray:
    """Of a text of uint16 symbols in which 0 separates: no query holds it, so no match crosses it."""

    def __init__(self, text: np.ndarray, order: np.ndarray) -> None:
        """``text`` (M,) and ``order``, the places of its suffixes in order, as :func:`build` gives them."""
        self._padded = np.concatenate([text, np.zeros(_PAD, np.uint16)])
        self.text, self.order = self._padded[: len(text)], order

    def longest(self, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each place of a query (Q,) the most symbols from there on that the text has, and where it has them.

        Lengths int64, at most DEPTH; places in the text, of one such run, int64, without meaning where the length is 0.
        """
        count = len(query)
        padded = np.concatenate([query.astype(np.uint16), np.zeros(_PAD, np.uint16)])
        low, high = np.full(count, -1), np.full(count, len(self.order))  # ranks: below low < the query < high
        shared_low, shared_high = np.zeros(count, np.int64), np.zeros(count, np.int64)
        place = np.arange(count)
        for _ in range(len(self.order).bit_length()):
            open_ = high - low > 1
            middle = np.where(open_, (low + high) // 2, np.clip(low, 0, None))
            less, shared = self._compare(padded, place, middle, np.minimum(shared_low, shared_high))
            up, down = open_ & less, open_ & ~less
            low, shared_low = np.where(up, middle, low), np.where(up, shared, shared_low)
            high, shared_high = np.where(down, middle, high), np.where(down, shared, shared_high)
        best = np.where(shared_low >= shared_high, low, high)
        length = np.minimum(np.maximum(shared_low, shared_high), DEPTH)
        return length, self.order[np.clip(best, 0, len(self.order) - 1)].astype(np.int64)

    def _compare(
        self, query: np.ndarray, place: np.ndarray, rank: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Whether the text's suffix of a rank comes before the query's, and how many symbols they share.

        So many as ``known`` are shared for certain.
        """
        start = self.order[rank].astype(np.int64)
        shared, less = known.copy(), np.zeros(len(place), bool)
        going = np.arange(len(place))
        while len(going):
            mine = _key(query, place[going] + shared[going])
            theirs = _key(self._padded, start[going] + shared[going])
            differ = mine ^ theirs
            same = _leading(differ)
            # A separator in the query is its end: what the text has there, a 0 too, counts for nothing.
            ended = np.minimum(_leading_nonzero(mine), same)
            shared[going] += ended
            less[going] = theirs < mine
            going = going[(same == _STRIDE) & (ended == _STRIDE) & (shared[going] < DEPTH)]
        return less, shared


def build(text: np.ndarray) -> SuffixArray:
    """The suffix array of (M,) uint16 symbols with at least one that is not 0; separators begin no suffix."""
    text = text.astype(np.uint16)
    padded = np.concatenate([text, np.zeros(_PAD, np.uint16)])
    order = np.flatnonzero(text).astype(np.int32)
    key = _key(padded, order)
    sorting = np.argsort(key)
    order, key = order[sorting], key[sorting]
    fresh = np.ones(len(order) + 1, bool)  # where a group of equal prefixes begins
    fresh[1:-1] = key[1:] != key[:-1]
    del key, sorting
    rank = np.zeros(len(padded), np.int32)  # of each suffix, from 1; separators and what lies beyond have 0
    rank[order] = _group(fresh)
    length = _STRIDE
    while length < DEPTH:
        tied = np.flatnonzero(~(fresh[:-1] & fresh[1:]))
        if not len(tied):
            break
        suffix = order[tied]
        both = (rank[suffix].astype(np.int64) << 32) | rank[np.minimum(suffix + length, len(padded) - 1)]
        sorting = np.argsort(both)
        order[tied], both = suffix[sorting], both[sorting]
        fresh[tied[1:]] |= both[1:] != both[:-1]
        rank[order] = _group(fresh)
        length *= 2
    return SuffixArray(text, order)


def _group(fresh: np.ndarray) -> np.ndarray:
    """(M,) int32, from 1: the place of the first suffix of each one's group."""
    place = np.arange(1, len(fresh), dtype=np.int32)
    return np.maximum.accumulate(np.where(fresh[:-1], place, 0))


def _key(text: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(N,) uint64: four symbols from each place, the first the most significant."""
    key = text[place].astype(np.uint64)
    for i in range(1, _STRIDE):
        key = (key << np.uint64(16)) | text[place + i].astype(np.uint64)
    return key


def _leading(differ: np.ndarray) -> np.ndarray:
    """(N,) int64, 0 to 4: how many of four symbols are equal from the first on, given their exclusive or."""
    bits = 16 * np.arange(_STRIDE - 1, -1, -1, dtype=np.uint64)
    return ((differ[:, None] >> bits) == 0).sum(axis=1)


def _leading_nonzero(key: np.ndarray) -> np.ndarray:
    """(N,) int64, 0 to 4: how many of four symbols there are before the first 0."""
    bits = 16 * np.arange(_STRIDE - 1, -1, -1, dtype=np.uint64)
    zero = ((key[:, None] >> bits) & np.uint64(0xFFFF)) == 0
    return np.where(zero.any(axis=1), zero.argmax(axis=1), _STRIDE)
