"""The time in which constraints are kept: whole ticks on a grid at a tempo, whole 10 ms cells without one.

A code of time stands for a run of cells. What is written has an exact time within the run: as near to its middle as the
constraints allow. The model hears the code, the file gets the exact time, and as each onset is known exactly nothing
drifts. On a grid the model plays as freely as ever, and each time goes to the line that is nearest.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from antiphon.bins import CELL_MS, DURATION_BINS, STEP_BINS, TimeBins
from antiphon.generate.constraints import Constraints
from antiphon.notes import TICKS_PER_QUARTER

FAR = 2**52  # units: later than any music, and still a number that may be added to


@dataclass(frozen=True)
class Timeline:
    """Units, bars and the grid of a set of constraints; all times are int64 units from the start of the piece."""

    constraints: Constraints

    @cached_property
    def beat_ticks(self) -> int:
        """Ticks of a beat: the note that the metre's lower number names."""
        return TICKS_PER_QUARTER * 4 // int(self.constraints.metre.split("/")[1])

    @cached_property
    def units_per_s(self) -> float:
        """Units in a second: 100 cells, or ticks where there is a grid."""
        if self.constraints.grid is None:
            return 1000 / CELL_MS
        assert self.constraints.tempo is not None
        return self.constraints.tempo * self.beat_ticks / 60

    @cached_property
    def beat(self) -> float:
        """Units of a beat; at 120 beats a minute where no tempo is given."""
        return self.units_per_s * 60 / (self.constraints.tempo or 120)

    @cached_property
    def bar(self) -> float:
        """Units of a bar; whole where there is a grid."""
        return self.beat * int(self.constraints.metre.split("/")[0])

    @cached_property
    def grid(self) -> int:
        """Units from one line of the grid to the next, without swing; 1 where there is no grid."""
        if self.constraints.grid is None:
            return 1
        found = re.fullmatch(r"1/(\d+)(t?)", self.constraints.grid)
        assert found
        straight = TICKS_PER_QUARTER * 4 // int(found[1])
        return straight * 2 // 3 if found[2] else straight

    @cached_property
    def pair(self) -> tuple[int, int]:
        """Where the second line of a pair lies behind the first, and the next pair; units."""
        return round(2 * self.grid * self.constraints.swing), 2 * self.grid

    @cached_property
    def period(self) -> int:
        """Units after which the grid repeats: a pair of lines where it swings."""
        return self.pair[1] if self.constraints.swing != 0.5 and self.constraints.grid else self.grid

    @cached_property
    def half(self) -> int:
        """Half of the widest gap between lines, rounded up: no time is further from one; 0 where there is no grid."""
        if self.period == 1:
            return 0
        second, whole = self.pair if self.period > self.grid else (self.grid, 2 * self.grid)
        return -(-max(second, whole - second) // 2)

    def up(self, times: np.ndarray) -> np.ndarray:
        """The first line of the grid at or after each time."""
        if self.period == 1:
            return times
        if self.period == self.grid:
            return -(-times // self.grid) * self.grid
        second, whole = self.pair
        pairs, rest = np.divmod(times, whole)
        return pairs * whole + np.where(rest == 0, 0, np.where(rest <= second, second, whole))

    def down(self, times: np.ndarray) -> np.ndarray:
        """The last line of the grid at or before each time."""
        if self.period == 1:
            return times
        if self.period == self.grid:
            return times // self.grid * self.grid
        second, whole = self.pair
        pairs, rest = np.divmod(times, whole)
        return pairs * whole + np.where(rest >= second, second, 0)

    def nearest(self, times: np.ndarray) -> np.ndarray:
        """The line of the grid nearest to each time, of two the earlier."""
        below, above = self.down(times), self.up(times)
        return np.where(times - below <= above - times, below, above)

    def on_grid(self, low: np.ndarray, wanted: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The line nearest to each wanted time within [low, high], and whether there is one."""
        wanted = np.minimum(np.maximum(wanted, low), high)
        if self.period == 1:
            return wanted, low <= high
        after, before = self.up(wanted), self.down(wanted)
        late = after > high
        nearer = (wanted - before < after - wanted) & (before >= low)
        time = np.where(late | nearer, before, after)
        return time, (time >= low) & (time <= high)

    def at_least(self, seconds: float) -> int:
        """The fewest units that last so long."""
        return math.ceil(round(seconds * self.units_per_s, 6))

    def at_most(self, seconds: float) -> int:
        """The most units that last no longer."""
        return math.floor(round(seconds * self.units_per_s, 6))

    @cached_property
    def steps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each code of a step, (K,) the first and the last unit it stands for, and its middle."""
        return self._ranges(STEP_BINS)

    @cached_property
    def durations(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same for each plain code of a duration."""
        return self._ranges(DURATION_BINS)

    def _ranges(self, bins: TimeBins) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scale = self.units_per_s * CELL_MS / 1000  # units in a cell
        if self.constraints.grid is None:
            return bins.edges[:-1], bins.edges[1:] - 1, bins.middle
        edges = np.ceil((bins.edges - 0.5) * scale).astype(
            np.int64
        )  # a cell begins half a cell early: times are rounded
        edges[0] = bins.first
        return edges[:-1], edges[1:] - 1, np.rint(bins.middle * scale).astype(np.int64)

    def seconds(self, units: np.ndarray | int) -> np.ndarray:
        """Units as seconds."""
        return np.asarray(units) / self.units_per_s

    def on_beat(self, times: np.ndarray) -> np.ndarray:
        """Whether each time is within a tenth of a beat of a beat."""
        away = np.abs(times / self.beat - np.rint(times / self.beat))
        return away <= 0.1

    def bar_of(self, times: np.ndarray) -> np.ndarray:
        """The bar, float64 from 0, at each time; a 10 ms cell that holds the bar line is in the new bar."""
        early = 0.0 if self.constraints.grid else 0.5
        return (times + early) / self.bar
