"""Heads: from a backbone's hidden vector to a distribution over each attribute of the next row.

The attributes of a row are predicted one after another. A chained head sees those already drawn, so that a note's
pitch, loudness and length agree; an independent head, as in the classic notebooks, does not. Every head, also one
trained by squared error, ends as log-probabilities over codes: so all of them are sampled and measured alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError, unknown
from antiphon.models.past import Past, Times

Kind = Literal["chained", "independent", "gaussian", "marginal"]

_UNIT = {"pitch": 1 / 128, "velocity": 1 / 128, "program": 1 / 128, "step": 1.0, "duration": 1.0}  # to about 0 … 1
_NEVER = -30.0  # a logit, finite so that a note of the corpus that no code allows costs much but not everything
_FITTED = 8192  # notes that one number is fitted to: more change nothing and take minutes
_PRESSURE = 10.0  # weight of the penalty on negative times, as in TensorFlow's music tutorial


class Heads(nn.Module):
    """One head an attribute behind a single projection of the hidden vector."""

    def __init__(
        self,
        codec: NoteCodec,
        width: int,
        hidden: int = 256,
        kind: Kind = "chained",
        kinds: Mapping[str, Kind] | None = None,
        weights: Mapping[str, float] | None = None,
        past: Past | None = None,
    ) -> None:
        """``width`` is the hidden vector's; by attribute, ``kinds`` overrides ``kind`` and ``weights`` the loss's 1.

        With a ``past`` the chained heads of step and duration see when the last notes began and end.
        """
        super().__init__()
        kinds, weights = kinds or {}, weights or {}
        for name in (*kinds, *weights):
            if name not in codec.column:
                raise RecipeError(unknown("attribute of a note", name, codec.column))
        self.past, self.names = past, [a.name for a in codec.attributes]
        notes = past.notes if past else 0
        heads = [_HEADS[kinds.get(name, kind)](codec, i, hidden, notes) for i, name in enumerate(self.names)]
        self.heads = nn.ModuleList(heads)
        self.leads = isinstance(heads[0], Chained)  # its logits need nothing that is drawn: they are its features
        self.widths = [head.width for head in heads]
        self.given = [codec.attributes[0].size if self.leads else self.widths[0], *self.widths[1:]]
        self.weights = [weights.get(a.name, 1.0) for a in codec.attributes]
        self.project = nn.Linear(width, sum(self.widths))

    def forward(self, hidden: Tensor, past: Tensor | None = None) -> Tensor:
        """(…, D) hidden vectors → (…, F) features: all that the heads need from the backbone.

        Of a chained first head they are its logits: so it need not be asked. The (…, 2 K) times of a model's past go
        along as they are, exact in float32.
        """
        features = self.project(hidden)
        if self.leads:
            first, rest = features[..., : self.widths[0]], features[..., self.widths[0] :]
            features = torch.cat([self.heads[0](first, first, self._times(0, past, first)), rest], -1)
        return features if past is None else torch.cat([features.float(), past.float()], -1)

    def parts(self, features: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """The features of each head, and the past where there is one."""
        if self.past is None:
            return list(features.split(self.given, -1)), None
        *parts, past = features.split([*self.given, self.past.width], -1)
        return parts, past.long()

    def logits(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        """(…, V) log-probabilities, up to a constant, of attribute ``index`` given ``rows[..., :index]``."""
        parts, past = self.parts(features)
        if index == 0 and self.leads:
            return parts[0]
        return self.heads[index](parts[index], rows, self._times(index, past, rows))

    def _times(self, index: int, past: Tensor | None, rows: Tensor) -> Tensor | None:
        """What attribute ``index`` is told of the past: a duration, how long the others will sound when it begins."""
        if self.past is None or past is None or self.names[index] not in ("step", "duration"):
            return None
        return past if self.names[index] == "step" else self.past.until(past, rows)

    def log_prob(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, A) log-probability of each attribute of (…, A) rows."""
        columns = rows.unbind(-1)
        return torch.stack([_log_prob(self.logits(i, features, rows), codes) for i, codes in enumerate(columns)], -1)

    def loss(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, A) what training minimises: nats, or a squared error where that is the head's kind."""
        parts, past = self.parts(features)
        losses = [
            -_log_prob(part, rows[..., 0])
            if i == 0 and self.leads
            else head.loss(part, rows, self._times(i, past, rows))
            for i, (head, part) in enumerate(zip(self.heads, parts, strict=True))
        ]
        return torch.stack([weight * loss for weight, loss in zip(self.weights, losses, strict=True)], -1)


def _log_prob(logits: Tensor, codes: Tensor) -> Tensor:
    flat = F.cross_entropy(logits.float().flatten(0, -2), codes.flatten(), reduction="none")
    return -flat.view(codes.shape)


class _Head(nn.Module):
    """A head: ``width`` features in, logits over the codes of attribute ``index`` out."""

    width: int

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def loss(self, part: Tensor, rows: Tensor, times: Tensor | None = None) -> Tensor:
        return -_log_prob(self(part, rows, times), rows[..., self.index])


