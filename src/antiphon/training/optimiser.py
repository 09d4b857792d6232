"""The optimisers a recipe may name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from antiphon.models.base import Model
from antiphon.training.recipe import Train


def make_optimiser(model: Model, train: Train) -> torch.optim.Optimizer:
    """The optimiser of a recipe over all weights of a model; only matrices decay."""
    rate, parameters = train.learning_rate, list(model.parameters())
    if train.optimiser == "adam":
        return torch.optim.Adam(parameters, lr=rate)
    matrices = _inner_matrices(model) if train.optimiser == "muon" else []
    inner = {id(p) for p in matrices}
    rest = [p for p in parameters if id(p) not in inner]
    groups = [
        {"params": [p for p in rest if p.dim() > 1], "weight_decay": train.weight_decay},
        {"params": [p for p in rest if p.dim() <= 1], "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99))
    if not matrices:
        return adam
    muon = torch.optim.Muon(matrices, lr=rate, weight_decay=train.weight_decay, adjust_lr_fn="match_rms_adamw")
    return Together([muon, adam])


def _inner_matrices(model: Model) -> list[Tensor]:
    """What Muon is for (Jordan et al. 2024): matrices between hidden layers, not embeddings and not outputs."""
    outside = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    heads = getattr(model.heads, "heads", model.heads)  # of networks what comes behind their common projection
    outside |= {id(p) for p in heads.parameters()}
    return [p for p in model.parameters() if p.dim() == 2 and id(p) not in outside]


class Together(torch.optim.Optimizer):
    """Several optimisers, each with its own weights, that step as one."""

    def __init__(self, parts: Sequence[torch.optim.Optimizer]) -> None:
        self.parts = list(parts)
        super().__init__([p for part in parts for group in part.param_groups for p in group["params"]], {})
        self.param_groups = [group for part in parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        loss = closure() if closure else None
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]
