"""The ledger: how long everything took, and what went wrong, at a cost of under a microsecond an entry.

Times go into bins that grow by 5 %, so percentiles are within 5 % and memory does not grow. The largest is exact.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from antiphon.files.paths import written

GROWTH = math.log(1.05)
LEAST_MS = 0.001  # everything below is in the first bin
BINS = 400  # up to 0.001 ms · 1.05**400 = 300 s
PERCENTILES = (50, 95, 99)
STAGES = {
    "input": "from the call that told of an event to the model having heard it",
    "model": "one call that fed what was heard to the model",
    "hand-over": "from the decision to play to the first note in hand: correcting and composing",
    "note": "composing one note",
    "ahead": "how long before its time a note was composed",
    "due": "from a note's time to the call that returned it",
    "sounded": "from a note's time to its sounding, as the port reports it",
}
COUNTERS = {
    "heard": "notes of the player",
    "echoes": "notes that came back through a looped port, ignored",
    "composed": "notes",
    "sounded": "notes of the model",
    "forgotten": "composed notes taken back because the player played, unheard",
    "missed": "notes composed after their time",
    "late": "notes sounded later than allowed",
    "dropped": "notes not sounded because of lateness",
    "delayed": "times that everything was put off",
    "cut": "notes ended at the longest hold, because no key came up",
    "skipped": "notes of the player that the model did not hear, because it was too slow for them",
    "interrupted": "answers",
    "answers": "turns of the model",
    "clock jumps": "times that the clock went back",
}


class Histogram:
    """Times in milliseconds."""

    def __init__(self) -> None:
        self._bins = [0] * BINS
        self.count = 0
        self.max_ms = 0.0

    def add(self, ms: float) -> None:
        """One time; below 0 counts as 0."""
        place = int(math.log(ms / LEAST_MS) / GROWTH) if ms > LEAST_MS else 0
        self._bins[min(place, BINS - 1)] += 1
        self.count += 1
        if ms > self.max_ms:
            self.max_ms = ms

    def percentile(self, percent: float) -> float:
        """The time that so many percent stay at or below, in ms, rounded up to the bin's edge; 0 when empty."""
        left = math.ceil(self.count * percent / 100)
        for place, number in enumerate(self._bins):
            left -= number
            if number and left <= 0:
                return min(LEAST_MS * math.exp(GROWTH * (place + 1)), self.max_ms)
        return 0.0

    def summary(self) -> dict[str, float]:
        """Count, percentiles and the largest."""
        row: dict[str, float] = {"count": self.count}
        row |= {f"p{percent} ms": self.percentile(percent) for percent in PERCENTILES}
        return row | {"max ms": self.max_ms}


class Ledger:
    """A session's measurements."""

    def __init__(self) -> None:
        self.stages = {name: Histogram() for name in STAGES}
        self.counters = dict.fromkeys(COUNTERS, 0)

    def time(self, stage: str, seconds: float) -> None:
        """One time of a stage."""
        self.stages[stage].add(seconds * 1000)

    def count(self, counter: str, number: int = 1) -> None:
        """So many more."""
        self.counters[counter] += number

    def to_dict(self) -> dict[str, Any]:
        """Everything, with what each line means."""
        stages = {name: stage.summary() | {"what": STAGES[name]} for name, stage in self.stages.items()}
        return {"format": 1, "stages": stages, "counters": self.counters, "what": COUNTERS}

    def save(self, path: Path) -> None:
        """Write it as JSON; FileError where that cannot be."""
        with written(path) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