class Chained(_Head):
    """One hidden layer over the backbone's features, embeddings of the attributes already drawn, and the past's times.

    A duration cannot point to a note that is over.
    """

    def __init__(self, codec: NoteCodec, index: int, hidden: int, notes: int) -> None:
        super().__init__(index)
        self.width = hidden
        counts = {"step": 2 * notes, "duration": notes}
        self.times = Times(count, hidden) if (count := counts.get(codec.attributes[index].name, 0)) else None
        self.points = notes if codec.attributes[index].name == "duration" else 0
        self.seen = nn.ModuleList([nn.Embedding(a.size, hidden) for a in codec.attributes[:index]])
        self.out = nn.Linear(hidden, codec.attributes[index].size)
        for embedding in self.seen:
            nn.init.normal_(embedding.weight, std=0.1)

    def forward(self, part: Tensor, rows: Tensor, times: Tensor | None = None) -> Tensor:
        for i, embedding in enumerate(self.seen):
            part = part + embedding(rows[..., i])
        if self.times is None or times is None:
            return self.out(F.gelu(part))
        logits = self.out(F.gelu(part + self.times(times)))
        if not self.points:
            return logits
        return torch.cat([logits[..., : -self.points], logits[..., -self.points :].masked_fill(times == 0, _NEVER)], -1)


class Independent(_Head):
    """A single dense layer, blind to the other attributes of the row."""

    def __init__(self, codec: NoteCodec, index: int, hidden: int, notes: int = 0) -> None:
        super().__init__(index)
        self.width = codec.attributes[index].size

    def forward(self, part: Tensor, rows: Tensor, times: Tensor | None = None) -> Tensor:
        return part


class Marginal(_Head):
    """A histogram: what the whole corpus does, whatever came before. For attributes a model does not predict."""

    def __init__(self, codec: NoteCodec, index: int, hidden: int, notes: int = 0) -> None:
        super().__init__(index)
        self.width = 0
        self.out = nn.Parameter(torch.zeros(codec.attributes[index].size))

    def forward(self, part: Tensor, rows: Tensor, times: Tensor | None = None) -> Tensor:
        return self.out.expand(*part.shape[:-1], -1)


class Gaussian(_Head):
    """A mean trained by squared error, as in the classic notebooks, with one deviation for all notes.

    Its logits are the logarithm of the normal density's integral over the range of times or pitches of each code; the
    outermost codes take the tails, as the notebooks clamp what falls outside.
    """

    values: Tensor
    edges: Tensor
    sigma: Tensor

    def __init__(self, codec: NoteCodec, index: int, hidden: int, notes: int = 0) -> None:
        super().__init__(index)
        name = codec.attributes[index].name
        self.width = 1
        self.positive = name in ("step", "duration")
        self.register_buffer("values", torch.from_numpy(codec.values[index]) * _UNIT[name], persistent=False)
        self.register_buffer("edges", torch.from_numpy(codec.boundaries[index]) * _UNIT[name], persistent=False)
        self.register_buffer("sigma", torch.ones(()))

    def forward(self, part: Tensor, rows: Tensor, times: Tensor | None = None) -> Tensor:
        return self.log_mass(part.float(), self.sigma)

    def log_mass(self, mean: Tensor, sigma: Tensor) -> Tensor:
        """(…, V) log of the normal probability of each code's range, for means (…, 1)."""
        edges = self.edges.clamp(-1e4, 1e4)
        low, high = (edges[:-1] - mean) / sigma, (edges[1:] - mean) / sigma
        flip = low + high > 0  # work in the left tail, where the integrals keep their precision
        low, high = torch.where(flip, -high, low), torch.where(flip, -low, high)
        log_high = _log_normal_cdf(high)
        ratio = torch.exp(torch.clamp(_log_normal_cdf(low) - log_high, max=0.0))
        return log_high + torch.log(torch.clamp(1 - ratio, min=1e-12))

    def loss(self, part: Tensor, rows: Tensor, times: Tensor | None = None) -> Tensor:
        mean = part.float().squeeze(-1)
        error = (mean - self.values[rows[..., self.index]]) ** 2
        return error + _PRESSURE * F.relu(-mean) if self.positive else error

    def fit(self, mean: Tensor, codes: Tensor) -> None:
        """Set the one deviation under which ``codes`` (N,) are likeliest around ``mean`` (N, 1), by some of them."""
        some = slice(None, None, max(len(codes) // _FITTED, 1))
        grid = torch.logspace(-3, 1.5, 91)
        nats = [-_log_prob(self.log_mass(mean[some], sigma), codes[some]).mean() for sigma in grid]
        self.sigma.copy_(grid[int(torch.stack(nats).argmin())])


def _log_normal_cdf(z: Tensor) -> Tensor:
    """log Φ(z) for any z, from the Chebyshev fit of erfc with relative error below 1.2e-7 (Press et al., erfcc).

    Written out because ONNX has no log-CDF and float32's erf loses the tails.
    """
    x = z.abs() / math.sqrt(2)
    t = 1 / (1 + 0.5 * x)
    poly = torch.full_like(t, 0.17087277)
    for c in (
        -0.82215223,
        1.48851587,
        -1.13520398,
        0.27886807,
        -0.18628806,
        0.09678418,
        0.37409196,
        1.00002368,
        -1.26551223,
    ):
        poly = poly * t + c
    log_tail = torch.log(0.5 * t) - x * x + poly
    return torch.where(z > 0, torch.log1p(-torch.exp(log_tail)), log_tail)


_HEADS = {"chained": Chained, "independent": Independent, "gaussian": Gaussian, "marginal": Marginal}
