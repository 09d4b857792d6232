"""Masked diffusion over note rows: a bidirectional Transformer that fills any attributes that are masked.

Of a window of notes any attributes may be masked; for each the model says what it could be, given all that is not.
Music is written by unmasking a few at a time, in any order. That is absorbing-state discrete diffusion (Austin et al.
2021, Sahoo et al. 2024), trained as an autoregressive model of any order (Hoogeboom et al. 2022): of M attributes k are
masked, k drawn evenly from 1 to M, and the nats of those k times M / k are in the mean a bound on the nats of all M.

A passage between notes that stay has a time that it must fill. Where that is known, the steps that are masked are told
what is left of it for them all, see :mod:`antiphon.gaps`. Shapes: B windows, T rows, A attributes, D the width of a
vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.bins import LIMIT_CELLS, STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.gaps import HINTS, MOST_STEPS, SIZES
from antiphon.models.base import Batch, Filler
from antiphon.models.transformer import HEAD, Norm, Turn, angles, rotate

_NEVER = -1e4  # a logit
_SPREAD = 0.06  # of the weights between hidden layers at first; with 0.02 less was learned in the first 160 steps


@dataclass(frozen=True, kw_only=True)
class DiffusionConfig:
    """The size of the Transformer, and what is masked in training."""

    size: int = 192  # a multiple of 64; a head for every 64
    layers: int = 4
    inner: int = 256  # width of the gated feed-forward layers
    window: int = 128  # rows that it looks at, at most
    dropout: float = 0.0
    whole: float = 0.4  # share of the training windows in which everything may be masked …
    ending: float = 0.25  # … only a last part of random length; in the others, a part in the middle
    told: float = 0.8  # of those in the middle, the share that is told what time it has to fill
    some: float = 0.3  # share of the windows in which only some attributes may be masked, those drawn by lot
    kept: float = 0.2  # share in which some notes stay, but for when they begin

    def __post_init__(self) -> None:
        if self.size < HEAD or self.size % HEAD:
            raise RecipeError(f"model.size {self.size} is out of range: a multiple of {HEAD}")
        for name, least in (("layers", 1), ("inner", 1), ("window", 8)):
            if getattr(self, name) < least:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least {least}")
        for name in ("whole", "ending", "told", "some", "kept"):
            if not 0 <= getattr(self, name) <= 1:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: 0 to 1")
        if self.whole + self.ending > 1:
            raise RecipeError("model.whole and model.ending are shares of the same windows: together at most 1")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"model.dropout {self.dropout} is out of range: at least 0 and below 1")


class Masking(NamedTuple):
    """What of a batch is masked."""

    masked: Tensor  # (B, T, A) bool
    hints: Tensor  # (B, T, HINTS)
    open: Tensor  # (B,) M, how many attributes might have been masked


class Block(nn.Module):
    """Attention to all rows on both sides, then a gated feed-forward layer, each added to what comes in.

    Written out: of windows of 128 rows on a CPU, torch's fused attention takes a seventh longer to learn from.
    """

    def __init__(self, config: DiffusionConfig) -> None:
        super().__init__()
        size = config.size
        self.attention_norm, self.inner_norm = Norm(size), Norm(size)
        self.query_norm, self.key_norm = Norm(HEAD), Norm(HEAD)
        self.qkv, self.out = nn.Linear(size, 3 * size, bias=False), nn.Linear(size, size, bias=False)
        self.up, self.down = nn.Linear(size, 2 * config.inner, bias=False), nn.Linear(config.inner, size, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, turn: Turn, there: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D); ``there`` (B, T) bool says which rows are no padding."""
        query, key, value = self.qkv(self.attention_norm(x)).unflatten(-1, (3, -1, HEAD)).permute(2, 0, 3, 1, 4)
        query, key = rotate(self.query_norm(query), turn), rotate(self.key_norm(key), turn)
        scores = (query @ key.transpose(-1, -2) * HEAD**-0.5).float()
        weights = torch.softmax(scores.masked_fill(~there[:, None, None], _NEVER), -1).to(value.dtype)
        x = x + self.dropout(self.out((weights @ value).transpose(1, 2).flatten(2)))
        gate, inner = self.up(self.inner_norm(x)).chunk(2, -1)
        return x + self.dropout(self.down(F.silu(gate) * inner))


