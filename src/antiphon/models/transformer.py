"""A decoder-only Transformer over note rows: one position a note.

RMSNorm, SwiGLU, rotary positions, grouped queries, normalised queries and keys, and chained heads. Each note sees the
``context`` notes before it through a sliding window, in training as in playing, so a piece may go on for ever without a
jump. The softmax has one more term of logit 0 and value 0 (Miller 2023, "Attention is off by one"): a head that has
nothing to say need not lean on the first note, which slides out of the window one day.

Shapes: H query heads in G groups that share a key and a value of size 64, S notes of context, T notes in a window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.codec import NoteCodec
from antiphon.models.base import Model, State
from antiphon.models.embedding import Embedding
from antiphon.models.heads import Heads
from antiphon.models.past import Past

HEAD = 64  # size of a head: what vector units and caches like best
Turn = tuple[Tensor, Tensor]  # cosines and sines of positions


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """The size of a Transformer."""

    size: int = 384  # a multiple of 64; a query head for every 64
    layers: int = 6
    groups: int = 2  # keys and values, each shared by size / 64 / groups query heads
    inner: int = 1024  # width of the gated feed-forward layers
    context: int = 1024  # notes that a note sees, itself among them
    dropout: float = 0.1  # on the embeddings and on what each block adds
    head_size: int = 256  # width of a chained head's hidden layer


class Transformer(Model):
    """See the module's description."""

    Config = TransformerConfig
    chunked = True

    def __init__(self, config: TransformerConfig, codec: NoteCodec) -> None:
        super().__init__()
        self.config, self.codec = config, codec
        self.past = Past(codec) if codec.ends else None
        self.embed = Embedding(codec, config.size, self.past)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.layers)])
        self.norm = Norm(config.size)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = Heads(codec, config.size, config.head_size, past=self.past)
        for name, parameter in self.blocks.named_parameters():
            if parameter.dim() == 2:  # what is added layer after layer starts small
                added = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * config.layers) ** 0.5 if added else 0.02)

    def start(self, batch: int) -> State:
        """Turned keys and values (B, G, S - 1, 64) of each layer, the newest last; notes heard, (B,); the past."""
        shape = (batch, self.config.groups, self.config.context - 1, HEAD)
        empty = self.norm.weight.new_zeros(shape)
        past = (self.past.start(batch),) if self.past else ()
        return *(empty,) * (2 * self.config.layers), torch.zeros(batch, dtype=torch.long, device=empty.device), *past

    def step(self, row: Tensor, state: State) -> tuple[Tensor, State]:
        features, after = self.parallel(row[:, None], state)
        return features[:, 0], after

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        caches, (heard, *before) = state[: 2 * self.config.layers], state[2 * self.config.layers :]
        past, last = self.past.parallel(rows, before[0]) if self.past else (None, None)
        turn = angles(heard[:, None] + torch.arange(rows.shape[1], device=heard.device))
        mask = self._mask(rows.shape[1], heard)
        x, after = self.embed(rows, past), []
        for block, keys, values in zip(self.blocks, caches[::2], caches[1::2], strict=True):
            x, cache = block(x, turn, mask, (keys, values))
            after += cache
        return self.heads(self.norm(x), past), (*after, heard + rows.shape[1], *(() if last is None else (last,)))

    def _mask(self, length: int, heard: Tensor) -> Tensor:
        """(B, T, S - 1 + T) what each of T notes sees of the cache and of each other."""
        past = self.config.context - 1
        slot = torch.arange(past + length, device=heard.device)
        query = slot[past:, None]
        window = (slot <= query) & (slot >= query - past)  # (T, S - 1 + T)
        return window & (slot >= past - heard[:, None, None])

    def features(self, rows: Tensor) -> Tensor:
        """From the start, in training: no cache, and no mask either where the window fits into the context."""
        length, context = rows.shape[1], self.config.context
        position = torch.arange(length, device=rows.device)
        mask = None
        if length > context:
            mask = ((position <= position[:, None]) & (position > position[:, None] - context))[None]
        past = self.past.parallel(rows, self.past.start(len(rows)))[0] if self.past else None
        x, turn = self.dropout(self.embed(rows, past)), angles(position[None])
        for block in self.blocks:
            x, _ = block(x, turn, mask)
        return self.heads(self.norm(x), past)


