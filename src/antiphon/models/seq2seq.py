"""A call and its answer: a bidirectional encoder of one phrase, an attending decoder of the next.

Sequence to sequence (Sutskever et al. 2014) with attention (Bahdanau et al. 2015, in Luong et al.'s form of the same
year). The encoder hears the call as a whole, and what it made of it is the state in which the answer begins: to whoever
plays the model it is one like any other, only that pieces begin with a call. Where an answer is to sound together with
its call, as the lower voices of a chorale with the soprano, the decoder's clock and the call's are the same.

Attention sees what the notes of the call are and how far from the clock they stand; it may also look at nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.bins import STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError, unknown
from antiphon.models.base import Batch, Listener, State
from antiphon.models.embedding import Embedding
from antiphon.models.encoder import Decoder, Encoder
from antiphon.models.heads import Heads, Kind
from antiphon.models.past import Past

ANSWERS = ("after", "together")
# Cells between the clock and a note of the call that are told apart: finely where a sixteenth is 100 ms.
_NEAR = (1, 5, 15, 25, 35, 45, 65, 85, 125, 165, 325, 645, 1285)
_EDGES = tuple(1 - edge for edge in reversed(_NEAR)) + _NEAR


@dataclass(frozen=True, kw_only=True)
class Seq2SeqConfig:
    """The sizes of encoder and decoder, and when the answer sounds."""

    answer: Literal["after", "together"] = "after"  # the phrase that follows, or what sounds at the same time
    call: int = 48  # notes of the call that are heard, at most
    size: int = 256  # width of the embeddings and of each layer
    layers: int = 2  # of the decoder
    encoder_layers: int = 1
    attention: int = 4  # heads
    dropout: float = 0.1  # on the embeddings and on each layer's output
    heads: Kind = "chained"
    head_size: int = 192  # width of a chained head's hidden layer

    def __post_init__(self) -> None:
        if self.answer not in ANSWERS:
            raise RecipeError(unknown("value of model.answer", self.answer, ANSWERS))
        for name in ("call", "size", "layers", "encoder_layers", "attention", "head_size"):
            if getattr(self, name) < 1:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least 1")
        if self.size % (2 * self.attention):
            raise RecipeError(
                f"model.size {self.size} cannot be shared out over two directions and {self.attention} heads of "
                "attention: make it a multiple of twice model.attention"
            )
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"model.dropout {self.dropout} is out of range: at least 0 and below 1")


class Seq2Seq(Listener):
    """See the module's description."""

    Config = Seq2SeqConfig
    codec: NoteCodec
    heads: Heads

    def __init__(self, config: Seq2SeqConfig, codec: NoteCodec) -> None:
        super().__init__()
        self.config, self.codec, size = config, codec, config.size
        self.cut, self.encodes = {"after": "phrases", "together": "parts"}[config.answer], config.call
        self.past = Past(codec) if codec.ends else None
        self.encoder = Encoder(codec, size, config.encoder_layers, config.dropout)
        self.bridge = nn.Linear(size, size * config.layers)
        self.keys, self.values = nn.Linear(size, size, bias=False), nn.Linear(size, size, bias=False)
        self.embed = Embedding(codec, size, self.past)
        self.decoder = Decoder(size, config.layers, config.dropout)
        self.attention = Attention(size, config.attention)
        self.heads = Heads(codec, size, config.head_size, config.heads, past=self.past)
        self.clock = Clock(codec, skips_first=config.answer == "after")

    def start(self, batch: int) -> State:
        """The state without a call.

        What each layer remembers (B, D), the past (B, 2 K); of the call keys and values (B, S, D) and onsets (B, S) in
        cells, -1 where no note is; the answer's clock (B, 1), -1 before its first note.
        """
        layers = self.decoder.start(batch)
        empty = layers[0].new_zeros(batch, self.config.call, self.config.size)
        onsets = torch.full((batch, self.config.call), -1, device=empty.device)
        return *layers, *self._no_past(batch), empty, empty, onsets, onsets[:, :1]

    def _no_past(self, batch: int) -> State:
        return (self.past.start(batch),) if self.past else ()

    def encode(self, rows: Tensor) -> State:
        heard, whole = self.encoder(rows)
        layers = torch.tanh(self.bridge(whole)).chunk(self.config.layers, -1)
        there = self.encoder.there(rows) > 0
        onsets = torch.where(there, self.clock.steps[rows[..., self.clock.column]].cumsum(1), -1)
        first = torch.where(there[:, :1], onsets[:, :1], 0)  # the call's clock begins with its first note
        onsets = torch.where(there, onsets - first, -1) if self.config.answer == "after" else onsets
        clock = torch.full_like(onsets[:, :1], -1)
        return *layers, *self._no_past(rows.shape[0]), self.keys(heard), self.values(heard), onsets, clock

    def heard(self, batch: Batch) -> Tensor:
        """(B, T, F) features of answers to the batch's calls."""
        state = self.start(len(batch.inputs)) if batch.call is None else self.encode(batch.call)
        return self.parallel(batch.inputs, state)[0]

    def step(self, row: Tensor, state: State) -> tuple[Tensor, State]:
        *before, keys, values, onsets, clock = state
        layers, past, last_past = self._recall(row[:, None], tuple(before))
        x, layers = self.decoder.step(self._embedded(row, past), layers)
        now = self.clock(row[:, None], clock)
        x = self.attention(x[:, None], keys, values, onsets, now)[:, 0]
        return self.heads(x, None if past is None else past[:, 0]), (*layers, *last_past, keys, values, onsets, now)

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        *before, keys, values, onsets, clock = state
        layers, past, last_past = self._recall(rows, tuple(before))
        x = self.embed(rows) if past is None else self.embed(rows, past)
        x, layers = self.decoder(x, layers)
        now = self.clock(rows, clock)
        x = self.attention(x, keys, values, onsets, now)
        return self.heads(x, past), (*layers, *last_past, keys, values, onsets, now[:, -1:])

    def _embedded(self, row: Tensor, past: Tensor | None) -> Tensor:
        return self.embed(row) if past is None else self.embed(row, past[:, 0])

    def _recall(self, rows: Tensor, state: State) -> tuple[State, Tensor | None, State]:
        """The layers' part of a state; the past (B, T, 2 K) after each row and its part of the state, if it is kept."""
        if self.past is None:
            return state, None, ()
        past, last = self.past.parallel(rows, state[-1])
        return state[:-1], past, (last,)


