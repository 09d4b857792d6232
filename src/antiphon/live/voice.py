"""The voice of a live model: it hears rows as they are played, and writes a note under the wishes of the moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from antiphon.engine.base import Engine
from antiphon.generate.control import Control
from antiphon.generate.guard import Guard
from antiphon.generate.sampling import Sampling, drawn
from antiphon.generate.voice import Choice, Seed, Voices

Wish: TypeAlias = Callable[[str, np.ndarray], np.ndarray | None]  # attribute, row so far: (size,) bool, None for all


class LiveVoice(Voices):
    """One voice whose sampling may be another for every note."""

    def __init__(self, engine: Engine, seed: Seed) -> None:
        super().__init__(engine, [seed], Control(guard=Guard()), kept=True)
        self._thrown = 0  # rewinding does not turn it back: the notes after a correction would be drawn as others were
        self._listen()

    @property
    def mark_bytes(self) -> int:
        """Memory that a mark keeps."""
        return self._features.nbytes + sum(part.nbytes for part in self._state)

    @property
    def state(self) -> tuple[np.ndarray, ...]:
        """What the model remembers of all that was heard and written, and the features it predicts from."""
        self._listen()
        return (self._features, *self._state)

    def listen(self, rows: np.ndarray) -> None:
        """T ≥ 1 rows (T, A) one after another, at once: when the voice is to write, that is no time to listen."""
        for row in rows:
            self.hear(row[None])
        self._listen()

    def draw(self, sampling: Sampling, wish: Wish, given: Mapping[str, int]) -> tuple[np.ndarray, int]:
        """The next row (A,), and how many 10 ms cells its note lasts: 0 where its duration is HELD.

        Attributes in ``given`` have the code that stands there, whatever the model thinks. Of the others, those codes
        may be drawn that the codec, the guard and ``wish`` allow; where that leaves none, of a step those that ``wish``
        allows, of the others those that the codec does.
        """
        row = np.zeros(len(self._names), np.int64)
        self._penalise(sampling)
        uniform, self._thrown = self._dice.throw(self._thrown)[0], self._thrown + 1
        heat = 1.0 if self._watch is None else self._watch.heat.item()  # the guard's, where the writing breaks down

        def choose(index: int, logits: np.ndarray, allowed: np.ndarray | None) -> Choice:
            name = self._names[index]
            if name in given:
                row[index] = given[name]
                return Choice(row[[index]], [1.0])
            mask = _both(None if allowed is None else allowed[0], wish(name, row), name == "step")
            heated = sampling.temperature_of(name) * heat
            choice = drawn(logits, sampling, uniform[[index]], None if mask is None else mask[None], heated)
            row[index] = choice[0][0]
            return Choice(*choice)

        self.write(choose)
        duration_ms = self.notes[0].duration_ms
        return row, 0 if duration_ms is None else duration_ms // 10

    def _penalise(self, sampling: Sampling) -> None:
        """The penalty of the moment; the pitches of before it was set do not count."""
        self._window = sampling.repetition_window if sampling.repetition != 1 else 0
        self._penalty = np.array(np.log(sampling.repetition), np.float32)
        self._recent = self._recent[:, : self._window]


def _both(first: np.ndarray | None, second: np.ndarray | None, prefer_second: bool) -> np.ndarray | None:
    """What both allow; one of them alone where that is nothing."""
    if first is None or second is None:
        return second if first is None else first
    both: np.ndarray = first & second
    if both.any():
        return both
    return second if prefer_second else first
