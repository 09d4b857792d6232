"""The engine of a model that fills what is masked: it sees all rows of a window at once and has no steps."""

from __future__ import annotations

import numpy as np

from antiphon.engine.bundle import FILLER, Bundle
from antiphon.engine.onnx_engine import session
from antiphon.engine.stepless import Stepless
from antiphon.errors import ModelError

WINDOW = 128  # rows, where a model's configuration leaves it as it comes


class FillingEngine(Stepless):
    """``filler.onnx`` of a bundle; see :class:`antiphon.engine.base.Filling`."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        super().__init__(bundle, "fills passages and does not go from note to note, as this needs")
        self.window = int(bundle.meta["config"].get("window", WINDOW))
        self._session = session(bundle, FILLER, threads)
        names = tuple(output.name for output in self._session.get_outputs())
        if names != tuple(self.codec.column):
            raise ModelError(f"{bundle.path / FILLER} fills {', '.join(names)}; copy or train the model again")

    def fill(self, rows: np.ndarray, hints: np.ndarray) -> list[np.ndarray]:
        feeds = {"rows": np.asarray(rows, np.int64), "hints": np.asarray(hints, np.int64)}
        return list(self._session.run(None, feeds))
