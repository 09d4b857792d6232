"""A bundle played by torch from its weights: the reference that the ONNX engine is tested against."""

from __future__ import annotations

import numpy as np
import torch
from safetensors.torch import load

from antiphon.codec import NoteCodec
from antiphon.engine.base import CHUNK, State
from antiphon.engine.bundle import WEIGHTS, Bundle
from antiphon.errors import ModelError
from antiphon.models.base import Model, Stepper
from antiphon.models.registry import build


class TorchEngine:
    """Runs a model of ``models/`` one step at a time."""

    def __init__(self, bundle: Bundle, device: str = "cpu") -> None:
        model = load_model(bundle).to(device)
        if not isinstance(model, Stepper):
            raise ModelError(f"{bundle.name} does not go from row to row, and the torch engine knows nothing else")
        self.model, self._bundle, self._device = model, bundle, device
        self.chunk = CHUNK

    @property
    def codec(self) -> NoteCodec:
        """The bundle's; ModelError where a row is no note."""
        return self._bundle.codec

    @torch.inference_mode()
    def start(self, batch: int) -> State:
        return tuple(s.cpu().numpy() for s in self.model.start(batch))

    @torch.inference_mode()
    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        features, after = self.model.step(self._tensor(rows).long(), tuple(map(self._tensor, state)))
        return features.cpu().numpy(), tuple(s.cpu().numpy() for s in after)

    @torch.inference_mode()
    def hear(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        features, after = self.model.parallel(self._tensor(rows).long(), tuple(map(self._tensor, state)))
        return features.cpu().numpy(), tuple(s.cpu().numpy() for s in after)

    @torch.inference_mode()
    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        logits = self.model.heads.logits(index, self._tensor(features), self._tensor(rows).long())
        return logits.cpu().numpy()

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(array)).to(self._device)


def load_model(bundle: Bundle) -> Model:
    """The module of a bundle with its weights, ready to predict or to be trained further."""
    model = build(bundle.meta["family"], bundle.meta["config"], bundle.rows)
    model.load_state_dict(
        {name: t.float() if t.is_floating_point() else t for name, t in load(bundle.read(WEIGHTS)).items()}
    )
    return model.eval()
