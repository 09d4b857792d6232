"""Bans: pitches that a listener from outside forbids as a piece is written, such as those that would complete a copy.

A ban is asked before each pitch, once the onset is known, and told what was drawn. It narrows what the constraints
allow, and never to nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np


class Ban(Protocol):
    """Follows one voice. ``copy.copy`` must fork it; times are whole 10 ms cells."""

    def hear(self, step: int, pitch: int) -> None:
        """A note was played, ``step`` cells after the one before."""

    def banned(self, step: int) -> np.ndarray | None:
        """(128,) bool: pitches that the next note must not have, if it comes after ``step`` cells; None: none."""


NewBan: TypeAlias = Callable[[], Ban]


@dataclass(frozen=True)
class Bans:
    """The bans of B voices. Nothing in it changes, so marks may keep it."""

    of: tuple[Ban, ...]
    onset: np.ndarray  # (B,) cells at which the last note of each began
    avoided: np.ndarray  # (B,) notes at which a pitch was banned
    unavoidable: np.ndarray  # (B,) … and nothing else was left

    @staticmethod
    def start(new: NewBan, batch: int) -> Bans:
        """Nothing heard yet."""
        zero = np.zeros(batch, np.int64)
        return Bans(tuple(new() for _ in range(batch)), zero, zero, zero)

    def limit(self, onset: np.ndarray, allowed: np.ndarray | None) -> tuple[np.ndarray | None, Bans]:
        """What remains allowed for notes at ``onset`` (B,), (B, 128) bool or None for all, and the bans with counts."""
        masks = [ban.banned(int(step)) for ban, step in zip(self.of, onset - self.onset, strict=True)]
        if all(mask is None for mask in masks):
            return allowed, self
        free = np.stack([np.ones(128, bool) if mask is None else ~mask for mask in masks])
        both = free if allowed is None else free & allowed
        left = np.logical_or.reduce(both, -1)
        if not left.all():
            both = np.where(left[:, None], both, np.ones_like(both) if allowed is None else allowed)
        acted = ~free.all(-1)
        return both, Bans(self.of, self.onset, self.avoided + (acted & left), self.unavoidable + (acted & ~left))

    def after(self, onset: np.ndarray, pitch: np.ndarray) -> Bans:
        """The bans once each voice played a note: (B,) onsets in cells, and pitches."""
        following = tuple(copy.copy(ban) for ban in self.of)
        for ban, step, one in zip(following, onset - self.onset, pitch, strict=True):
            ban.hear(int(step), int(one))
        return Bans(following, onset, self.avoided, self.unavoidable)

    def report(self, voice: int) -> dict[str, int]:
        """What was done to one voice, in numbers."""
        return {"avoided": int(self.avoided[voice]), "unavoidable": int(self.unavoidable[voice])}

    def take(self, index: Sequence[int] | np.ndarray) -> Bans:
        """Voice i becomes voice ``index[i]``."""
        kept = tuple(self.of[i] for i in index)  # shared: nobody changes them
        return Bans(kept, self.onset[index], self.avoided[index], self.unavoidable[index])
