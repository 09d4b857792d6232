"""How long a piece gets, and how it ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

from antiphon.errors import OptionError

MOST_NOTES = 10_000_000
MOST_SECONDS = 86_400
MOST_BARS = 100_000


@dataclass(frozen=True, kw_only=True)
class Length:
    """So many notes, or all notes that begin within so many seconds or bars; exactly one of the three."""

    notes: int | None = None
    seconds: float | None = None
    bars: int | None = None  # needs a tempo

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.notes, self.seconds, self.bars)) != 1:
            raise OptionError("give either a number of notes or of seconds or of bars: one of the three")
        if self.notes is not None and not 1 <= self.notes <= MOST_NOTES:
            raise OptionError(f"{self.notes} notes is out of range: 1 to {MOST_NOTES:,}")
        if self.seconds is not None and not (math.isfinite(self.seconds) and 0 < self.seconds <= MOST_SECONDS):
            raise OptionError(f"{self.seconds} seconds is out of range: above 0 and at most {MOST_SECONDS}, a day")
        if self.bars is not None and not 1 <= self.bars <= MOST_BARS:
            raise OptionError(f"{self.bars} bars is out of range: 1 to {MOST_BARS:,}")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A close instead of a cut: the last note has a pitch of the cadence and is held.

    By seconds or bars it is held until they are over, and all else has ended by then.
    """

    cadence: str | None = None  # a pitch class such as "D"; None: the key's tonic, or any pitch without a key
    hold_s: float | None = None  # how long the last note sounds at least; None: a bar, or 2 s without a tempo

    def __post_init__(self) -> None:
        if self.hold_s is not None and not 0.01 <= self.hold_s <= 30:
            raise OptionError(f"a closing hold of {self.hold_s} seconds is out of range: 0.01 to 30")
