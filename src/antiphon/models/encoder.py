"""What families share that hear a whole passage first: a bidirectional encoder, and a decoder of GRU layers.

Shapes: B pieces, S rows of the passage, T rows written, D the width of a vector.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.codec import NoteCodec
from antiphon.models.base import State
from antiphon.models.embedding import Embedding
from antiphon.models.recurrent import GRU


class Encoder(nn.Module):
    """Bidirectional GRU layers over a passage that is padded with start rows after its last note."""

    def __init__(self, codec: NoteCodec, width: int, layers: int, dropout: float) -> None:
        """``width`` D, even, is that of the vectors that come out; each direction has half of it."""
        super().__init__()
        self.padding = codec.attributes[0].size
        self.embed = Embedding(codec, width)
        self.dropout = nn.Dropout(dropout)
        self.net = nn.GRU(width, width // 2, layers, batch_first=True, bidirectional=True)

    def there(self, rows: Tensor) -> Tensor:
        """(B, S) 1 for a note, 0 for padding."""
        return (rows[..., 0] != self.padding).float()

    def forward(self, rows: Tensor, places: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(B, S, A) rows, with vectors (B, S, D) that say where they stand: (B, S, D), and (B, D) for the whole.

        Of an empty passage the whole is 0.
        """
        x = self.embed(rows) if places is None else self.embed(rows) + places
        heard = self.dropout(self.net(self.dropout(x))[0])
        there = self.there(rows)[..., None]
        last = there - torch.cat([there[:, 1:], torch.zeros_like(there[:, :1])], 1)
        forward, backward = heard.chunk(2, -1)
        return heard, torch.cat([(forward * last).sum(1), backward[:, 0] * there[:, 0]], -1)


class Decoder(nn.Module):
    """GRU layers over vectors: all at once for training, one by one for playing.

    Each adds to what it hears. Without that the vae's, whose input is for a good part the same at every row, settled on
    the mean melody on a scale of eight notes.
    """

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.ModuleList([nn.GRU(width, width) for _ in range(layers)])
        self.dropout = nn.Dropout(dropout)

    def start(self, batch: int) -> State:
        """Zeros (B, D) for each layer."""
        return (self.layers[0].weight_hh_l0.new_zeros(batch, self.width),) * len(self.layers)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One vector (B, D) → (B, D), and the state after it."""
        x, after = self.dropout(x), []
        for layer, before in zip(self.layers, state, strict=True):
            (now,) = GRU.cell(x, (before,), layer)
            after.append(now)
            x = x + self.dropout(now)
        return x, tuple(after)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T, D) → (B, T, D), and the state after the last."""
        x, after = self.dropout(x).transpose(0, 1), []
        for layer, before in zip(self.layers, state, strict=True):
            heard, last = layer(x, before[None])
            after.append(last[0])
            x = x + self.dropout(heard)
        return x.transpose(0, 1), tuple(after)
