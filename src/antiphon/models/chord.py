"""Chords as rows: a recurrent network that hears and writes whole chords.

Each note of a chord is the vector of its pitch and of its duration together, a chord the sum of its notes and of a
linear layer's view of loudness and timing. GRU layers hear the chords, attention looks back at what they heard, and the
heads write the next chord: when, how loud, then a pitch and a duration a note from the highest down, until a head says
that there is none below. Each sees what is already there of the chord; or, to compare, none does.

Shapes: B pieces, T chords, K notes of a chord, A = 2 + 2 K attributes, D width of the network, H of a head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.bins import STEP_BINS
from antiphon.chords import MOST_NOTES, NONE, STOP, ChordCodec
from antiphon.codec import VELOCITY_BINS, NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.base import State, Stepper
from antiphon.models.encoder import Decoder
from antiphon.models.recall import Recall

_NEVER = -1e4  # a logit of what cannot be: finite, so that a chord that no codec makes has a likelihood too
_FIRST = 2  # the attributes before the notes: step and velocity


@dataclass(frozen=True, kw_only=True)
class ChordConfig:
    """What a chord is, and the size of the network."""

    notes: int = 6  # of a chord, at most; of a larger one the highest and the lowest
    beats: bool = False  # chords are what sounds on the beats of scores, not what begins within 50 ms
    size: int = 256  # width of the embeddings and of each layer
    layers: int = 2
    attention: int = 64  # last chords that each prediction looks back to; 0: none
    dropout: float = 0.1  # on the chord's vector and on each layer's output
    heads: Literal["chained", "independent"] = "chained"
    head_size: int = 128  # width of a head's hidden layer

    def __post_init__(self) -> None:
        for name, low in (("notes", 1), ("size", 1), ("layers", 1), ("attention", 0), ("head_size", 1)):
            if getattr(self, name) < low:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least {low}")
        if self.notes > MOST_NOTES:
            raise RecipeError(f"model.notes {self.notes} is out of range: at most {MOST_NOTES}")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"model.dropout {self.dropout} is out of range: at least 0 and below 1")


class Chord(Stepper):
    """See the module's description. It makes its own codec from its configuration."""

    Config = ChordConfig
    cut = "chords"
    codec: ChordCodec
    heads: ChordHeads

    def __init__(self, config: ChordConfig, codec: NoteCodec | ChordCodec) -> None:
        super().__init__()
        if isinstance(codec, NoteCodec) and (codec.ends or codec.programs):
            raise RecipeError("chords have no instruments and no pointers to ends: leave the table codec out")
        self.config, self.codec = config, ChordCodec(config.notes, config.beats)
        self.embed = ChordEmbedding(config.notes, config.size, self.codec.cell_ms)
        self.layers = Decoder(config.size, config.layers, config.dropout)
        self.recall = Recall(config.size, config.attention) if config.attention else None
        self.heads = _HEADS[config.heads](self.codec, config.size, config.head_size)

    def start(self, batch: int) -> State:
        """Zeros (B, D) for each layer, and what is recalled."""
        return *self.layers.start(batch), *(self.recall.start(batch) if self.recall else ())

    def step(self, row: Tensor, state: State) -> tuple[Tensor, State]:
        x, after = self.layers.step(self.embed(row), state[: self.config.layers])
        x, cache = self._recalled(x[:, None], state)
        return self.heads(x[:, 0]), (*after, *cache)

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        x, after = self.layers(self.embed(rows), state[: self.config.layers])
        x, cache = self._recalled(x, state)
        return self.heads(x), (*after, *cache)

    def _recalled(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T, D) states of the top layer with what they recall, and the cache after them."""
        if self.recall is None:
            return x, ()
        keys, values, heard = state[self.config.layers :]
        return self.recall(x, (keys, values, heard))


class ChordEmbedding(nn.Module):
    """A chord as a vector; one more code of each attribute stands for the start."""

    steps: Tensor
    loud: Tensor

    def __init__(self, notes: int, width: int, cell_ms: int) -> None:
        super().__init__()
        self.pitch = nn.Embedding(STOP + 2, width)
        self.duration = nn.Embedding(NONE + 2, width)
        self.numbers = nn.Linear(3, width)
        seconds = torch.from_numpy(STEP_BINS.middle * cell_ms / 1000).float()
        steps = torch.stack([seconds / 10, torch.log1p(10 * seconds)], -1)
        loud = torch.arange(VELOCITY_BINS) / VELOCITY_BINS
        self.register_buffer("steps", F.pad(steps, (0, 0, 0, 1)), persistent=False)
        self.register_buffer("loud", F.pad(loud, (0, 1)), persistent=False)
        for table in (self.pitch, self.duration):
            nn.init.normal_(table.weight, std=0.5)

    def forward(self, rows: Tensor) -> Tensor:
        """(…, A) → (…, D). The note that the start row has in place of each is a vector of its own."""
        pitch, duration = rows[..., _FIRST::2], rows[..., _FIRST + 1 :: 2]
        notes = F.gelu(self.pitch(pitch) + self.duration(duration)) * (pitch != STOP)[..., None]
        numbers = torch.cat([self.steps[rows[..., 0]], self.loud[rows[..., 1]][..., None]], -1)
        return notes.sum(-2) + self.numbers(numbers)


class ChordHeads(nn.Module):
    """One head an attribute, each with a hidden layer over its part of the features."""

    def __init__(self, codec: ChordCodec, width: int, hidden: int) -> None:
        super().__init__()
        sizes = [attribute.size for attribute in codec.attributes]
        self.hidden = hidden
        self.project = nn.Linear(width, hidden * len(sizes))
        self.outs = nn.ModuleList([nn.Linear(hidden, size) for size in sizes])

    def forward(self, hidden: Tensor) -> Tensor:
        """(…, D) hidden vectors → (…, A · H) features: all that the heads need from the network."""
        return self.project(hidden)

    def part(self, index: int, features: Tensor) -> Tensor:
        """(…, H) what a head gets of the features."""
        return features[..., index * self.hidden : (index + 1) * self.hidden]

    def logits(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        """(…, V) log-probabilities, up to a constant, of attribute ``index`` given ``rows[..., :index]``."""
        return self.outs[index](F.gelu(self.part(index, features)))

    def log_prob(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, A) log-probability of each attribute of (…, A) rows."""
        flat, table = features.flatten(0, -2), rows.flatten(0, -2)
        found = [self._log_prob(i, flat, table) for i in range(len(self.outs))]
        return torch.stack(found, -1).view(rows.shape)

    def _log_prob(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        return -F.cross_entropy(self.logits(index, features, rows).float(), rows[:, index], reduction="none")

    def loss(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, A) what training minimises: nats."""
        return -self.log_prob(features, rows)


class ChainedChord(ChordHeads):
    """Each head sees what is there of the chord: all that stands above, and the note just above by itself.

    What the codec does not allow has no probability: pitches fall, and after a stop all is certain.
    """

    def __init__(self, codec: ChordCodec, width: int, hidden: int) -> None:
        super().__init__(codec, width, hidden)
        self.first = nn.ModuleList([nn.Embedding(a.size, hidden) for a in codec.attributes[:_FIRST]])
        self.above = nn.ModuleList([nn.Embedding(size, hidden) for size in (STOP + 1, NONE + 1)])
        self.nearest = nn.ModuleList([nn.Embedding(size, hidden) for size in (STOP + 1, NONE + 1)])
        self.mixes = nn.ModuleList([nn.Linear(hidden, hidden, bias=False) for _ in codec.attributes[1:]])
        for table in (*self.first, *self.above, *self.nearest):
            nn.init.normal_(table.weight, std=0.3)

    def logits(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        part = self.part(index, features)
        if index:
            part = part + self.mixes[index - 1](self._seen(index, rows))
        logits = self.outs[index](F.gelu(part))
        return logits if index < _FIRST else self._possible(index, logits, rows)

    def _seen(self, index: int, rows: Tensor) -> Tensor:
        """(…, H) what is there of the chord before attribute ``index``."""
        seen = sum(table(rows[..., i]) for i, table in enumerate(self.first[:index]))
        notes = (index - _FIRST) // 2
        for i in range(notes):
            place = _FIRST + 2 * i
            for table, code in zip(self.above, (rows[..., place], rows[..., place + 1]), strict=True):
                seen = seen + table(code)
        recent = [(i % 2, rows[..., i]) for i in (index - 1, index - 2) if i >= _FIRST]
        return seen + sum(self.nearest[kind](code) for kind, code in recent)

    def _possible(self, index: int, logits: Tensor, rows: Tensor) -> Tensor:
        """The logits of a note's pitch or duration, those of codes that cannot be lowered."""
        code = torch.arange(logits.shape[-1], device=logits.device)
        if index % 2:
            there = rows[..., index - 1 : index] < STOP
            return torch.where(there == (code < NONE), logits, _NEVER)
        if index == _FIRST:
            return torch.where(code < STOP, logits, _NEVER)
        above = rows[..., index - 2 : index - 1]
        return torch.where((code == STOP) | ((code < above) & (above < STOP)), logits, _NEVER)

    def _log_prob(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        """Only of what is not certain: most chords have few notes."""
        if index <= _FIRST:
            return super()._log_prob(index, features, rows)
        over = rows[:, index - 1] == STOP if index % 2 else rows[:, index - 2] == STOP
        certain = over & (rows[:, index] == (NONE if index % 2 else STOP))
        open_ = (~certain).nonzero()[:, 0]
        found = super()._log_prob(index, features[open_], rows[open_])
        return torch.zeros(len(rows), dtype=found.dtype, device=rows.device).index_put((open_,), found)


_HEADS = {"chained": ChainedChord, "independent": ChordHeads}
