"""Pairing and pedal, against the same said slowly, note by note."""

from collections import defaultdict, deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.files.sounding import latest, pair, sustained


def slow_pair(events: list[tuple[int, bool]]) -> dict[int, int]:
    queues, ends = defaultdict(deque), {}
    for i, (key, begins) in enumerate(events):
        if begins:
            queues[key].append(i)
            ends[i] = -1
        elif queues[key]:
            ends[queues[key].popleft()] = i
    return ends


def slow_pedal(notes: list[tuple[int, int, int]], pedal: list[tuple[int, bool]], last: int) -> list[int]:
    ends = []
    for _, end, pitch in notes:
        down = ([False] + [d for tick, d in pedal if tick < end])[-1]
        lifts = [tick for tick, d in pedal if tick >= end and not d] or [last]
        strikes = [onset for onset, _, other in notes if other == pitch and onset >= end]
        ends.append(max(end, min([lifts[0], *strikes])) if down else end)
    return ends


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
def test_first_in_is_first_out(events):
    keys, begins = np.array([k for k, _ in events], int), np.array([b for _, b in events], bool)
    on, end = pair(keys, begins)
    assert dict(zip(on.tolist(), end.tolist(), strict=True)) == slow_pair(events)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(60, 62)), max_size=20),
    st.lists(st.tuples(st.integers(0, 80), st.booleans()), max_size=12),
)
def test_the_pedal_does_what_it_means_note_by_note(keys, moves):
    notes = [(onset, onset + length, pitch) for onset, length, pitch in keys]
    pedal = sorted(moves, key=lambda move: move[0])
    onset, end, pitch = np.array(notes, np.int64).reshape(-1, 3).T
    ticks, down = np.array([t for t, _ in pedal], np.int64), np.array([d for _, d in pedal], bool)
    assert sustained(onset, end, pitch, ticks, down, 100).tolist() == slow_pedal(notes, pedal, 100)


def test_the_pedal_never_shortens_a_note_that_outlasts_the_file():
    onset, end, pitch = np.array([[0], [30], [60]])
    assert sustained(onset, end, pitch, np.array([5]), np.array([True]), 20).tolist() == [30]


def test_the_latest_is_the_last_at_or_before_in_its_group():
    key, group = np.array([10, 5, 5, 100]), np.array([0, 0, 0, 1])
    at, at_group = np.array([4, 5, 9, 10, 50, 100, 99]), np.array([0, 0, 0, 0, 0, 1, 1])
    assert latest(key, group, at, at_group).tolist() == [-1, 2, 2, 0, 0, 3, -1]
