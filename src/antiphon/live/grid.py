"""A rhythmic grid over the beat of a session: where notes of the model begin and end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from antiphon.generate.timeline import Timeline
from antiphon.live.pulse import Beat
from antiphon.notes import TICKS_PER_QUARTER


@dataclass(frozen=True)
class Grid:
    """Pairs of lines, the second later than the middle where it swings."""

    beat: Beat
    second: float  # beats from the first line of a pair to the second
    pair: float  # beats from pair to pair

    def near(self, time_ms: int, least_ms: int) -> int:
        """The line nearest to a time, of those at ``least_ms`` or later; of two as near the earlier."""
        place = (max(time_ms, least_ms) / 1000 - self.beat.origin_s) / (self.pair * self.beat.period_s)
        lines = [(math.floor(place) + i) * self.pair + shift for i in (-1, 0, 1) for shift in (0, self.second)]
        times = [round((self.beat.origin_s + line * self.beat.period_s) * 1000) for line in lines]
        return min((ms for ms in times if ms >= least_ms), key=lambda ms: (abs(ms - time_ms), ms))


def grid_over(beat: Beat | None, lines: Timeline | None) -> Grid | None:
    """The lines over a beat, a quarter note; None where there is no beat, or none are wished for."""
    if beat is None or lines is None:
        return None
    second, pair = lines.pair
    return Grid(beat, second / TICKS_PER_QUARTER, pair / TICKS_PER_QUARTER)
