"""What engines share whose model does not go from row to row: they refuse to, and say why."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from antiphon.engine.base import State
from antiphon.engine.bundle import Bundle
from antiphon.errors import ModelError


class Stepless:
    """All that an Engine does, refused with a ModelError: so whoever plays models need not tell them apart."""

    chunk = 1

    def __init__(self, bundle: Bundle, why: str) -> None:
        """``why`` goes on after the model's name."""
        self.codec = bundle.codec
        self._why = f"{bundle.name} {why}; take a model of another family: `antiphon models` lists them"

    def start(self, batch: int) -> State:
        self._refuse()

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        self._refuse()

    def hear(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        self._refuse()

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ModelError(self._why)
