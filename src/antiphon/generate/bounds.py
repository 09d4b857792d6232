"""When the next note may begin and how long it may last: small rules over what was written, without any state.

Each looks ahead. Whatever it allows, the music could go on in the *pulse*: one note every ``step`` units, each as
short as it may be, for ever. All share one pulse, so together they always leave at least that way on, and no piece gets
stuck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from antiphon.generate.ledger import Ledger
from antiphon.generate.timeline import FAR


@dataclass(frozen=True)
class Pulse:
    """The way on that is always open; units of the timeline."""

    step: int
    duration: int  # at most, of a note as short as it may be


class Bound(Protocol):
    """One rule about time. Times are (B,) units from the start of the piece; FAR and -FAR are no bound."""

    def onset(self, ledger: Ledger) -> tuple[np.ndarray | int, np.ndarray | int]:
        """The earliest and the latest onset of the next note."""

    def end(self, ledger: Ledger) -> np.ndarray | int:
        """The latest end of the note at hand, whose onset is ``ledger.now``."""


@dataclass(frozen=True)
class Spacing(Bound):
    """From each onset to the next at least ``least`` and at most ``most`` units."""

    least: int
    most: int

    def onset(self, ledger: Ledger) -> tuple[np.ndarray | int, np.ndarray | int]:
        """So far behind the last onset; the first note is free."""
        last = ledger.onsets[:, 0]
        return last + self.least, np.where(last > -FAR, last + self.most, FAR)

    def end(self, ledger: Ledger) -> np.ndarray | int:
        """Any."""
        return FAR


@dataclass(frozen=True)
class Polyphony(Bound):
    """At most ``most`` notes sound at once."""

    most: int
    pulse: Pulse

    def _ahead(self) -> np.ndarray:
        """(q,) 0 to q-1: notes of the pulse that may follow before the first of them is over."""
        return np.arange(-(-self.pulse.duration // self.pulse.step))

    def onset(self, ledger: Ledger) -> tuple[np.ndarray | int, np.ndarray | int]:
        """Not before enough notes are over."""
        # The j-th note of the pulse finds j of its own kind sounding, so only most - j of the others may still be.
        j = self._ahead()
        return (ledger.ends[:, self.most - 1 - j] - j * self.pulse.step).max(1), FAR

    def end(self, ledger: Ledger) -> np.ndarray | int:
        """In time for the next note."""
        # With this note at hand, the same must hold for the one that follows it in the pulse.
        j = self._ahead()
        by = ledger.now[:, None] + (j + 1) * self.pulse.step
        padded = np.concatenate([np.full((len(by), 1), FAR), ledger.ends], 1)
        return np.where(padded[:, self.most - 1 - j] > by, by, FAR).min(1)


@dataclass(frozen=True)
class Density(Bound):
    """In every ``window`` units (t, t + window] at least ``least`` and at most ``most`` notes begin; 0: no bound."""

    least: int
    most: int
    window: int
    pulse: Pulse

    def onset(self, ledger: Ledger) -> tuple[np.ndarray | int, np.ndarray | int]:
        """Once the window has room, and before it has too few."""
        earliest: np.ndarray | int = -FAR
        latest: np.ndarray | int = FAR
        if self.most:
            j = np.arange(self.most)
            before = ledger.onsets[:, self.most - 1 - j]
            earliest = np.where(before > -FAR, before + self.window - j * self.pulse.step, -FAR).max(1)
        if self.least:
            j = np.arange(self.least)
            before = ledger.onsets[:, self.least - 1 - j]
            latest = np.where(before > -FAR, before + self.window - j * self.pulse.step, FAR).min(1)
        return earliest, latest

    def end(self, ledger: Ledger) -> np.ndarray | int:
        """Any."""
        return FAR
