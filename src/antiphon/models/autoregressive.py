"""A feed-forward network over the last notes: the neural n-gram (Bengio et al. 2003).

The last ``context`` notes are embedded, laid side by side in order, and read by a stack of dense layers. What came
before them does not exist for the model: the simplest network that hears music at all, and what a memory must beat.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.base import State, Stepper
from antiphon.models.embedding import Embedding
from antiphon.models.heads import Heads, Kind
from antiphon.models.past import Past


@dataclass(frozen=True, kw_only=True)
class AutoregressiveConfig:
    """The size and reach of the network."""

    context: int = 16  # notes that a prediction sees
    embedding: int = 64  # width of a note's vector
    size: int = 512  # width of each layer
    layers: int = 2
    dropout: float = 0.1  # on what each layer adds
    heads: Kind = "chained"
    head_size: int = 256  # width of a chained head's hidden layer

    def __post_init__(self) -> None:
        for name in ("context", "embedding", "size", "layers", "head_size"):
            if getattr(self, name) < 1:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least 1")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"model.dropout {self.dropout} is out of range: at least 0 and below 1")


class Autoregressive(Stepper):
    """See the module's description."""

    Config = AutoregressiveConfig
    chunked = True
    codec: NoteCodec
    heads: Heads

    def __init__(self, config: AutoregressiveConfig, codec: NoteCodec) -> None:
        super().__init__()
        self.config, self.codec = config, codec
        self.past = Past(codec) if codec.ends else None
        self.embed = Embedding(codec, config.embedding, self.past)
        self.gather = nn.Linear(config.context * config.embedding, config.size)
        self.layers = nn.ModuleList([nn.Linear(config.size, config.size) for _ in range(config.layers - 1)])
        self.norms = nn.ModuleList([nn.LayerNorm(config.size) for _ in range(config.layers)])
        self.dropout = nn.Dropout(config.dropout)
        self.heads = Heads(codec, config.size, config.head_size, config.heads, past=self.past)

    def start(self, batch: int) -> State:
        """The vectors of the notes before the next, (B, context - 1, E), the newest last; then the past (B, 2 K)."""
        zeros = self.gather.weight.new_zeros(batch, self.config.context - 1, self.config.embedding)
        return zeros, *((self.past.start(batch),) if self.past else ())

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        past, last = self.past.parallel(rows, state[1]) if self.past else (None, None)
        heard, length = torch.cat([state[0], self.embed(rows, past)], 1), rows.shape[1]
        recent = [heard[:, i : i + length] for i in range(self.config.context)]
        x = self.dropout(F.gelu(self.gather(torch.cat(recent, -1))))
        for layer, norm in zip(self.layers, self.norms[:-1], strict=True):
            x = x + self.dropout(F.gelu(layer(norm(x))))
        after = heard[:, length:]
        return self.heads(self.norms[-1](x), past), (after,) if last is None else (after, last)
