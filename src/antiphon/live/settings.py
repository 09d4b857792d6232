"""Everything that a player can set, most of it while the music goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from antiphon import theory
from antiphon.conditions import LEVELS
from antiphon.errors import OptionError, unknown
from antiphon.generate.constraints import Constraints
from antiphon.generate.options import Value
from antiphon.generate.options import settings as numbers
from antiphon.generate.sampling import ATTRIBUTES, Sampling
from antiphon.generate.timeline import Timeline
from antiphon.generate.wishes import HEED, check_heed
from antiphon.theory import Chord, Scale

Mode: TypeAlias = Literal["continue", "answer", "duet", "harmonise", "trade", "follow"]
Ending: TypeAlias = Literal["silence", "pedal", "key", "bar"]
Entrance: TypeAlias = Literal["now", "beat", "bar"]
Place: TypeAlias = Literal["anywhere", "below", "above"]
Lateness: TypeAlias = Literal["drop", "delay", "thin"]

TRADE_BPM = 100.0  # of trading, where nobody sets a tempo
_WISHES = {"composer": "composer", "density": "wished_density", "dynamics": "dynamics", "register": "register"}
BOUNDS = {"density": "a number, such as density=4", "register": "lowest and highest"}  # what promises what is wished


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """How a session plays; change them with :meth:`Session.change`."""

    mode: Mode = "answer"
    # What it plays.
    temperature: float = 1.0  # above 0 and at most 10; 1 is the model's own
    top_k: int = 0  # only so many of the likeliest codes; 0: all
    top_p: float = 1.0  # nucleus sampling; 1: all
    min_p: float = 0.0  # only codes at least so likely as this share of the likeliest
    typical: float = 1.0  # locally typical sampling; 1: all
    temperatures: str = ""  # of single attributes, instead of `temperature`: "pitch=1.1,step=0.9"
    repetition: float = 1.0  # pitches heard within the window get this many times less likely; 1: no penalty
    repetition_window: int = 32  # notes, 1 to 1000
    density: float = 0.0  # most notes a second that the model begins; 0: as many as it likes
    lowest: int = 0  # the model's register: pitches 0 to 127, both ends inside
    highest: int = 127
    softest: int = 1  # the model's velocities, 1 to 127, before `volume`; both ends inside
    loudest: int = 127
    polyphony: int = 0  # most notes that sound at once of the model's; 0: any number
    place: Place = "anywhere"  # below or above what the player plays, within the register
    key: str = ""  # such as "C major" or "F# minor": only notes of its scale; empty: any
    chords: str = ""  # the lane to follow, a chord a bar: "Dm7 G7 C"; empty: what the left hand holds
    split: int = 55  # keys below this are the left hand when following
    voices: int = 2  # notes that harmonise adds to each note, 1 to 4
    program: int = 0  # the model's instrument, 0 to 127, for models that know instruments
    played_program: int = 0  # the player's
    volume: float = 1.0  # factor of the model's velocities, 0 to 2
    # What it is asked for, if it was trained to hear it; empty: nothing. Nothing is promised. Who opens a model tells
    # it: see :attr:`wishes`.
    composer: str = ""  # in whose manner: "chopin"
    wished_density: str = ""  # `density` in a word: "sparse" to "dense"
    dynamics: str = ""  # "softest" to "loudest"
    register: str = ""  # "lowest" to "highest"
    heed: float = HEED  # how much wishes count; 1: as the model was trained, and half the work
    # Whose turn it is.
    ending: Ending = "silence"  # what else ends a phrase, beside the key command
    silence_s: float = 0.0  # so long a silence ends a phrase; 0: adapts to the playing
    answer_s: float = 0.0  # length of an answer; 0: like the phrase
    bars: int = 4  # of each turn when trading
    # The beat.
    tempo: float = 0.0  # beats a minute; 0: follows the player, or a MIDI clock where one runs
    beats: int = 4  # in a bar
    entrance: Entrance = "beat"  # the model begins at once, on a beat, or on a bar line
    grid: str = ""  # its notes begin and end on these lines where there is a beat: "1/16", "1/8t"; empty: anywhere
    swing: float = 0.5  # share of two grid steps that the first takes: 0.5, even, to 0.8
    click: bool = False  # the metronome; trading always has it
    clock: bool = False  # send MIDI clock ticks
    # Keeping time.
    ahead_s: float = 0.5  # so far ahead it composes
    late_s: float = 0.05  # later than this, `lateness` decides
    lateness: Lateness = "drop"
    longest_note_s: float = 8.0  # no note of the model's lasts longer
    longest_hold_s: float = 60.0  # a key that seems held longer has been missed coming up
    echo_s: float = 0.03  # the model's own note coming back within this is no playing; 0: no loop to fear

    def __post_init__(self) -> None:
        self._check_names()
        self._check_ranges()
        if self.lowest > self.highest:
            raise OptionError(f"lowest {self.lowest} is above highest {self.highest}: turn them round")
        if self.softest > self.loudest:
            raise OptionError(f"softest {self.softest} is above loudest {self.loudest}: turn them round")
        _ = self.sampling, self.scale, self.lane, self.lines
        check_heed(self.heed)

    @cached_property
    def sampling(self) -> Sampling:
        """How codes are drawn."""
        return Sampling(
            temperature=self._temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            typical=self.typical,
            repetition=self.repetition,
            repetition_window=self.repetition_window,
        )

    @property
    def _temperature(self) -> float | dict[str, float]:
        """One, or one for each attribute where some have their own."""
        if not self.temperatures:
            return self.temperature
        own = numbers(self.temperatures, "temperatures", ATTRIBUTES, "pitch=1.1,step=0.9")
        return dict.fromkeys(ATTRIBUTES, self.temperature) | own

    @cached_property
    def scale(self) -> Scale | None:
        """The key's pitch classes."""
        return theory.scale(self.key) if self.key else None

    @cached_property
    def lane(self) -> tuple[Chord, ...]:
        """The chords to follow."""
        return theory.progression(self.chords) if self.chords else ()

    @cached_property
    def lines(self) -> Timeline | None:
        """The grid, of any tempo."""
        wanted = Constraints(grid=self.grid or None, tempo=120 if self.grid else None, swing=self.swing)
        return Timeline(wanted) if self.grid else None

    @property
    def wishes(self) -> dict[str, Value]:
        """What the model is asked for, as :func:`antiphon.generate.wishes.wished` takes it; empty: nothing."""
        said = {name: getattr(self, field) for name, field in _WISHES.items() if getattr(self, field)}
        return {**said, "heed": self.heed} if said else {}

    @property
    def clicks(self) -> bool:
        """Whether the metronome is to be heard."""
        return self.click or self.mode == "trade"

    @property
    def bpm(self) -> float:
        """The tempo that is set, 0 where the player's counts; bars that are traded need one."""
        return self.tempo or (TRADE_BPM if self.mode == "trade" else 0)

    def _check_names(self) -> None:
        for name, kind in _NAMES.items():
            value = getattr(self, name)
            if value not in get_args(kind):
                raise OptionError(unknown(name, str(value), get_args(kind)))
        for name, (words, _) in LEVELS.items():
            word = getattr(self, _WISHES[name])
            if word and word not in words:
                also = " A number is a bound: the most notes a second." if name == "density" else ""
                raise OptionError(unknown(name, word, words) + also)

    def _check_ranges(self) -> None:
        for name, (low, high, zero) in _RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and (low <= value <= high or (zero and value == 0))):
                raise OptionError(
                    f"{name} {value} is out of range: {low:g} to {high:g}{f', or 0 for {zero}' * bool(zero)}"
                )