class Outputs(nn.Module):
    """A linear layer for each attribute: what stands beside a masked one is known of its row already."""

    def __init__(self, width: int, sizes: Sequence[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList([nn.Linear(width, size) for size in sizes])


class Diffusion(Filler):
    """See the module's description."""

    Config = DiffusionConfig
    codec: NoteCodec
    heads: Outputs  # none that chain
    mask_row: Tensor
    middle: Tensor
    codes: Tensor

    def __init__(self, config: DiffusionConfig, codec: NoteCodec) -> None:
        super().__init__()
        if codec.ends:
            raise RecipeError(
                "codec.ends does not go with the family diffusion: a note that is masked ends nowhere that another "
                "could point to; set it to 0"
            )
        self.config, self.codec, size = config, codec, config.size
        self.fills = config.window
        self.sizes = [a.size for a in codec.attributes]
        self.tables = nn.ModuleList([nn.Embedding(n + 2, size) for n in self.sizes])  # two more: masked, and padding
        self.hints = nn.ModuleList([nn.Embedding(n, size) for n in SIZES])
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.layers)])
        self.norm, self.dropout = Norm(size), nn.Dropout(config.dropout)
        self.heads = Outputs(size, self.sizes)
        self.register_buffer("mask_row", torch.tensor(self.sizes), persistent=False)
        self.register_buffer("middle", torch.from_numpy(STEP_BINS.middle), persistent=False)
        cells = torch.from_numpy(STEP_BINS.index(torch.arange(LIMIT_CELLS + 1).numpy()))
        self.register_buffer("codes", cells.long(), persistent=False)
        for table in (*self.tables, *self.hints):
            nn.init.normal_(table.weight, std=0.5)
        for parameter in self.blocks.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=_SPREAD)

    def fill(self, rows: Tensor, hints: Tensor) -> tuple[Tensor, ...]:
        vectors = self.vectors(rows, hints)
        return tuple(head(vectors) for head in self.heads.heads)

    def vectors(self, rows: Tensor, hints: Tensor) -> Tensor:
        """(B, T, D) what is known of each row from all the others."""
        x = sum(table(rows[..., i]) for i, table in enumerate(self.tables))
        x = self.dropout(x + sum(table(hints[..., i]) for i, table in enumerate(self.hints)))
        there = rows[..., 0] <= self.sizes[0]
        turn = angles(torch.arange(rows.shape[1], device=rows.device)[None], 1.0, 1e4)
        for block in self.blocks:
            x = block(x, turn, there)
        return self.norm(x)

    def loss(self, batch: Batch) -> Tensor:
        """The mean over windows of the bound in nats a note, each window counting as much as may be masked of it."""
        masking = self._drawn(batch)
        nats = -self._log_prob(batch, masking).sum((1, 2))
        masked = masking.masked.sum((1, 2)).clamp(min=1)
        return (nats * masking.open / masked).sum() * len(self.sizes) / masking.open.sum().clamp(min=1)

    def log_prob(self, batch: Batch) -> Tensor:
        """(B, T, A) an estimate whose mean, over what is masked by lot, is a bound on the log-probability of windows.

        What is not masked has 0. The lots are always the same for the same batch.
        """
        rng = torch.Generator().manual_seed(int(batch.targets.sum()))
        lots = torch.rand(batch.targets.shape, generator=rng).to(batch.targets.device)
        size, there = len(batch.targets), batch.weight > 0
        may = there[..., None].expand_as(batch.targets)
        share = (torch.randperm(size, generator=rng) + torch.rand(size, generator=rng)) / size
        masking = Masking(some_of(may, lots, share.to(lots.device)), self._untold(batch), may.sum((1, 2)))
        weight = masking.open / masking.masked.sum((1, 2)).clamp(min=1)
        return self._log_prob(batch, masking) * weight[:, None, None]

    def _log_prob(self, batch: Batch, masking: Masking) -> Tensor:
        """(B, T, A) log-probability of each masked attribute, 0 for the others."""
        pad = self.mask_row + 1
        rows = torch.where(masking.masked, self.mask_row, batch.targets)
        rows = torch.where((batch.weight > 0)[..., None], rows, pad)
        vectors = self.vectors(rows, masking.hints)
        found = []
        for i, head in enumerate(self.heads.heads):
            where = masking.masked[..., i]
            nats = F.cross_entropy(head(vectors[where]).float(), batch.targets[..., i][where], reduction="none")
            found.append(torch.zeros(where.shape, device=nats.device).masked_scatter(where, -nats))
        return torch.stack(found, -1)

    def _untold(self, batch: Batch) -> Tensor:
        return batch.targets.new_zeros(*batch.weight.shape, HINTS)

    def _drawn(self, batch: Batch) -> Masking:
        """What training masks: of all of a window, its last part or its middle, in each of all or some attributes."""
        config, device = self.config, batch.targets.device
        size, length = batch.weight.shape
        rand = torch.rand(8, size, device=device)
        count, place = batch.weight.sum(1), torch.arange(length, device=device)
        low, high = torch.minimum(rand[0], rand[1]), torch.maximum(rand[0], rand[1])
        whole, middle = rand[2] < config.whole, rand[2] >= config.whole + config.ending
        first = torch.where(whole, 0, (low * count).long())
        last = torch.where(middle, (high * count).long(), count.long())
        last = torch.minimum(torch.maximum(last, first + 1), count.long())
        inside = (place >= first[:, None]) & (place < last[:, None])
        may = inside[..., None].repeat(1, 1, len(self.sizes))
        step = self.codec.column["step"]
        kept = (rand[3] < config.kept)[:, None] & (torch.rand(size, length, device=device) < rand[4][:, None])
        others = torch.arange(len(self.sizes), device=device) != step
        may &= ~(kept[..., None] & others)
        lot = torch.rand(size, len(self.sizes), device=device)
        some = (lot < 0.5) | (lot == lot.max(1, keepdim=True).values)
        may &= (some | (rand[5] >= config.some)[:, None])[:, None]
        may = torch.where(may.any(2).any(1)[:, None, None], may, inside[..., None])
        seam = middle[:, None] & (place == last[:, None]) & (batch.weight > 0) & may[..., step].any(1)[:, None]
        may[..., step] |= seam  # when the passage ends is known, not how long after its last note that is
        masked = some_of(may, torch.rand(may.shape, device=device), rand[6])
        told = middle & (rand[7] < config.told) & (last < count)
        return Masking(masked, self._told(batch.targets, masked[..., step] & told[:, None]), may.sum((1, 2)))

    def _told(self, rows: Tensor, steps: Tensor) -> Tensor:
        """(B, T, HINTS) what masked steps (B, T) are told of the time that they have together."""
        cells = self.middle[rows[..., self.codec.column["step"]]] * steps
        left, count = cells.sum(1), steps.sum(1)
        each = left // count.clamp(min=1)
        hints = torch.stack([1 + self._code(left), count.clamp(max=MOST_STEPS), 1 + self._code(each)], -1)
        return hints[:, None] * steps[..., None]

    def _code(self, cells: Tensor) -> Tensor:
        return self.codes[cells.clamp(max=LIMIT_CELLS)]


def some_of(may: Tensor, lots: Tensor, share: Tensor) -> Tensor:
    """(B, T, A) bool: of what may be masked, in each window the k with the smallest of (B, T, A) lots.

    k is from 1 to all of them, evenly by (B,) ``share`` in [0, 1).
    """
    flat, count = may.flatten(1), may.flatten(1).sum(1)
    chosen = 1 + (share * count).long()
    rank = torch.where(flat, lots.flatten(1), 2.0).argsort(1).argsort(1)
    return ((rank < chosen[:, None]) & flat).view(may.shape)
