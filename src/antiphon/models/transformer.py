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
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.conditions import UNSAID, Conditions
from antiphon.errors import RecipeError
from antiphon.models.base import Batch, State, Stepper
from antiphon.models.embedding import Embedding
from antiphon.models.heads import Heads
from antiphon.models.past import Past

HEAD = 64  # size of a head: what vector units and caches like best
_PART = 128  # queries
SHORTEST, LONGEST = 20 / CELL_MS, 4096.0  # a radian of time: from 20 ms to 80 s
Turn = tuple[Tensor, Tensor]  # cosines and sines of positions
Cache = tuple[Tensor, Tensor, Tensor]  # a layer's keys and values, and the slots that new ones take


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
    seconds: bool = False  # half of the key groups tell positions by time, the others by counting notes
    conditions: bool = False  # whether it may be told a composer, a density, dynamics and a register
    composers: tuple[str, ...] = ()  # that it may be told, as the corpus names them

    def __post_init__(self) -> None:
        heads = self.size // HEAD
        for good, key, rule in (
            (self.size >= HEAD and self.size % HEAD == 0, "size", f"a multiple of {HEAD}"),
            (self.layers >= 1, "layers", "at least 1"),
            (
                self.groups >= 1 and heads % self.groups == 0,
                "groups",
                f"a divisor of the {heads} heads (size / {HEAD})",
            ),
            (self.inner >= 1, "inner", "at least 1"),
            (self.context >= 2, "context", "at least 2 notes"),
            (0 <= self.dropout < 1, "dropout", "at least 0 and below 1"),
            (self.head_size >= 1, "head_size", "at least 1"),
            (not self.seconds or self.groups % 2 == 0, "seconds", "false, or model.groups even"),
            (self.conditions or not self.composers, "composers", "empty without model.conditions"),
        ):
            if not good:
                raise RecipeError(f"model.{key} {getattr(self, key)} is out of range: it must be {rule}")