class Clock(nn.Module):
    """Cells since the answer began; ``skips_first``: since its first note, whatever rest came before that."""

    steps: Tensor

    def __init__(self, codec: NoteCodec, *, skips_first: bool) -> None:
        super().__init__()
        self.column, self.skips_first = codec.column["step"], skips_first
        steps = np.pad(STEP_BINS.middle, (0, 1))  # the row before the first takes no time
        self.register_buffer("steps", torch.from_numpy(steps), persistent=False)

    def forward(self, rows: Tensor, before: Tensor) -> Tensor:
        """(B, T, A) rows and the time before them (B, 1): the time (B, T) of each; -1 before the first note."""
        code = rows[..., self.column]
        real = (code != len(self.steps) - 1).long()
        steps = self.steps[code]
        begun = real.cumsum(1) + (before >= 0)  # notes so far, at least
        if self.skips_first:
            steps = torch.where((begun == 1) & (before < 0), 0, steps)
        return torch.where(begun > 0, before.clamp(min=0) + steps.cumsum(1), -1)


class Attention(nn.Module):
    """Several heads over the call, each biased by how far its notes stand from the clock, then a dense layer."""

    edges: Tensor

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.count = heads
        self.query = nn.Linear(size, size, bias=False)
        self.distance = nn.Embedding(len(_EDGES) + 1, heads)
        self.mix = nn.Linear(2 * size, size)
        self.register_buffer("edges", torch.tensor(_EDGES), persistent=False)
        nn.init.zeros_(self.distance.weight)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, onsets: Tensor, now: Tensor) -> Tensor:
        """(B, T, D) vectors at the times ``now`` (B, T) over a call (B, S, D) with ``onsets`` (B, S) → (B, T, D)."""
        query, key, value = (self._split(y) for y in (self.query(x), keys, values))
        away = onsets[:, None] - now.clamp(min=0)[..., None]  # (B, T, S)
        bias = self.distance((away[..., None] >= self.edges).sum(-1)).permute(0, 3, 1, 2)
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + bias
        scores = scores.masked_fill(onsets[:, None, None] < 0, -1e4)
        nothing = torch.zeros_like(scores[..., :1])
        weights = torch.cat([scores, nothing], -1).softmax(-1)[..., :-1]
        found = (weights.to(value.dtype) @ value).transpose(1, 2).flatten(2)
        return x + F.gelu(self.mix(torch.cat([x, found], -1)))

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, D) → (B, H, N, D / H)."""
        return x.unflatten(-1, (self.count, -1)).transpose(1, 2)
