"""Time bins: exact while short, growing to 5 % of their value when long, so that nothing is cut at one or two seconds.

Time is counted in cells of 10 ms. A bin is a run of cells; its code stands for all of them and decodes to the middle
one. With a width of ⌊cell / 20⌋ (at least one) every bin below 0.4 s is a single cell, and no bin is wider than 5 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

CELL_MS = 10
GROWTH = 20  # a bin is at most 1/20 = 5 % as wide as the time it stands for
LIMIT_CELLS = 6000  # 60 s: the longest time with a bin of its own; anything longer falls into the last one


@dataclass(frozen=True)
class TimeBins:
    """Bins from ``first`` (in cells) to about a minute."""

    first: int  # the smallest time that occurs: 0 for a step, 1 for a duration

    @cached_property
    def edges(self) -> np.ndarray:
        """(K+1,) int64: bin k holds the cells edges[k] … edges[k+1]-1."""
        edges = [self.first]
        while edges[-1] < LIMIT_CELLS:
            edges.append(edges[-1] + max(1, edges[-1] // GROWTH))
        return np.array(edges)

    @property
    def size(self) -> int:
        """K, the number of bins."""
        return len(self.edges) - 1

    @cached_property
    def middle(self) -> np.ndarray:
        """(K,) int64: the cell each bin decodes to.

        Of two middle cells now the lower is taken, now the higher: one of them always would let long pieces drift.
        """
        return (self.edges[:-1] + self.edges[1:] - 1 + np.arange(self.size) % 2) // 2

    @cached_property
    def width(self) -> np.ndarray:
        """(K,) int64: cells in each bin."""
        return np.diff(self.edges)

    @cached_property
    def _table(self) -> np.ndarray:
        table = np.repeat(np.arange(self.size, dtype=np.uint8), self.width)
        return np.concatenate([np.zeros(self.first, np.uint8), table])

    def index(self, cells: np.ndarray) -> np.ndarray:
        """The bin of each of ``cells``, uint8; times outside the range fall into the nearest bin."""
        return self._table[np.clip(cells, 0, len(self._table) - 1)]


STEP_BINS = TimeBins(0)
DURATION_BINS = TimeBins(1)
