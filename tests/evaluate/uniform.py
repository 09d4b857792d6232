"""An engine to which every code is as likely as any other."""

import numpy as np

from antiphon.codec import NoteCodec


class Uniform:
    """With ``sure`` it is almost certain of that duration code instead."""

    def __init__(self, programs: bool = False, chunk: int = 1, ends: int = 0, sure: int | None = None) -> None:
        self.codec, self.chunk, self._sure = NoteCodec(programs, ends), chunk, sure

    def start(self, batch: int) -> tuple[np.ndarray, ...]:
        return (np.zeros((batch, 1)),)

    def step(self, rows: np.ndarray, state: tuple) -> tuple[np.ndarray, tuple]:
        return np.zeros((len(rows), 1), np.float32), state

    def hear(self, rows: np.ndarray, state: tuple) -> tuple[np.ndarray, tuple]:
        return np.zeros((*rows.shape[:2], 1), np.float32), state

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        logits = np.zeros((len(features), self.codec.attributes[index].size), np.float32)
        if self._sure is not None and self.codec.attributes[index].name == "duration":
            logits[:, self._sure] = 20
        return logits
