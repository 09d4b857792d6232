"""Keeping a piece that is being written from becoming a copy: which pitches would complete a match just now.

The same symbols and the same index as ``memorisation.py``, one note at a time. Whoever draws notes asks before each
pitch, once the step is known: ``banned(step)``, and tells what was drawn: ``hear(step, pitch)``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np

from antiphon.errors import OptionError
from antiphon.evaluate.memorisation import TOGETHER, CopyIndex, symbol
from antiphon.evaluate.suffixes import DEPTH

FEWEST = 4  # notes; shorter runs are in any music


class Passages:
    """The training set's runs of notes, asked for what follows one. Built once, shared by all watches."""

    def __init__(self, index: CopyIndex) -> None:
        self._order, self._text = index.suffixes.order, index.suffixes.text
        self._bytes = self._text.astype(">u2").tobytes()  # big-endian, so that bytes compare as symbols do

    def following(self, run: bytes) -> np.ndarray:
        """The symbols, uint16, that stand after a run of big-endian symbols wherever the training set has it."""

        def prefix(place: int) -> bytes:
            return self._bytes[2 * place : 2 * place + len(run)]

        low = bisect_left(self._order, run, key=prefix)
        high = bisect_right(self._order, run, lo=low, key=prefix)
        place = self._order[low:high].astype(np.int64) + len(run) // 2
        return np.unique(self._text[place[place < len(self._text)]])


class CopyWatch:
    """Follows one piece. ``copy.copy`` forks it: its state is plain values, the passages are shared."""

    def __init__(self, passages: Passages, notes: int) -> None:
        """``notes`` in a row as in the training set are too many; OptionError unless 4 to DEPTH."""
        if not FEWEST <= notes <= DEPTH:
            raise OptionError(f"copies of {notes} notes cannot be avoided: give {FEWEST} to {DEPTH} notes")
        self._passages, self._notes = passages, notes
        self._run = b""  # the last notes - 2 symbols, big-endian
        self._pitch: int | None = None
        self._reference = 0  # cells of the last step that was no chord's

    def hear(self, step: int, pitch: int) -> None:
        """A note was written, ``step`` cells of 10 ms after the one before."""
        if self._pitch is not None:
            drawn = symbol(np.array([pitch - self._pitch]), np.array([step]), np.array([self._reference]))
            kept = 2 * (self._notes - 2)
            self._run = (self._run + drawn.astype(">u2").tobytes())[-kept:]
            if step > TOGETHER:
                self._reference = step
        self._pitch = pitch

    def banned(self, step: int) -> np.ndarray | None:
        """(128,) bool: pitches that would complete a match, if the next note comes after ``step`` cells; None: none."""
        if self._pitch is None or len(self._run) < 2 * (self._notes - 2):
            return None
        following = self._passages.following(self._run)
        if not len(following):
            return None
        pitch = np.arange(128)
        drawn = symbol(pitch - self._pitch, np.full(128, step), np.full(128, self._reference))
        found = np.isin(drawn, following)
        return found if found.any() else None
