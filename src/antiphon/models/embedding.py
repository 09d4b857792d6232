"""Rows as vectors: the sum of a learned vector for each attribute's code. Shared by all families that embed."""

from __future__ import annotations

from torch import Tensor, nn

from antiphon.codec import NoteCodec


class Embedding(nn.Module):
    """The sum of a learned vector for each attribute's code; one more vector stands for the start."""

    def __init__(self, codec: NoteCodec, width: int) -> None:
        super().__init__()
        self.width = width
        self.tables = nn.ModuleList([nn.Embedding(a.size + 1, width) for a in codec.attributes])
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.5)

    def forward(self, rows: Tensor) -> Tensor:
        """(…, A) → (…, D)."""
        return sum(table(rows[..., i]) for i, table in enumerate(self.tables))