class Transformer(Stepper):
    """See the module's description."""

    Config = TransformerConfig
    chunked = True
    codec: NoteCodec
    heads: Heads
    cells: Tensor

    def __init__(self, config: TransformerConfig, codec: NoteCodec) -> None:
        super().__init__()
        self.config, self.codec = config, codec
        self.past = Past(codec) if codec.ends else None
        self.embed = Embedding(codec, config.size, self.past)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.layers)])
        self.conditions = Conditions(tuple(config.composers)) if config.conditions else None
        self.wishes = nn.ModuleList(nn.Embedding(size, config.size) for size in self._sizes())
        for table in self.wishes:
            nn.init.zeros_(table.weight)
        self.norm = Norm(config.size)
        cells = F.pad(torch.from_numpy(STEP_BINS.middle), (0, 1))  # the row before the first takes no time
        self.register_buffer("cells", cells, persistent=False)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = Heads(codec, config.size, config.head_size, past=self.past)
        for name, parameter in self.blocks.named_parameters():
            if parameter.dim() == 2:  # what is added layer after layer starts small
                added = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * config.layers) ** 0.5 if added else 0.02)

    def start(self, batch: int) -> State:
        """Turned keys and values (B, G, S - 1, 64) of each layer; (B, 2) notes and cells heard; the past; conditions.

        A cache is a ring: note p of a piece is in slot p mod S - 1, until note p + S - 1 takes its place.
        """
        shape = (batch, self.config.groups, self.config.context - 1, HEAD)
        empty = self.norm.weight.new_zeros(shape)
        rest: State = (self.past.start(batch),) if self.past else ()
        heard = torch.zeros(batch, 2, dtype=torch.long, device=empty.device)
        if self.conditions:
            rest += (torch.full((batch, len(self.wishes)), UNSAID, device=empty.device),)
        return *(empty,) * (2 * self.config.layers), heard, *rest

    def _sizes(self) -> tuple[int, ...]:
        return self.conditions.sizes if self.conditions else ()

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        caches, (heard, *rest) = state[: 2 * self.config.layers], state[2 * self.config.layers :]
        past, last = self.past.parallel(rows, rest[0]) if self.past else (None, None)
        conditions = rest[-1] if self.conditions else None
        places = heard[:, None] + self._places(rows)
        turn = self._turn(places)
        ring = self._ring(rows.shape[1], heard[:, 0])
        x, after = self._embedded(rows, past, conditions), []
        for block, keys, values in zip(self.blocks, caches[::2], caches[1::2], strict=True):
            x, cache = block(x, turn, ring.seen, (keys, values, ring.slots))
            after += cache
        unchanged = () if conditions is None else (conditions,)
        return self.heads(self.norm(x), past), (*after, places[:, -1], *(() if last is None else (last,)), *unchanged)

    def _embedded(self, rows: Tensor, past: Tensor | None, conditions: Tensor | None) -> Tensor:
        """(B, T, D) rows, what is counted of their past, and what the model is told of them all."""
        x = self.embed(rows, past)
        if conditions is None:
            return x
        return x + sum(table(conditions[:, i]) for i, table in enumerate(self.wishes))[:, None]

    def _places(self, rows: Tensor) -> Tensor:
        """(B, T, 2) where each row stands after the last heard: in notes, and in cells of time."""
        step = self.cells[rows[..., self.codec.column["step"]]].cumsum(1)
        return torch.stack([torch.ones_like(step).cumsum(1), step], -1)

    def _turn(self, places: Tensor) -> Turn:
        """Angles (B, 1 or G, T, 32) for each group of heads: by notes, or half of them by time."""
        notes = angles(places[..., 0], 1.0, 1e4)
        if not self.config.seconds:
            return notes
        time, half = angles(places[..., 1], SHORTEST, LONGEST), self.config.groups // 2
        cos, sin = (torch.cat([x.expand(-1, half, -1, -1) for x in pair], 1) for pair in zip(notes, time, strict=True))
        return cos, sin

    def _ring(self, length: int, heard: Tensor) -> Ring:
        """What each of T = ``length`` notes sees of the caches and of each other, and where they are kept."""
        past = self.config.context - 1
        slot, new = torch.arange(past, device=heard.device), torch.arange(length, device=heard.device)
        newest = heard[:, None] - 1
        kept = newest - torch.remainder(newest - slot, past)  # (B, S - 1) position of the note in each slot
        place = heard[:, None] + new  # (B, T)
        cached = (kept >= 0)[:, None] & (kept[:, None] >= place[..., None] - past)
        among = (new <= new[:, None]) & (new >= new[:, None] - past)
        seen = torch.cat([cached, among.expand(heard.shape[0], -1, -1)], 2)
        return Ring(seen, torch.remainder(place[:, -past:], past))

    def heard(self, batch: Batch) -> Tensor:
        return self._whole(batch.inputs, batch.conditions)

    def features(self, rows: Tensor) -> Tensor:
        return self._whole(rows, None)

    def _whole(self, rows: Tensor, conditions: Tensor | None) -> Tensor:
        """From the start, in training: no cache, and no mask either where the window fits into the context."""
        if self.conditions is None:
            conditions = None
        elif conditions is None:
            conditions = rows.new_full((len(rows), len(self.wishes)), UNSAID)
        length, context = rows.shape[1], self.config.context
        position = torch.arange(length, device=rows.device)
        mask = None
        if length > context:
            mask = ((position <= position[:, None]) & (position > position[:, None] - context))[None]
        past = self.past.parallel(rows, self.past.start(len(rows)))[0] if self.past else None
        x, turn = self.dropout(self._embedded(rows, past, conditions)), self._turn(self._places(rows))
        for block in self.blocks:
            x, _ = block(x, turn, mask)
        return self.heads(self.norm(x), past)


class Ring(NamedTuple):
    """How T notes meet a cache."""

    seen: Tensor  # (B, T, S - 1 + T) bool: what each sees of the cache and of the T
    slots: Tensor  # (B, T or S - 1 at most) the slots that the newest of them take


