"""The recent past in numbers: how long ago the last notes began, and how long each still sounds.

Rows hold distances from note to note. When the notes now sounding will end, or how long ago the fourth note before
began, are sums over rows, which networks learn badly and which decide when the next note comes and how long it lasts.
They follow from the rows alone, so the likelihood stays exact.

Shapes: B pieces, T notes, K notes looked back to, times in cells of 10 ms.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from antiphon.bins import DURATION_BINS, LIMIT_CELLS, STEP_BINS
from antiphon.codec import HELD, NoteCodec

WIDTH = 32  # of the vector that stands for one time
_CHAIN = 12  # a chain of notes that point to each other has at most 2 ** 12


class Past(nn.Module):
    """Counts, from rows, (…, 2 K) cells: until each of the last K notes ends, and since it began; the newest first.

    K is the codec's ``ends``. What is over or held, its end unknown, has 0 left. Before the first note all are 0.
    """

    steps: Tensor
    lengths: Tensor

    def __init__(self, codec: NoteCodec) -> None:
        super().__init__()
        self.notes = codec.ends
        self.column = codec.column["step"], codec.column["duration"]
        self.register_buffer("steps", _table(STEP_BINS.middle, codec.attributes[self.column[0]].size), persistent=False)
        lengths = _table(DURATION_BINS.middle, codec.attributes[self.column[1]].size)
        self.register_buffer("lengths", lengths, persistent=False)

    @property
    def width(self) -> int:
        """2 K."""
        return 2 * self.notes

    def start(self, batch: int) -> Tensor:
        """(B, 2 K) before the first note."""
        return self.steps.new_zeros(batch, self.width)

    def step(self, row: Tensor, before: Tensor) -> Tensor:
        """The past (B, 2 K) after one more row (B, A)."""
        step, code = (row[:, column] for column in self.column)
        left, ages = before.chunk(2, -1)
        passed = self.steps[step][:, None]
        left, ages = (left - passed).clamp(min=0), (ages + passed).clamp(max=LIMIT_CELLS)
        back = (code - HELD - 1).clamp(0, self.notes - 1)[:, None]
        own = torch.where(_points(code, self.notes)[:, None], left.gather(1, back), self.lengths[code][:, None])
        return torch.cat([own, left[:, :-1], torch.zeros_like(own), ages[:, :-1]], -1)

    def parallel(self, rows: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, A) rows: the past (B, T, 2 K) after each, and (B, 2 K) after all."""
        step, code = (rows[..., column] for column in self.column)
        left, ages = (x.flip(-1) for x in before.chunk(2, -1))
        now = self.steps[step].cumsum(1)
        onset, end = torch.cat([-ages, now], 1), torch.cat([left, now + self.lengths[code]], 1)
        end = end.gather(1, self._roots(code))
        place = torch.arange(rows.shape[1], device=rows.device)[:, None]
        recent = place + self.notes - torch.arange(self.notes, device=rows.device)  # (T, K) in the two above
        sounding = (end[:, recent] - now[..., None]).clamp(min=0)
        age = (now[..., None] - onset[:, recent]).clamp(max=LIMIT_CELLS)
        past = torch.cat([sounding, age], -1)
        return past, past[:, -1]

    def _roots(self, code: Tensor) -> Tensor:
        """(B, K + T) for each of K notes before and T rows, which says when it ends, by way of all it points to."""
        place = torch.arange(code.shape[1], device=code.device) + self.notes
        root = torch.where(_points(code, self.notes), place - (code - HELD), place)
        root = torch.cat([torch.arange(self.notes, device=code.device).expand(code.shape[0], -1), root], 1)
        for _ in range(_CHAIN):
            root = root.gather(1, root)
        return root

    def until(self, past: Tensor, rows: Tensor) -> Tensor:
        """(…, K) cells that the last K notes still sound when the next begins, whose step ``rows`` (…, A) hold."""
        return (past[..., : self.notes] - self.steps[rows[..., self.column[0]]][..., None]).clamp(min=0)


def _points(code: Tensor, notes: int) -> Tensor:
    """Which duration codes point back; the one of the row before the first does not."""
    return (code > HELD) & (code <= HELD + notes)


def _table(middle: np.ndarray, size: int) -> Tensor:
    """(size + 1,) cells of each code, 0 where it stands for no time, and of the row before the first."""
    return torch.from_numpy(np.pad(middle, (0, size + 1 - len(middle))))


class Times(nn.Module):
    """Times as vectors: each by its bin, all of them together through one matrix."""

    bins: Tensor

    def __init__(self, count: int, width: int) -> None:
        """``count`` times in, ``width`` numbers out."""
        super().__init__()
        cells = np.arange(LIMIT_CELLS + 1)
        bins = np.where(cells > 0, DURATION_BINS.index(cells).astype(np.int64) + 1, 0)
        self.register_buffer("bins", torch.from_numpy(bins), persistent=False)
        self.table = nn.Embedding(DURATION_BINS.size + 1, WIDTH)
        self.mix = nn.Linear(count * WIDTH, width, bias=False)

    def forward(self, cells: Tensor) -> Tensor:
        """(…, count) cells → (…, width)."""
        return self.mix(self.table(self.bins[cells.clamp(max=LIMIT_CELLS)]).flatten(-2))
