"""A bundle played by ONNX Runtime: no torch, one thread, the same numbers for any batch size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from antiphon.codec import NoteCodec
from antiphon.engine.base import CHUNK, State
from antiphon.engine.bundle import ENGINE, HEADS, META, Bundle
from antiphon.engine.rings import Rings
from antiphon.errors import ModelError

# What ONNX Runtime raises for bytes that are no graph, or one that it cannot run; they share no base of their own.
_REFUSALS = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
)


LEADS = "leads"  # how many numbers of the features, the first of them, are the logits of the first attribute


class OnnxEngine:
    """Runs ``engine.onnx`` and ``heads.onnx`` of a bundle."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        self._bundle = bundle
        self._threads = threads
        self._step = session(bundle, ENGINE, threads)
        self._heads = session(bundle, HEADS, threads)
        self._indices = [np.array(i) for i in range(len(bundle.rows.attributes))]
        self._state, self._rings = _state(bundle, self._step)
        self._many = len(self._step.get_inputs()[0].shape) == 3  # the graph takes T rows of each piece
        self.chunk = CHUNK if self._many else 1
        self._inputs = [i.name for i in self._step.get_inputs()]
        self._head_inputs = {i.name for i in self._heads.get_inputs()}
        self._outputs = [o.name for o in self._heads.get_outputs()]  # one; of older bundles one for each head
        self._given = [o.name for o in self._step.get_outputs()]
        self._rehearsed = False
        self._leads = int(self._heads.get_modelmeta().custom_metadata_map.get(LEADS, 0))

    @cached_property
    def codec(self) -> NoteCodec:
        """The bundle's; ModelError for a model of chords."""
        return self._bundle.codec

    @cached_property
    def _one(self) -> ort.InferenceSession:
        """The same graph for one note of one piece: with all shapes known, a third fewer operations are left of it."""
        return session(self._bundle, ENGINE, self._threads, {"B": 1, "T": 1})

    def start(self, batch: int) -> State:
        state = tuple(_filled(shape, fill, batch) for shape, fill in self._state)
        if batch == 1 and not self._rehearsed:
            self._rehearsed = True
            self._rehearse(state)
        return state

    def _rehearse(self, state: State) -> None:
        """One note that nobody hears: the first opens the graph for one, and takes ten times as long as the next."""
        row = np.zeros((1, len(self._indices)), np.int64)
        features, _ = self.step(row, state)
        for index in range(len(self._indices)):
            self.logits(index, features, row)

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        if not self._many:
            return self._run(rows, state)
        features, after = self._run(rows[:, None], state)
        return features[:, 0], after

    def hear(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        features = []
        while rows.shape[1]:
            room = self._rings.room(state, rows.shape[1]) if self._many else 1
            now, state = self._run(rows[:, :room] if self._many else rows[:, 0], state)
            features.append(now if self._many else now[:, None])
            rows = rows[:, room:]
        return features[0] if len(features) == 1 else np.concatenate(features, 1), state

    def _run(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        graph = self._one if rows.size == len(self._indices) else self._step
        feeds = (np.asarray(rows, dtype=np.int64), *state)
        features, *given = graph.run(self._given, dict(zip(self._inputs, feeds, strict=True)))
        return features, self._rings.after(state, given)

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        if index == 0 and self._leads:
            return features[:, : self._leads].copy()
        feeds = {"features": features, "row": np.asarray(rows, dtype=np.int64)}
        if "index" in self._head_inputs:
            return self._heads.run(self._outputs, {**feeds, "index": self._indices[index]})[0]
        return self._heads.run([self._outputs[index]], {n: feeds[n] for n in self._head_inputs})[0]


def _state(bundle: Bundle, step: ort.InferenceSession) -> tuple[list[tuple[list[int | str], np.ndarray]], Rings]:
    """Shape, with "B" for the batch, and starting value of each part of the state; ModelError if the graph differs.

    And which parts of it are rings.
    """
    state = bundle.meta["state"]
    try:
        parts = [(list(entry["shape"]), np.array(entry["fill"], dtype=entry["dtype"])) for entry in state]
        for shape, fill in parts:
            np.broadcast_to(fill, [1, *map(int, shape[1:])])  # takes no memory, whatever the shape
        rings = Rings(state)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{bundle.path / META} is damaged: its state cannot be read ({error})") from error
    shapes, given = [shape for shape, _ in parts], [f"after{i}" for i in rings.given]
    if [i.shape for i in step.get_inputs()[1:]] != shapes or [o.name for o in step.get_outputs()[1:]] != given:
        raise ModelError(f"{bundle.path} is damaged: {META} and {ENGINE} do not agree about the state")
    return parts, rings


def _filled(shape: Sequence[int | str], fill: np.ndarray, batch: int) -> np.ndarray:
    sizes = [batch if n == "B" else int(n) for n in shape]
    return np.ascontiguousarray(np.broadcast_to(fill, sizes))


def session(
    bundle: Bundle, file: str, threads: int, sizes: Mapping[str, int] = MappingProxyType({})
) -> ort.InferenceSession:
    """One of a bundle's graphs, ready to run, with the ``sizes`` of some dimensions fixed; ModelError if it cannot."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    for name, size in sizes.items():
        options.add_free_dimension_override_by_name(name, size)
    try:  # from bytes, so that a model cannot name further files to be read
        return ort.InferenceSession(bundle.read(file), options, providers=["CPUExecutionProvider"])
    except _REFUSALS as error:
        why = str(error).splitlines()[0]
        raise ModelError(f"{bundle.path / file} cannot be run ({why}); copy or train the model again") from error
