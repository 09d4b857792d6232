"""A decoder-only Transformer over note rows: one position a note.

RMSNorm, SwiGLU, rotary positions, grouped queries, normalised queries and keys, and chained heads. Each note sees the
``context`` notes before it through a sliding window, in training as in playing, so a piece may go on for ever without a
jump. The softmax has one more term of logit 0 and value 0 (Miller 2023, "Attention is off by one"): a head that has
nothing to say need not lean on the first note, which slides out of the window one day.

Shapes: H query heads in G groups that share a key and a value of size 64, S notes of context, T notes in a window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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
BLOCK = 32  # notes that are collected before they change a cache
_PART = 128  # queries
SHORTEST, LONGEST = 20 / CELL_MS, 4096.0  # a radian of time: from 20 ms to 80 s
Turn = tuple[Tensor, Tensor]  # cosines and sines of positions
Cache = tuple[Tensor, Tensor, Tensor, Tensor]  # a layer's keys and values: of its ring, and of its block


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
        """Each layer's rings and blocks of turned keys and values; (B, 2) notes and cells heard; the past; conditions.

        A ring (B, G, S - 1, 64) has note p of a piece in slot p mod S - 1, until note p + S - 1 takes its place. Notes
        are collected in a block (B, G, N + 1, 64) first, p in slot p mod N, and put into the ring N at a time: a note
        changes a few KB, not the MB of the rings. The last slot of a block stays 0: the softmax's further term.
        """
        shape, layers = (batch, self.config.groups), self.config.layers
        ring = self.norm.weight.new_zeros(*shape, self.config.context - 1, HEAD)
        block = self.norm.weight.new_zeros(*shape, self.block + 1, HEAD)
        rest: State = (self.past.start(batch),) if self.past else ()
        heard = torch.zeros(batch, 2, dtype=torch.long, device=ring.device)
        if self.conditions:
            rest += (torch.full((batch, len(self.wishes)), UNSAID, device=ring.device),)
        return *(ring,) * (2 * layers), *(block,) * (2 * layers), heard, *rest

    @property
    def block(self) -> int:
        """N, the notes of a block."""
        return min(BLOCK, self.config.context - 1)

    @property
    def rings(self) -> Mapping[int, tuple[int, int]]:
        count = 2 * self.config.layers
        return {i: (count + i, 2 * count) for i in range(count)}

    def _sizes(self) -> tuple[int, ...]:
        return self.conditions.sizes if self.conditions else ()

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        features = []
        while rows.shape[1]:
            room = self.block - int((state[4 * self.config.layers][:, 0] % self.block).max())
            now, state = self.hear(rows[:, :room], state)
            features.append(now)
            rows, state = rows[:, room:], self._filed(state)
        return torch.cat(features, 1), state

    def hear(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        layers = 2 * self.config.layers
        rings, blocks, (heard, *rest) = state[:layers], state[layers : 2 * layers], state[2 * layers :]
        past, last = self.past.parallel(rows, rest[0]) if self.past else (None, None)
        conditions = rest[-1] if self.conditions else None
        places = heard[:, None] + self._places(rows)
        turn, sight = spread(self._turn(places), self.config.size // HEAD), self._sight(rows.shape[1], heard[:, 0])
        x, after = self._embedded(rows, past, conditions), []
        for block, *cache in zip(self.blocks, rings[::2], rings[1::2], blocks[::2], blocks[1::2], strict=True):
            x, new = block.hear(x, turn, sight, cache)
            after += new
        unchanged = () if conditions is None else (conditions,)
        now = (*rings, *after, places[:, -1], *(() if last is None else (last,)), *unchanged)
        return self.heads(self.norm(x), past), now

    def _filed(self, state: State) -> State:
        """The state with the notes of full blocks in their rings; what engine/rings.py does in playing."""
        heard, past = state[4 * self.config.layers][:, :1], self.config.context - 1
        full = (heard % self.block == 0)[..., None, None]
        if not full.any():
            return state
        notes = heard - self.block + torch.arange(self.block, device=heard.device)
        slots = torch.remainder(notes, past)[:, None, :, None].expand(-1, self.config.groups, -1, HEAD)
        rings = [
            torch.where(full, state[ring].scatter(2, slots, state[block][:, :, :-1]), state[ring])
            for ring, (block, _) in self.rings.items()
        ]
        return *rings, *state[len(rings) :]

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

    def _sight(self, length: int, heard: Tensor) -> Sight:
        """What each of T = ``length`` notes sees of the rings and blocks, and where it is kept in the latter."""
        past, heard = self.config.context - 1, heard[:, None]
        place = heard + torch.arange(length, device=heard.device)  # (B, T)
        begins = heard - torch.remainder(heard, self.block)
        newest, slot = begins - 1, torch.arange(past, device=heard.device)
        kept = newest - torch.remainder(newest - slot, past)  # (B, S - 1) notes in the slots of a ring
        kept = torch.cat([kept, begins + torch.arange(self.block, device=heard.device)], 1)[:, None]
        seen = (kept >= (place - past).clamp(min=0)[..., None]) & (kept <= place[..., None])
        unseen = torch.zeros(seen.shape, device=heard.device).masked_fill(~seen, -torch.inf)
        slots = torch.remainder(place, self.block)[:, None]
        piece, group = (torch.arange(n, device=heard.device) for n in (heard.shape[0], self.config.groups))
        places = torch.broadcast_tensors(piece[:, None, None], group[:, None], slots)
        return Sight(F.pad(unseen, (0, 1))[:, None, None], places)

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
            x = block(x, turn, mask)
        return self.heads(self.norm(x), past)


class Sight(NamedTuple):
    """How T notes meet a cache."""

    unseen: Tensor  # (B, 1, 1, T, S + N) what is added to logits: -inf for what a note does not see, else 0
    places: tuple[Tensor, ...]  # (B, G, T) each: the pieces, groups and slots of blocks where they are kept


class Norm(nn.Module):
    """RMSNorm (Zhang & Sennrich 2019), written out in the form that ONNX Runtime knows as one operation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return rms(x, self.weight)


