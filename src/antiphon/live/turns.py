"""Whose turn it is: a small explicit state machine, and the rule by which a phrase ends.

``docs/live.md`` draws it. In modes that alternate, a turn is the player's or the model's; in modes that play together,
it is both's or nobody's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np

from antiphon.live.settings import Mode

State: TypeAlias = Literal["rest", "listen", "answer", "both"]
Cue: TypeAlias = Literal["key", "phrase over", "answer over", "silence"]

ALTERNATE: Mapping[tuple[State, Cue], State] = {
    ("rest", "key"): "listen",
    ("rest", "phrase over"): "answer",  # asked to begin without having heard anything
    ("listen", "phrase over"): "answer",
    ("answer", "key"): "listen",  # interrupted
    ("answer", "answer over"): "rest",
}
TRADE: Mapping[tuple[State, Cue], State] = {
    ("rest", "key"): "listen",
    ("rest", "phrase over"): "answer",
    ("listen", "phrase over"): "answer",
    ("answer", "answer over"): "listen",  # at once: the bars are counted; a key does not take the turn
}
TOGETHER: Mapping[tuple[State, Cue], State] = {
    ("rest", "key"): "both",
    ("rest", "phrase over"): "both",
    ("both", "answer over"): "rest",
}
MACHINES: Mapping[Mode, Mapping[tuple[State, Cue], State]] = {
    "continue": ALTERNATE,
    "answer": ALTERNATE,
    "trade": TRADE,
    "duet": TOGETHER,
    "harmonise": TOGETHER,
    "follow": TOGETHER,
}


def follow(mode: Mode, state: State, cue: Cue) -> State:
    """The state after ``cue``; a cue that means nothing in a state leaves it. Silence ends every turn."""
    return "rest" if cue == "silence" else MACHINES[mode].get((state, cue), state)


SHORTEST_S, LONGEST_S = 0.4, 2.0  # limits of the silence that ends a phrase
FACTOR = 1.5  # times the long ones among the steps between onsets
UNKNOWN_S = 0.8  # before any step was heard
CHORD_S = 0.04  # onsets closer than this are one


class Phrase:
    """The player's phrase as it goes on, and the silence that would end it.

    The silence adapts: half as long again as nine in ten of the steps between the last onsets. Keys that are still down
    double it, because a held chord may go on.
    """

    def __init__(self) -> None:
        self.start_s: float | None = None  # None: nothing played yet
        self.last_s = 0.0  # when a key was last struck or let go
        self._onset_s = 0.0
        self._steps: deque[float] = deque(maxlen=32)
        self._silence_s = UNKNOWN_S

    def onset(self, time_s: float) -> None:
        """A key goes down."""
        if self.start_s is None:
            self.start_s = time_s
        elif CHORD_S < time_s - self._onset_s < LONGEST_S:
            self._steps.append(time_s - self._onset_s)
            self._silence_s = min(max(FACTOR * float(np.quantile(self._steps, 0.9)), SHORTEST_S), LONGEST_S)
        self._onset_s = self.last_s = time_s

    def release(self, time_s: float) -> None:
        """A key comes up."""
        self.last_s = max(self.last_s, time_s)

    def restart(self) -> None:
        """The phrase is over; the tempo of its steps is remembered."""
        self.start_s = None

    def ends_s(self, silence_s: float, keys_down: bool) -> float:
        """When it will be over if nothing more is played; ``silence_s`` 0 adapts."""
        return self.last_s + (silence_s or self._silence_s) * (2 if keys_down else 1)

    @property
    def onset_s(self) -> float:
        """The last onset."""
        return self._onset_s