class Norm(nn.Module):
    """RMSNorm (Zhang & Sennrich 2019), written out in the form that ONNX Runtime knows as one operation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x / torch.sqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


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
        self, x: Tensor, turn: Turn, mask: Tensor | None, past: Cache | None = None
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
        self.qkv = nn.Linear(config.size, (self.heads + 2 * self.groups) * HEAD, bias=False)
        self.query_norm, self.key_norm = Norm(HEAD), Norm(HEAD)
        self.out = nn.Linear(self.heads * HEAD, config.size, bias=False)

    def forward(
        self, x: Tensor, turn: Turn, mask: Tensor | None, past: Cache | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, T, D) → (B, T, D) and the cache after it; ``mask`` None stands for causal."""
        query, key, value = self._project(x)
        query, key = rotate(query, repeated(turn, self.heads)), rotate(key, turn)
        if past is None:
            return self._merge(attend(query, key, value, mask)), ()
        keys, values, slots = past
        assert mask is not None
        attended = attend_cached(query, (keys, key), (values, value), mask)
        return self._merge(attended), (_kept(keys, key, slots), _kept(values, value, slots))

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
    if mask is None and query.device.type == "cpu":
        return _attend_in_parts(query, *(x.repeat_interleave(repeat, 1) for x in (key, value)))
    key, value = (F.pad(x, (0, 0, 1, 0)).repeat_interleave(repeat, 1) for x in (key, value))
    if mask is None:  # a query in front too, so that causal attention is square
        return F.scaled_dot_product_attention(F.pad(query, (0, 0, 1, 0)), key, value, is_causal=True)[:, :, 1:]
    return F.scaled_dot_product_attention(query, key, value, F.pad(mask[:, None], (1, 0), value=True))


def _attend_in_parts(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention of :func:`attend`, some queries at a time over what they see: on processors twice as fast."""
    attended = []
    for first in range(0, query.shape[2], _PART):
        last = min(first + _PART, query.shape[2])
        logits = (query[:, :, first:last] * HEAD**-0.5) @ key[:, :, :last].transpose(-1, -2)
        future = torch.full((last - first, last), -torch.inf, dtype=logits.dtype).triu(first + 1)
        weights = torch.softmax(F.pad(logits + future, (0, 1)), -1)[..., :-1]
        attended.append(weights.to(value.dtype) @ value[:, :, :last])
    return torch.cat(attended, 2)


def attend_cached(query: Tensor, keys: tuple[Tensor, Tensor], values: tuple[Tensor, Tensor], seen: Tensor) -> Tensor:
    """The same as :func:`attend` over cached and new keys without joining them: no cache is copied."""
    groups, length = keys[0].shape[1], query.shape[2]
    grouped = query.unflatten(1, (groups, -1)).flatten(2, 3) * HEAD**-0.5  # (B, G, H/G · T, 64)
    logits = torch.cat([grouped @ key.transpose(-1, -2) for key in keys], -1)
    logits = logits.unflatten(2, (-1, length)).masked_fill(~seen[:, None, None], -torch.inf)
    weights = torch.softmax(F.pad(logits, (0, 1)), -1).flatten(2, 3)
    cached = keys[0].shape[2]
    attended = weights[..., :cached] @ values[0] + weights[..., cached:-1] @ values[1]
    return attended.unflatten(2, (-1, length)).flatten(1, 2)


def _kept(cache: Tensor, new: Tensor, slots: Tensor) -> Tensor:
    """A copy of (B, G, S - 1, 64) keys or values with the newest of ``new`` (B, G, T, 64) in their slots."""
    new = new[:, :, -cache.shape[2] :]
    return cache.scatter(2, slots[:, None, :, None].expand(-1, cache.shape[1], -1, HEAD), new)


def angles(position: Tensor, shortest: float, growth: float) -> Turn:
    """Cosines and sines (B, 1, T, 32) of rotary positions (Su et al. 2021); ``position`` (B, T) may grow for days.

    A radian is ``shortest`` positions long in the fastest pair of numbers, ``growth`` times as many beyond the slowest.
    """
    radian = shortest * growth ** (torch.arange(HEAD // 2, device=position.device, dtype=torch.float64) / (HEAD // 2))
    angle = torch.fmod(position[:, None, :, None].double() / radian, 2 * math.pi).float()
    return angle.cos(), angle.sin()


def repeated(turn: Turn, heads: int) -> Turn:
    """Angles of groups for the ``heads`` that share them."""
    cos, sin = turn
    return (
        turn
        if cos.shape[1] == 1
        else (cos.repeat_interleave(heads // cos.shape[1], 1), sin.repeat_interleave(heads // sin.shape[1], 1))
    )


def rotate(x: Tensor, turn: Turn) -> Tensor:
    """(B, H, T, 64) vectors turned by their positions: products of two depend on the distance alone."""
    cos, sin = (t.to(x.dtype) for t in turn)
    left, right = x.chunk(2, -1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)
