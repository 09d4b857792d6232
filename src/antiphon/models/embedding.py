"""Rows as vectors: the sum of a learned vector for each attribute's code, and for the recent past where it is counted.

Shared by all families that embed.
"""

from __future__ import annotations

from torch import Tensor, nn

from antiphon.codec import NoteCodec
from antiphon.models.past import Past, Times


class Embedding(nn.Module):
    """The sum of a learned vector for each attribute's code; one more vector stands for the start."""

    def __init__(self, codec: NoteCodec, width: int, past: Past | None = None) -> None:
        super().__init__()
        self.width = width
        self.times = Times(past.width, width) if past else None
        self.tables = nn.ModuleList([nn.Embedding(a.size + 1, width) for a in codec.attributes])
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.5)

    def forward(self, rows: Tensor, past: Tensor | None = None) -> Tensor:
        """(…, A) rows and, where it is counted, the past (…, 2 K) after them → (…, D)."""
        vectors = sum(table(rows[..., i]) for i, table in enumerate(self.tables))
        return vectors if self.times is None or past is None else vectors + self.times(past)