def rms(x: Tensor, weight: Tensor) -> Tensor:
    """Numbers divided by the root of their mean square, times a weight."""
    return x / torch.sqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6) * weight


class Block(nn.Module):
    """Attention, then a gated feed-forward layer, each added to what comes in."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention_norm, self.inner_norm = Norm(config.size), Norm(config.size)
        self.attention = Attention(config)
        self.up = nn.Linear(config.size, 2 * config.inner, bias=False)
        self.down = nn.Linear(config.inner, config.size, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, turn: Turn, mask: Tensor | None) -> Tensor:
        return self._gated(x + self.dropout(self.attention(self.attention_norm(x), turn, mask)))

    def hear(self, x: Tensor, turn: Turn, sight: Sight, cache: Cache) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The same of notes after those in a cache, and its block after them."""
        attended, block = self.attention.hear(self.attention_norm(x), turn, sight, cache)
        return self._gated(x + attended), block

    def _gated(self, x: Tensor) -> Tensor:
        gate, value = self.up(self.inner_norm(x)).chunk(2, -1)
        added: Tensor = x + self.dropout(self.down(F.silu(gate) * value))
        return added


class Attention(nn.Module):
    """Grouped-query attention over a sliding window, with or without a cache of the notes before."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.groups = config.size // HEAD, config.groups
        self.qkv = nn.Linear(config.size, (self.heads + 2 * self.groups) * HEAD, bias=False)
        self.query_norm, self.key_norm = Norm(HEAD), Norm(HEAD)
        self.out = nn.Linear(self.heads * HEAD, config.size, bias=False)

    def forward(self, x: Tensor, turn: Turn, mask: Tensor | None) -> Tensor:
        """(B, T, D) → (B, T, D); ``mask`` None stands for causal."""
        query, key, value = self._project(x).split((self.heads, self.groups, self.groups), 1)
        query, key = self.query_norm(query), self.key_norm(key)
        attended = attend(rotate(query, repeated(turn, self.heads)), rotate(key, turn), value, mask)
        return self._merge(attended.transpose(1, 2))

    def hear(self, x: Tensor, turn: Turn, sight: Sight, cache: Cache) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The same of notes after those in a cache, and its block after them.

        A note alone is few numbers and many operations, so these are as few as can be: queries and keys are normalised
        and turned together, and no cache is copied but the block.
        """
        heads, value = self._project(x).split((self.heads + self.groups, self.groups), 1)
        query, key = self._turned(heads, turn).split((self.heads, self.groups), 1)
        keys, values = (part.index_put(sight.places, new) for part, new in zip(cache[2:], (key, value), strict=True))
        query = query.unflatten(1, (self.groups, -1))  # (B, G, H / G, T, 64)
        logits = [query @ part[:, :, None].transpose(-1, -2) for part in (cache[0], keys)]
        weights = torch.softmax(torch.cat(logits, -1) + sight.unseen, -1).split((cache[0].shape[2], keys.shape[2]), -1)
        attended = weights[0] @ cache[1][:, :, None] + weights[1] @ values[:, :, None]
        return self._merge(attended.permute(0, 3, 1, 2, 4)), (keys, values)

    def _turned(self, heads: Tensor, turn: Turn) -> Tensor:
        """Queries, divided by 8, and keys (B, H + G, T, 64), normalised and turned by :func:`spread` angles."""
        queries, keys = self.query_norm.weight * HEAD**-0.5, self.key_norm.weight
        weight = torch.cat([queries.expand(self.heads, 1, -1), keys.expand(self.groups, 1, -1)])
        unit, (cos, sin) = rms(heads, torch.ones(HEAD, device=heads.device)), turn
        return unit * (cos * weight) + swapped(unit) * (sin * swapped(weight))

    def _project(self, x: Tensor) -> Tensor:
        """Queries, keys and values (B, H + 2 G, T, 64)."""
        heads: Tensor = self.qkv(x).unflatten(-1, (-1, HEAD)).transpose(1, 2)
        return heads

    def _merge(self, attended: Tensor) -> Tensor:
        """From (B, T, …) of all heads to (B, T, D)."""
        merged: Tensor = self.out(attended.flatten(2))
        return merged


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


def spread(turn: Turn, heads: int) -> Turn:
    """(B, 1 or H + G, T, 64) angles for ``heads`` query heads, then groups: of x, and of x with its halves swapped."""
    pairs = zip(repeated(turn, heads), turn, strict=True)
    cos, sin = (group if group.shape[1] == 1 else torch.cat([query, group], 1) for query, group in pairs)
    return torch.cat([cos, cos], -1), torch.cat([-sin, sin], -1)


def swapped(x: Tensor) -> Tensor:
    """The last dimension's halves, the second first."""
    left, right = x.chunk(2, -1)
    return torch.cat([right, left], -1)


def rotate(x: Tensor, turn: Turn) -> Tensor:
    """(B, H, T, 64) vectors turned by their positions: products of two depend on the distance alone."""
    cos, sin = (t.to(x.dtype) for t in turn)
    left, right = x.chunk(2, -1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)