class Norm(nn.Module):
    """RMSNorm (Zhang & Sennrich 2019), written out because the ONNX exporter does not know torch's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.float().square().mean(-1, keepdim=True) + 1e-6) * self.weight


class Block(nn.Module):
    """Attention, then a gated feed-forward layer, each added to what comes in."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention_norm, self.inner_norm = Norm(config.size), Norm(config.size)
        self.attention = Attention(config)
        self.up = nn.Linear(config.size, 2 * config.inner, bias=False)
        self.down = nn.Linear(config.inner, config.size, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x: Tensor, turn: Turn, mask: Tensor | None, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        attended, past = self.attention(self.attention_norm(x), turn, mask, past)
        x = x + self.dropout(attended)
        gate, value = self.up(self.inner_norm(x)).chunk(2, -1)
        return x + self.dropout(self.down(F.silu(gate) * value)), past


class Attention(nn.Module):
    """Grouped-query attention over a sliding window, with or without a cache of the notes before."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.groups = config.size // HEAD, config.groups
        self.past = config.context - 1
        self.qkv = nn.Linear(config.size, (self.heads + 2 * self.groups) * HEAD, bias=False)
        self.query_norm, self.key_norm = Norm(HEAD), Norm(HEAD)
        self.out = nn.Linear(self.heads * HEAD, config.size, bias=False)

    def forward(
        self, x: Tensor, turn: Turn, mask: Tensor | None, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, T, D) → (B, T, D) and the cache after it; ``mask`` None stands for causal."""
        query, key, value = self._project(x)
        query, key = rotate(query, turn), rotate(key, turn)
        if past is None:
            return self._merge(attend(query, key, value, mask)), ()
        key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        attended = attend_plainly(query, key, value, mask)
        return self._merge(attended), (key[:, :, -self.past :], value[:, :, -self.past :])

    def _merge(self, attended: Tensor) -> Tensor:
        return self.out(attended.transpose(1, 2).flatten(2))

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, H, T, 64), keys and values (B, G, T, 64)."""
        heads = self.qkv(x).unflatten(-1, (-1, HEAD)).transpose(1, 2)
        query, key, value = heads.split((self.heads, self.groups, self.groups), 1)
        return self.query_norm(query), self.key_norm(key), value


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """(B, H, T, 64) softmax attention with one more logit of 0 and value of 0; ``mask`` None stands for causal."""
    repeat = query.shape[1] // key.shape[1]
    key, value = (F.pad(x, (0, 0, 1, 0)).repeat_interleave(repeat, 1) for x in (key, value))
    if mask is None:  # a query in front too, so that causal attention is square
        return F.scaled_dot_product_attention(F.pad(query, (0, 0, 1, 0)), key, value, is_causal=True)[:, :, 1:]
    return F.scaled_dot_product_attention(query, key, value, F.pad(mask[:, None], (1, 0), value=True))


def attend_plainly(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """The same as :func:`attend` in few operators and without copying keys: for one note at a time over a cache."""
    groups, length = key.shape[1], query.shape[2]
    grouped = query.unflatten(1, (groups, -1)).flatten(2, 3)  # (B, G, H/G · T, 64)
    logits = (grouped @ key.transpose(-1, -2)) * HEAD**-0.5
    logits = logits.unflatten(2, (-1, length)).masked_fill(~mask[:, None, None], -torch.inf)
    weights = torch.softmax(F.pad(logits, (0, 1)), -1)[..., :-1].flatten(2, 3)
    return (weights @ value).unflatten(2, (-1, length)).flatten(1, 2)


def angles(position: Tensor) -> Turn:
    """Cosines and sines (B, 1, T, 32) of rotary positions (Su et al. 2021); ``position`` (B, T) may grow for days."""
    frequency = 10_000 ** (-torch.arange(HEAD // 2, device=position.device, dtype=torch.float64) / (HEAD // 2))
    angle = torch.fmod(position[:, None, :, None].double() * frequency, 2 * math.pi).float()
    return angle.cos(), angle.sin()


def rotate(x: Tensor, turn: Turn) -> Tensor:
    """(B, H, T, 64) vectors turned by their positions: products of two depend on the distance alone."""
    cos, sin = (t.to(x.dtype) for t in turn)
    left, right = x.chunk(2, -1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)
