"""From a trained module to a bundle: weights, ONNX graphs of one step and of the heads, card.

The graphs come from torch's TorchScript-based exporter, which follows ``step`` as written.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from antiphon.engine.bundle import CARD, DRAWER, ENCODER, ENGINE, FILLER, HEADS, PLACE, WEIGHTS
from antiphon.engine.onnx_engine import LEADS
from antiphon.gaps import HINTS
from antiphon.models.base import Drawer, Filler, Listener, Model, ScoringHeads, State, Stepper
from antiphon.models.heads import Heads
from antiphon.training.checkpoint import save_tensors
from antiphon.training.halve import halve
from antiphon.training.quantise import quantise
from antiphon.training.switch import switch

OPSET = 17


class _Step(nn.Module):
    """``step``, or ``hear`` where the model hears many notes at once, with the parts of the state as arguments.

    Only the parts that it changes come out.
    """

    def __init__(self, model: Stepper) -> None:
        super().__init__()
        self.model = model

    def forward(self, row: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        features, after = (self.model.hear if self.model.chunked else self.model.step)(row, state)
        return features, *(part for i, part in enumerate(after) if i not in self.model.rings)


class _Head(nn.Module):
    """The logits of one attribute."""

    def __init__(self, model: Stepper, index: int) -> None:
        super().__init__()
        self.heads, self.index = model.heads, index

    def forward(self, features: Tensor, row: Tensor) -> Tensor:
        return self.heads.logits(self.index, features, row)


class _Scores(nn.Module):
    """What all heads say, at once."""

    def __init__(self, heads: ScoringHeads) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, features: Tensor, row: Tensor) -> Tensor:
        return self.heads.scores(features, row)


class _Encode(nn.Module):
    """``encode``."""

    def __init__(self, model: Listener) -> None:
        super().__init__()
        self.model = model

    def forward(self, rows: Tensor) -> tuple[Tensor, ...]:
        return self.model.encode(rows)


class _Fill(nn.Module):
    """``fill``."""

    def __init__(self, model: Filler) -> None:
        super().__init__()
        self.model = model

    def forward(self, rows: Tensor, hints: Tensor) -> tuple[Tensor, ...]:
        return self.model.fill(rows, hints)


class _Draw(nn.Module):
    """``draw``."""

    def __init__(self, model: Drawer) -> None:
        super().__init__()
        self.model = model

    def forward(self, noise: Tensor) -> Tensor:
        return self.model.draw(noise)


def write_files(model: Model, folder: Path, card: str, *, int8: bool) -> None:
    """All files of a bundle but ``meta.json``."""
    model = model.eval().cpu()
    weights = {name: t.bfloat16() if t.dim() > 1 else t.contiguous() for name, t in model.state_dict().items()}
    save_tensors(weights, folder / WEIGHTS)
    model.load_state_dict(weights)  # rounded: what is exported and measured is what is saved
    if isinstance(model, Stepper):
        step, heads = export(model)
        _save(step, folder / ENGINE, int8=int8)
        _save(heads, folder / HEADS, int8=int8)
    if isinstance(model, Listener):
        _save(export_encoder(model), folder / ENCODER)
    if isinstance(model, Filler):
        _save(export_filler(model), folder / FILLER, int8=int8)
    if isinstance(model, Drawer):
        _save(export_drawer(model), folder / DRAWER)
    (folder / CARD).write_text(card, encoding="utf-8")
    for file in folder.iterdir():
        file.chmod(0o644)


def _save(graph: onnx.ModelProto, path: Path, *, int8: bool = False) -> None:
    onnx.save(halve(quantise(graph) if int8 else graph), path)


def state_spec(model: Model) -> list[dict[str, Any]]:
    """Shape, type and starting value of each part of the state, for ``meta.json``; nothing where there is none.

    Of a ring also the parts that it is made of, see :attr:`~antiphon.models.base.Stepper.rings`.
    """
    if not isinstance(model, Stepper):
        return []
    parts = [_spec(part) for part in model.start(1)]
    for ring, of in model.rings.items():
        parts[ring]["ring"] = list(of)
    return parts


def _spec(part: Tensor) -> dict[str, Any]:
    fill = part[0, 0].tolist() if part.unique().numel() > 1 else part.flatten()[0].item()
    shape = ["B", *part.shape[1:]]
    return {"shape": shape, "dtype": str(part.dtype).removeprefix("torch."), "fill": fill}


def export(model: Stepper) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The ONNX graphs of the backbone and of the heads, in float32, for any batch size."""
    names = [a.name for a in model.codec.attributes]
    row, state = torch.zeros(2, len(names), dtype=torch.long), model.start(2)
    with torch.no_grad():
        features, _ = model.step(row, state)
    heard = row[:, None].repeat(1, 3, 1) if model.chunked else row
    many = {0: "B", 1: "T"} if model.chunked else {0: "B"}
    before = [f"state{i}" for i in range(len(state))]
    after = [f"after{i}" for i in range(len(state)) if i not in model.rings]
    axes = {"row": many, "features": many} | {name: {0: "B"} for name in before + after}
    step = _export(_Step(model), (heard, *state), ["row", *before], ["features", *after], axes)
    axes = {name: {0: "B"} for name in ("features", "row", "logits", "scores")}
    if isinstance(model.heads, ScoringHeads):
        return step, _export(_Scores(model.heads), (features, row), ["features", "row"], ["scores"], axes)
    heads = [
        _export(_Head(model, i), (features, row), ["features", "row"], ["logits"], axes) for i in range(len(names))
    ]
    asked = switch(heads, features.shape[-1], len(names))
    if isinstance(model.heads, Heads) and model.heads.leads:
        onnx.helper.set_model_props(asked, {LEADS: str(model.heads.given[0])})
    return step, asked


def export_encoder(model: Listener) -> onnx.ModelProto:
    """The ONNX graph that hears a whole passage at once, in float32, for any batch size."""
    rows = torch.from_numpy(model.codec.start_row).long().repeat(2, model.encodes, 1)
    with torch.no_grad():
        count = len(model.encode(rows))
    outputs = list(PLACE) if model.latent else [f"state{i}" for i in range(count)]
    return _export(_Encode(model), (rows,), ["rows"], outputs, {name: {0: "B"} for name in ("rows", *outputs)})


def export_filler(model: Filler) -> onnx.ModelProto:
    """The ONNX graph that fills what is masked, in float32, for any batch size and any number of rows."""
    rows = torch.zeros(2, 3, len(model.codec.attributes), dtype=torch.long)
    hints = torch.zeros(2, 3, HINTS, dtype=torch.long)
    outputs = [a.name for a in model.codec.attributes]
    axes = {name: {0: "B", 1: "T"} for name in ("rows", "hints", *outputs)}
    return _export(_Fill(model), (rows, hints), ["rows", "hints"], outputs, axes)


def export_drawer(model: Drawer) -> onnx.ModelProto:
    """The ONNX graph that draws phrases of noise, in float32, for any batch size."""
    noise = torch.zeros(2, model.draws)
    with torch.no_grad():
        return _export(_Draw(model), (noise,), ["noise"], ["rolls"], {"noise": {0: "B"}, "rolls": {0: "B"}})


def _export(
    module: nn.Module,
    args: tuple[Tensor, ...] | State,
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
) -> onnx.ModelProto:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter announces its own retirement, and traces constant shapes
        torch.onnx.export(
            module.eval(),
            args,
            buffer,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(buffer.getvalue())
