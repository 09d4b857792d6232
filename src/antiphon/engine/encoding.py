"""Engines of models that hear a whole passage at once: to answer it, or to find its place in a latent space."""

from __future__ import annotations

import numpy as np

from antiphon.chords import ChordCodec
from antiphon.engine.base import Engine, State
from antiphon.engine.bundle import DRAWER, ENCODER, FILLER, PLACE, Bundle
from antiphon.engine.drawing import DrawingEngine
from antiphon.engine.filling import FillingEngine
from antiphon.engine.onnx_engine import OnnxEngine, session
from antiphon.engine.rolls import RollEngine
from antiphon.errors import ModelError, OptionError
from antiphon.rolls import RollCodec

BARS = 2  # of a passage, where a model's configuration leaves it as it comes


class Encoder:
    """``encoder.onnx`` of a bundle."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        self._session = session(bundle, ENCODER, threads)
        self._start = bundle.codec.start_row.astype(np.int64)
        shape = self._session.get_inputs()[0].shape
        if len(shape) != 3 or not isinstance(shape[1], int) or shape[2] != len(self._start):
            raise ModelError(f"{bundle.path / ENCODER} takes rows of shape {shape}; copy or train the model again")
        self.rows = shape[1]  # S
        self.places = tuple(output.name for output in self._session.get_outputs()) == PLACE

    def __call__(self, rows: np.ndarray) -> State:
        """What the graph says of (B, N, A) rows, N at most S."""
        padded = np.broadcast_to(self._start, (len(rows), self.rows, len(self._start))).copy()
        padded[:, : rows.shape[1]] = rows
        return tuple(self._session.run(None, {"rows": padded}))


class CallingEngine(OnnxEngine):
    """A model that answers calls; see :class:`antiphon.engine.base.Calling`."""

    def __init__(self, bundle: Bundle, encoder: Encoder, threads: int = 1) -> None:
        super().__init__(bundle, threads)
        self._encoder, self.longest = encoder, encoder.rows
        self.together = bundle.meta["config"].get("answer") == "together"

    def answer(self, rows: np.ndarray) -> State:
        return self._encoder(rows[:, : self.longest] if self.together else rows[:, -self.longest :])


class LatentEngine(OnnxEngine):
    """A model with a latent space; see :class:`antiphon.engine.base.Latent`."""

    def __init__(self, bundle: Bundle, encoder: Encoder, threads: int = 1) -> None:
        super().__init__(bundle, threads)
        self._encoder, self.longest = encoder, encoder.rows
        self.size: int = self.start(1)[0].shape[1]
        self.bars = int(bundle.meta["config"].get("bars", BARS))

    def place(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if rows.shape[1] > self.longest:
            raise OptionError(f"a passage of {rows.shape[1]} notes is longer than this model hears: {self.longest}")
        mean, log_deviation = self._encoder(rows)
        return mean, np.exp(log_deviation)

    def unfold(self, place: np.ndarray) -> State:
        return np.asarray(place, dtype=np.float32), *self.start(len(place))[1:]


class ChordEngine(OnnxEngine):
    """A model whose rows are chords: all that an Engine is, but its codec is ``chords``."""

    def __init__(self, bundle: Bundle, codec: ChordCodec, threads: int = 1) -> None:
        super().__init__(bundle, threads)
        self.chords = codec


def make_engine(bundle: Bundle, threads: int = 1) -> Engine:
    """The engine that a bundle's files are for."""
    if bundle.has(FILLER):
        return FillingEngine(bundle, threads)
    if bundle.has(DRAWER):
        return DrawingEngine(bundle, threads)
    if isinstance(bundle.rows, ChordCodec):
        return ChordEngine(bundle, bundle.rows, threads)
    if isinstance(bundle.rows, RollCodec):
        return RollEngine(bundle, bundle.rows, threads)
    if not bundle.has(ENCODER):
        return OnnxEngine(bundle, threads)
    encoder = Encoder(bundle, threads)
    return (LatentEngine if encoder.places else CallingEngine)(bundle, encoder, threads)
