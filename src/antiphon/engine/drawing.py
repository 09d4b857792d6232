"""The engine of a model that draws whole phrases of noise: it hears nothing, and has no steps and no likelihood."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from antiphon.corpus.phrase_rolls import Layout
from antiphon.engine.bundle import DRAWER, Bundle
from antiphon.engine.onnx_engine import session
from antiphon.engine.stepless import Stepless
from antiphon.errors import ModelError

AT_ONCE = 256  # phrases; more need more memory and are no faster


class DrawingEngine(Stepless):
    """``drawer.onnx`` of a bundle; see :class:`antiphon.engine.base.Drawing`."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        super().__init__(
            bundle, "draws whole phrases and hears no music, so it writes with `antiphon generate` and nothing else"
        )
        config = bundle.meta["config"]
        self.layout = Layout(**{f.name: int(config[f.name]) for f in fields(Layout) if f.name in config})
        self._session = session(bundle, DRAWER, threads)
        (noise,), (rolls,) = self._session.get_inputs(), self._session.get_outputs()
        if list(rolls.shape[1:]) != list(self.layout.shape):
            raise ModelError(f"{bundle.path / DRAWER} draws {rolls.shape[1:]}; copy or train the model again")
        self.noise = int(noise.shape[1])

    def draw(self, noise: np.ndarray) -> np.ndarray:
        parts = [noise[i : i + AT_ONCE].astype(np.float32) for i in range(0, len(noise), AT_ONCE)]
        return np.concatenate([self._session.run(None, {"noise": part})[0] for part in parts]).astype(np.uint8)
