"""A convolutional network over note rows: dilated causal convolutions with gated residual blocks.

The line of WaveNet (van den Oord et al. 2016) and the temporal convolutional network (Bai et al. 2018): every block
looks at the same note and at some before it, twice as far back as the block below, so that a few layers hear hundreds
of notes. A block remembers what it will need again and nothing is computed twice: one note costs one pass through the
layers, however far they look back.

Shapes: K taps of a block, R notes that a block remembers, C the network's width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.base import State, Stepper
from antiphon.models.embedding import Embedding
from antiphon.models.heads import Heads, Kind
from antiphon.models.past import Past


@dataclass(frozen=True, kw_only=True)
class CnnConfig:
    """The size and reach of a convolutional network."""

    size: int = 256  # width of the embeddings and of each layer
    layers: int = 8
    kernel: int = 3  # notes that a layer looks at: its own, and others at equal distances before it
    cycle: int = 8  # layers over which those distances double, 1, 2, 4 …, before they begin at 1 again
    dropout: float = 0.1  # on the embeddings and on what each block adds
    heads: Kind = "chained"
    head_size: int = 256  # width of a chained head's hidden layer

    def __post_init__(self) -> None:
        lowest = {"size": 1, "layers": 1, "kernel": 2, "head_size": 1}
        for name, low in lowest.items():
            if getattr(self, name) < low:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least {low}")
        if not 1 <= self.cycle <= 12:
            raise RecipeError(f"model.cycle {self.cycle} is out of range: 1 to 12; 12 layers look 2048 notes apart")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"model.dropout {self.dropout} is out of range: at least 0 and below 1")

    @property
    def distances(self) -> list[int]:
        """Notes between two taps of each layer."""
        return [2 ** (layer % self.cycle) for layer in range(self.layers)]

    @property
    def reach(self) -> int:
        """Notes that a prediction sees, the last one heard among them."""
        return 1 + (self.kernel - 1) * sum(self.distances)


class CNN(Stepper):
    """See the module's description."""

    Config = CnnConfig
    chunked = True
    codec: NoteCodec
    heads: Heads

    def __init__(self, config: CnnConfig, codec: NoteCodec) -> None:
        super().__init__()
        self.config, self.codec = config, codec
        self.past = Past(codec) if codec.ends else None
        self.embed = Embedding(codec, config.size, self.past)
        self.blocks = nn.ModuleList([Block(config, distance) for distance in config.distances])
        self.norm = nn.LayerNorm(config.size)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = Heads(codec, config.size, config.head_size, config.heads, past=self.past)

    def start(self, batch: int) -> State:
        """What each block remembers, zeros (B, R, C), the newest last; then the past (B, 2 K)."""
        taps, zero = self.config.kernel - 1, self.norm.weight
        zeros = [zero.new_zeros(batch, taps * distance, self.config.size) for distance in self.config.distances]
        return *zeros, *((self.past.start(batch),) if self.past else ())

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        past, last = self.past.parallel(rows, state[-1]) if self.past else (None, None)
        x, after = self.dropout(self.embed(rows) if past is None else self.embed(rows, past)), []
        for block, before in zip(self.blocks, state[: len(self.blocks)], strict=True):
            x, heard = block(x, before)
            after.append(heard)
        return self.heads(self.norm(x), past), (*after, *(() if last is None else (last,)))


class Block(nn.Module):
    """Gated convolution of the normalised input, added to it: tanh says what, a sigmoid how much."""

    def __init__(self, config: CnnConfig, distance: int) -> None:
        super().__init__()
        self.taps, self.distance = config.kernel, distance
        self.past = (config.kernel - 1) * distance  # R
        self.norm = nn.LayerNorm(config.size)
        self.gates = nn.Linear(config.kernel * config.size, 2 * config.size)
        self.out = nn.Linear(config.size, config.size)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.out.weight, std=0.5 / (config.size * config.layers) ** 0.5)  # what is added starts small

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, C) and the R inputs before it (B, R, C) → (B, T, C), and the last R inputs."""
        heard = torch.cat([past, self.norm(x)], 1)
        length = x.shape[1]
        taps = [heard[:, i * self.distance : i * self.distance + length] for i in range(self.taps)]
        what, gate = self.gates(torch.cat(taps, -1)).chunk(2, -1)  # a convolution as one product: as fast, and int8
        x = x + self.dropout(self.out(torch.tanh(what) * torch.sigmoid(gate)))
        return x, heard[:, -self.past :]
