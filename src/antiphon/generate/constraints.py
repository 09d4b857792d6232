"""Constraints: what may be written at all, as options; ``rules.py`` applies them.

Every option left at None, 0 or its widest value asks for nothing. A constraint is a guarantee about the music that
comes out: no note breaks it, whatever the model and the sampling. Times are exact to a tick of the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from antiphon import theory
from antiphon.errors import OptionError, unknown

GRIDS = ("1/1", "1/2", "1/4", "1/8", "1/16", "1/32", "1/2t", "1/4t", "1/8t", "1/16t")  # t: triplets
METRES = tuple(f"{n}/{d}" for d in (2, 4, 8, 16) for n in range(1, 17))
LONGEST_S = 30.0  # a step or a duration that may be asked for; codes go to a minute


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """Guarantees about the notes that a model writes; not about a prompt's."""

    key: str | None = None  # "D minor", "C lydian", or pitch classes: "C E G"
    pitch_low: int = 0  # lowest and highest pitch, 0 to 127
    pitch_high: int = 127
    forbidden: tuple[int, ...] = ()  # pitches that never sound
    polyphony: int | None = None  # notes that sound at once, at most; a drone's count
    step_min_s: float | None = None  # seconds from an onset to the next; above 0, there are no chords
    step_max_s: float | None = None
    duration_min_s: float | None = None  # seconds that a note sounds
    duration_max_s: float | None = None
    velocity_low: int = 1  # softest and loudest, 1 to 127
    velocity_high: int = 127
    density_low: float | None = None  # notes a second: in each window (t, t + density_window_s] of the piece at least …
    density_high: float | None = None  # … and at most so many times its length
    density_window_s: float = 4.0
    tempo: float | None = None  # beats a minute; a beat is the metre's lower number, 1/4 in 4/4
    metre: str = "4/4"
    grid: str | None = None  # onsets and ends lie on these: "1/16", "1/8t"; needs a tempo
    swing: float = 0.5  # share of a pair of grid steps that the first takes: 0.5 even, 0.67 triplets
    chords: str | None = None  # "Am F C G", over and over: each note begins with a tone of the chord; needs a tempo
    bars_per_chord: float = 1.0
    passing: bool = False  # off the beat, notes need not belong to the chord
    drone: tuple[int, ...] = ()  # pitches struck again and again, sounding through
    drone_s: float | None = None  # seconds from strike to strike; None: a bar, or 4 s without a tempo

    def __post_init__(self) -> None:
        self._check_pitches()
        self._check_times()
        self._check_metre()

    def _check_pitches(self) -> None:
        if self.key is not None:
            theory.scale(self.key)
        for what, low, high, least in (
            ("pitches", self.pitch_low, self.pitch_high, 0),
            ("velocities", self.velocity_low, self.velocity_high, 1),
        ):
            if not least <= low <= high <= 127:
                raise OptionError(f"{what} from {low} to {high} are out of range: {least} to 127, the lower first")
        for what, pitches in (("forbidden pitch", self.forbidden), ("drone", self.drone)):
            for pitch in pitches:
                if not 0 <= pitch <= 127:
                    raise OptionError(f"{what} {pitch} is out of range: 0 to 127; middle C is 60")
        if len(set(self.drone)) > 8:
            raise OptionError(f"a drone of {len(set(self.drone))} notes is out of range: at most 8")
        if self.polyphony is not None and not 1 <= self.polyphony <= 128:
            raise OptionError(f"a polyphony of {self.polyphony} is out of range: 1 to 128 notes at once")

    def _check_times(self) -> None:
        longest = f"0 to {LONGEST_S:g} seconds"
        for what, value, least in (
            ("a shortest step", self.step_min_s, 0.0),
            ("a longest step", self.step_max_s, 0.01),
            ("a shortest duration", self.duration_min_s, 0.0),
            ("a longest duration", self.duration_max_s, 0.01),
        ):
            if value is not None and not least <= value <= LONGEST_S:
                raise OptionError(f"{what} of {value} seconds is out of range: {longest}, at least {least:g}")
        for what, value in (("a lowest density", self.density_low), ("a highest density", self.density_high)):
            if value is not None and not 0 < value <= 100:
                raise OptionError(f"{what} of {value} notes a second is out of range: above 0 and at most 100")
        if not 0.5 <= self.density_window_s <= 20:
            raise OptionError(f"a density window of {self.density_window_s} seconds is out of range: 0.5 to 20")
        if self.drone_s is not None and not 0.5 <= self.drone_s <= 30:
            raise OptionError(f"a drone struck every {self.drone_s} seconds is out of range: 0.5 to 30")

    def _check_metre(self) -> None:
        if self.tempo is not None and not (math.isfinite(self.tempo) and 10 <= self.tempo <= 400):
            raise OptionError(f"tempo {self.tempo} is out of range: 10 to 400 beats a minute")
        if self.metre not in METRES:
            raise OptionError(unknown("metre", self.metre, METRES))
        if self.grid is not None and self.grid not in GRIDS:
            raise OptionError(unknown("grid", self.grid, GRIDS))
        if not 0.5 <= self.swing <= 0.8:
            raise OptionError(f"swing {self.swing} is out of range: 0.5, even, to 0.8; triplets are 0.667")
        if not 0.25 <= self.bars_per_chord <= 64:
            raise OptionError(f"{self.bars_per_chord} bars a chord is out of range: 0.25 to 64")
        if self.chords is not None:
            theory.progression(self.chords)
        for what, wanted in (("a grid", self.grid), ("chords over time", self.chords)):
            if wanted is not None and self.tempo is None:
                raise OptionError(f"{what} ({wanted}) needs a tempo: give one, such as 96")
        if self.swing != 0.5 and self.grid is None:
            raise OptionError(f"swing {self.swing} needs a grid: give one, such as 1/8")
