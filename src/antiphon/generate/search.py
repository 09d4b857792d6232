"""Search: the likeliest of several ways on, instead of one note after another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from antiphon.errors import OptionError, unknown

METHODS = ("none", "beam", "stochastic", "diverse")


@dataclass(frozen=True, kw_only=True)
class Search:
    """Which way of searching, and how wide."""

    method: str = "none"  # "none": draw note after note; "beam", "stochastic" or "diverse"
    width: int = 4  # beams
    groups: int = 2  # of diverse beams: groups, each kept away from those before it
    diversity: float = 0.5  # of diverse beams: nats taken off a code for each time that another group has taken it
    length_power: float = 1.0  # a beam's log-likelihood is divided by its notes to this power: 0 not at all
    deadline_ms: float | None = None  # for one note; what has not been looked at by then is not looked at
    best_of: int = 1  # pieces drawn, of which the best by likelihood or by a measure is kept

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise OptionError(unknown("search", self.method, METHODS))
        for what, value, low, high in (
            ("beam (a search's width)", self.width, 1, 256),
            ("beam-groups", self.groups, 1, 64),
            ("beam-diversity", self.diversity, 0, 100),
            ("length_power", self.length_power, 0, 2),
            ("best-of", self.best_of, 1, 1000),
        ):
            if not low <= value <= high:
                raise OptionError(f"{what} {value} is out of range: {low} to {high}")
        if self.deadline_ms is not None and not (math.isfinite(self.deadline_ms) and self.deadline_ms > 0):
            raise OptionError(f"a deadline of {self.deadline_ms} ms is out of range: above 0")
        if self.method == "diverse" and self.width % self.groups:
            raise OptionError(
                f"{self.width} beams cannot be parted into {self.groups} equal groups; try {self.groups * 2}"
            )
