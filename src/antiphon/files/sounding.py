"""How long notes sound: which end belongs to which beginning, and what the sustain pedal adds.

Place in the path: between the events of a file and its Score. Arrays in, arrays out, no loop over notes; all times are
integer ticks.
"""

from __future__ import annotations

import numpy as np

_FAR = np.iinfo(np.int64).max


def pair(key: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First in, first out: the indices of the events that begin notes, and of the events that end them.

    ``key`` (M,) is equal for events of one pitch in one voice, in order of time; ``begins`` (M,) tells note-ons from
    note-offs. Returns two (N,) arrays; the second holds -1 for a note that nothing ends. An end with nothing sounding
    is passed over.
    """
    order = np.argsort(key, kind="stable")
    begins = begins[order]
    group = np.cumsum(np.diff(key[order], prepend=key[order[:1]]) != 0)
    change = np.where(begins, 1, -1)
    total = np.cumsum(change)
    sounding = total - (total - change)[np.searchsorted(group, group)]  # counted from the start of the group
    # An end with nothing sounding takes the count to a new low in its group; groups are set so far apart that the
    # running minimum begins afresh in each.
    low = np.minimum.accumulate(np.minimum(sounding, 0) - group * (len(key) + 1))
    stray = ~begins & (np.diff(low, prepend=1) < 0)
    on, off = np.flatnonzero(begins), np.flatnonzero(~begins & ~stray)
    rank = np.arange(len(on)) - np.searchsorted(group[on], group[on])
    place = np.searchsorted(group[off], group[on]) + rank
    ended = place < np.searchsorted(group[off], group[on], side="right")
    end = np.full(len(on), -1)
    end[ended] = order[off[place[ended]]]
    return order[on], end


def latest(key: np.ndarray, group: np.ndarray, at: np.ndarray, at_group: np.ndarray) -> np.ndarray:
    """For each of ``at`` the index of the greatest ``key`` not above it within its group, -1 where there is none.

    Keys of different groups must not interleave; of equal keys the last in order wins.
    """
    order = np.argsort(key, kind="stable")
    i = np.searchsorted(key[order], at, side="right") - 1
    found = order[np.maximum(i, 0)]
    return np.where((i >= 0) & (group[found] == at_group), found, -1)


def sustained(
    onset: np.ndarray, end: np.ndarray, pitch: np.ndarray, tick: np.ndarray, down: np.ndarray, last: int
) -> np.ndarray:
    """(N,) the ends of one channel's notes under its pedal, from their onsets, ends and pitches.

    ``tick`` (M,), in order, are the pedal's movements and ``down`` (M,) whether each left it down. A note released
    while the pedal is down sounds until the pedal comes up or its pitch is struck again, whichever is first, or until
    ``last`` where neither happens. At the very tick of a movement files differ (a score lifts and presses again on the
    beat, before or after the notes end), so the pedal's place just before the release decides.
    """
    held = np.append(False, down)[np.searchsorted(tick, end, side="left")]  # up before the first movement
    lifts = tick[~down]
    lift = np.append(lifts, last)[np.searchsorted(lifts, end, side="left")]
    until = np.minimum(lift, _next_strike(onset, end, pitch))
    return np.where(held, np.maximum(until, end), end)


def _next_strike(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(N,) the first onset of the same pitch at or after each end; far away where there is none."""
    span = max(int(end.max(initial=0)), int(onset.max(initial=0))) + 1
    keys = np.sort(pitch * span + onset)
    strike = np.append(keys, _FAR)[np.searchsorted(keys, pitch * span + end, side="left")]
    return np.where(strike // span == pitch, strike % span, _FAR)
