"""The engine of models whose rows are frames of a piano roll.

Eighty-eight heads that are asked one after another would be as many calls a frame. These say at once what all of them
say, so a frame takes a call for each of its notes and one for its end; with independent heads one in all.
"""

from __future__ import annotations

import numpy as np

from antiphon.engine.bundle import Bundle
from antiphon.engine.onnx_engine import OnnxEngine
from antiphon.rolls import RollCodec


class RollEngine(OnnxEngine):
    """All that an Engine is, but its codec is ``rolls``."""

    def __init__(self, bundle: Bundle, codec: RollCodec, threads: int = 1) -> None:
        super().__init__(bundle, threads)
        self.rolls = codec
        self.joint = bundle.meta["config"].get("heads", "joint") == "joint"  # else its keys are tossed apart

    def scores(self, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(B, K + 1) logits of the next note of a frame and of its end, given the notes in (B, K) ``rows``.

        Only what lies above those notes may follow. Independent heads give (B, K), the log-odds of each key.
        """
        feeds = {"features": features, "row": np.asarray(rows, dtype=np.int64)}
        return self._heads.run(None, {name: feeds[name] for name in self._head_inputs})[0]

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        below = np.array(rows)
        below[:, index:] = 0
        scores = self.scores(features, below)
        if not self.joint:
            return np.stack([np.zeros_like(scores[:, index]), scores[:, index]], -1)
        return np.stack([np.logaddexp.reduce(scores[:, index + 1 :], axis=1), scores[:, index]], -1)
