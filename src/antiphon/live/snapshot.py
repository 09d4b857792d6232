"""What a screen shows of a session at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from antiphon.live.events import Played
from antiphon.live.settings import Mode


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Times on the caller's clock."""

    now_s: float
    mode: Mode
    turn: str  # the state of turn-taking: rest, listen, answer, both
    bpm: float | None  # None: no pulse found yet
    beat_s: float | None  # the next beat
    chord: str  # the chord being followed; empty: none
    planned: tuple[Played, ...]  # ghost notes: composed, not yet begun
    sounding: tuple[Played, ...]  # of both parts
    played: tuple[Played, ...]  # ended within the last minute or so, oldest first
    counters: Mapping[str, int]  # heard, sounded, late, dropped, …: as in the ledger
