"""MIDI-like tokens: counted at once, and written out one by one as Performance RNN would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.evaluate.tokens import midi_tokens

NOTE = st.tuples(st.integers(0, 8000), st.integers(0, 5000), st.integers(1, 127))


def written_out(onset_ms, duration_ms, velocity) -> list[str]:
    """The token sequence itself, the slow and plain way."""
    events = []
    for start_ms, length_ms, loud in zip(onset_ms, duration_ms, velocity, strict=True):
        events.append(((start_ms + 5) // 10, "on", loud // 4))
        events.append(((start_ms + length_ms + 5) // 10, "off", None))
    events.sort(key=lambda event: event[0])  # stable: notes stay in order
    tokens, now, loudness = [], events[0][0] if events else 0, None
    for cell, kind, loud in events:
        while now < cell:
            shift = min(cell - now, 100)
            tokens.append(f"shift {shift}")
            now += shift
        if kind == "on" and loud != loudness:
            tokens.append(f"velocity {loud}")
            loudness = loud
        tokens.append(kind)
    return tokens


@given(st.lists(NOTE, max_size=30))
def test_as_many_as_when_written_out(notes):
    columns = [np.array(column, np.int64) for column in zip(*sorted(notes), strict=True)] or [np.empty(0, int)] * 3
    assert midi_tokens(*columns) == len(written_out(*columns))


@pytest.mark.parametrize(
    ("notes", "tokens"),
    [
        ([], 0),
        ([(0, 500, 80)], 4),  # velocity, on, shift, off
        ([(0, 2500, 80)], 6),  # three shifts: 1 s, 1 s, 0.5 s
        ([(0, 500, 80), (0, 500, 81)], 6),  # one velocity bin, one shift
        ([(0, 500, 80), (500, 500, 20)], 8),
        ([(9000, 500, 80)], 4),  # the silence before the music is not counted
    ],
)
def test_examples(notes, tokens):
    columns = [np.array([note[i] for note in notes], np.int64) for i in range(3)]
    assert midi_tokens(*columns) == tokens


def test_the_types_of_a_corpus_do_not_overflow():
    onset = np.array([0, 2**30], np.int32)
    velocity = np.array([4, 120], np.uint8)
    shifts = int(np.ceil((2**30 + 10) / 1000))
    assert midi_tokens(onset, np.array([100, 10], np.int32), velocity) == pytest.approx(6 + shifts, abs=2)
    assert midi_tokens(np.zeros(2, np.int32), np.full(2, 10, np.int32), velocity[::-1]) == 2 * 2 + 2 + 1
