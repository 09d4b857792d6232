"""A guard against collapse: it watches a model write, and steps in where the writing has broken down."""

from __future__ import annotations

from dataclasses import dataclass

from antiphon.errors import OptionError

GRAM = 4  # pitches of a run that counts as heard before


@dataclass(frozen=True, kw_only=True)
class Guard:
    """When the guard steps in, and how far it goes."""

    window: int = 48  # notes looked back at
    repeats: int = 4  # times in a row that a block of notes may be played; one more is blocked
    longest_block: int = 8  # notes of a block that is looked for, at most; one alone is a matter of same_pitch
    same_pitch: int = 8  # times in a row that one pitch may be struck, while others are allowed
    entropy: float = 1.0  # nats a note, on average over the window, below which the temperature rises
    repeated: float = 0.7  # share of the window's notes that end a run of pitches heard in it, above which it rises too
    hottest: float = 2.0  # the factor by which the guard raises the temperature at most
    silence_s: float = 8.0  # seconds of silence between two notes, at most

    def __post_init__(self) -> None:
        for what, value, low, high in (
            ("window", self.window, 8, 256),
            ("repeats", self.repeats, 2, 100),
            ("longest_block", self.longest_block, 2, 64),
            ("same_pitch", self.same_pitch, 1, 1000),
            ("entropy", self.entropy, 0, 10),
            ("repeated", self.repeated, 0, 1),
            ("hottest", self.hottest, 1, 10),
            ("silence_s", self.silence_s, 0.5, 60),
        ):
            if not low <= value <= high:
                raise OptionError(f"the guard's {what} {value} is out of range: {low} to {high}")