_NAMES = {"mode": Mode, "ending": Ending, "entrance": Entrance, "place": Place, "lateness": Lateness}
_RANGES = {  # lowest, highest, and what 0 stands for where it is not in between
    "density": (0.1, 100, "as many as the model likes"),
    "lowest": (0, 127, ""),
    "highest": (0, 127, ""),
    "softest": (1, 127, ""),
    "loudest": (1, 127, ""),
    "polyphony": (1, 128, "any number"),
    "split": (0, 127, ""),
    "program": (0, 127, ""),
    "played_program": (0, 127, ""),
    "voices": (1, 4, ""),
    "volume": (0, 2, ""),
    "silence_s": (0.05, 60, "adapting to the playing"),
    "answer_s": (0.1, 600, "as long as the phrase"),
    "bars": (1, 64, ""),
    "tempo": (20, 400, "following the player"),
    "beats": (1, 16, ""),
    "ahead_s": (0.01, 10, ""),
    "late_s": (0.001, 10, ""),
    "longest_note_s": (0.05, 600, ""),
    "longest_hold_s": (1, 3600, ""),
    "echo_s": (0.001, 1, "no suppression"),
}


def field_of(name: str, value: object) -> str:
    """The field that a setting means: a word for the density is a wish, a number a bound; all others are their own.

    So is a temperature by attribute, such as "pitch=1.1", another field than one for all.
    """
    if name == "temperature" and isinstance(value, str) and "=" in value:
        return "temperatures"
    return _WISHES[name] if name == "density" and isinstance(value, str) and not _is_number(value) else name


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
