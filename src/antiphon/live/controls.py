"""What can be turned while the music plays, under one name each: for keys, controllers, OSC and the command line.

A dial goes from one end to the other, a switch through a list, a command is done. Names and ranges are here; the value
of most is a field of :class:`~antiphon.live.settings.LiveSettings`, of the others a field of :class:`Shell`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, get_args

from antiphon.errors import OptionError, unknown
from antiphon.instruments import NAMES, program
from antiphon.live.settings import Ending, Entrance, LiveSettings, Mode, Place
from antiphon.theory import PITCH_CLASSES

COMMANDS = {
    "panic": "end every note now",
    "hand-over": "your phrase is over: the model plays",
    "take": "save this recording and begin the next",
    "quit": "end every note, save, and go",
}
KEYS = ("", *(f"{name} {kind}" for name in PITCH_CLASSES for kind in ("major", "minor")))


@dataclass(frozen=True, kw_only=True)
class Shell:
    """What is set beside the session's settings."""

    instrument: str = NAMES[0]  # the player's
    model_instrument: str = NAMES[0]
    player_volume: float = 1.0  # 0 to 2
    model: str = ""  # a name or folder


@dataclass(frozen=True)
class Dial:
    """A number between two ends."""

    field: str
    low: float
    high: float
    step: float  # of one turn; a factor on a dial that multiplies
    what: str
    multiplies: bool = False
    zero: str = ""  # what 0 means, where it lies below ``low``: the first turn
    whole: bool = False


@dataclass(frozen=True)
class Switch:
    """One of a list; ``free`` takes other text too, checked where it is used."""

    field: str
    values: tuple[str, ...]
    what: str
    free: bool = False


CONTROLS: dict[str, Dial | Switch] = {
    "mode": Switch("mode", get_args(Mode), "what the model does"),
    "temperature": Dial("temperature", 0.3, 2, 0.05, "below 1 safer, above 1 wilder"),
    "density": Dial("density", 0.5, 32, 2**0.25, "most notes a second", multiplies=True, zero="free"),
    "place": Switch("place", get_args(Place), "where the model plays, beside you"),
    "lowest": Dial("lowest", 0, 127, 1, "the model's lowest pitch", whole=True),
    "highest": Dial("highest", 0, 127, 1, "the model's highest pitch", whole=True),
    "key": Switch("key", KEYS, "only notes of this scale", free=True),
    "chords": Switch("chords", ("",), "the lane to follow", free=True),
    "volume": Dial("volume", 0, 2, 0.1, "of the model"),
    "player-volume": Dial("player_volume", 0, 2, 0.1, "of your notes"),
    "instrument": Switch("instrument", NAMES, "yours", free=True),
    "model-instrument": Switch("model_instrument", NAMES, "the model's", free=True),
    "model": Switch("model", (), "who plays", free=True),
    "tempo": Dial("tempo", 40, 240, 1, "beats a minute", zero="yours", whole=True),
    "click": Switch("click", ("off", "on"), "the metronome"),
    "entrance": Switch("entrance", get_args(Entrance), "when the model begins"),
    "ending": Switch("ending", get_args(Ending), "what ends your phrase"),
}


@dataclass(frozen=True)
class Desk:
    """All values at one moment; every change is a new desk."""

    settings: LiveSettings
    shell: Shell
    models: tuple[str, ...] = ()  # for the switch of that name

    def value(self, name: str) -> float | str:
        """What a control is at now."""
        field = control(name).field
        held = getattr(self.shell if hasattr(self.shell, field) else self.settings, field)
        return ("off", "on")[held] if isinstance(held, bool) else held

    def shown(self, name: str) -> str:
        """The value for people."""
        knob, value = control(name), self.value(name)
        if isinstance(knob, Switch):
            return str(value) or "any"
        if not value and knob.zero:
            return knob.zero
        return f"{value:g}" if knob.whole else f"{value:.2f}".rstrip("0").rstrip(".")

    def with_settings(self, **changes: Any) -> Desk:
        """With other fields of the settings; raises OptionError for values that are not allowed."""
        return replace(self, settings=replace(self.settings, **changes))

    def set(self, name: str, value: float | str) -> Desk:
        """With another value, given as a number or as text; raises OptionError for one that is not allowed."""
        knob = control(name)
        if isinstance(knob, Switch):
            return self._switched(name, knob, str(value))
        try:
            number = float(value)
        except ValueError as error:
            raise OptionError(f"{name} {value!r} is no number: {knob.low:g} to {knob.high:g}") from error
        if not (knob.low <= number <= knob.high or (knob.zero and number == 0)):
            raise OptionError(f"{name} {number:g} is out of range: {knob.low:g} to {knob.high:g}")
        return self._with(knob.field, round(number) if knob.whole else number)

    def nudged(self, name: str, steps: int) -> Desk:
        """So many steps up or down, not beyond the ends; a switch goes round."""
        knob, value = control(name), self.value(name)
        if isinstance(knob, Switch):
            values = self._values(knob)
            at = values.index(str(value)) if str(value) in values else 0
            return self.set(name, values[(at + steps) % len(values)]) if values else self
        return self.set(name, _turned(knob, float(value), steps))

    def at(self, name: str, share: float) -> Desk:
        """As a controller says it: 0 is the lower end of a dial or the first of a list, 1 the other end."""
        knob, share = control(name), min(max(share, 0.0), 1.0)
        if isinstance(knob, Switch):
            values = self._values(knob)
            return self.set(name, values[round(share * (len(values) - 1))]) if values else self
        if knob.multiplies:
            return self.set(name, min(knob.low * (knob.high / knob.low) ** share, knob.high))
        return self.set(name, knob.low + share * (knob.high - knob.low))

    def _values(self, knob: Switch) -> tuple[str, ...]:
        return self.models if knob.field == "model" else knob.values

    def _switched(self, name: str, knob: Switch, value: str) -> Desk:
        if knob.field in ("instrument", "model_instrument"):
            value = NAMES[min(program(value), len(NAMES) - 1)]
        elif not knob.free and value not in knob.values:
            raise OptionError(unknown(name, value, knob.values))
        return self._with(knob.field, value == "on" if knob.field == "click" else value)

    def _with(self, field: str, value: Any) -> Desk:
        if hasattr(self.shell, field):
            return replace(self, shell=replace(self.shell, **{field: value}))
        return replace(self, settings=replace(self.settings, **{field: value}))


def control(name: str) -> Dial | Switch:
    """A control by its name; raises OptionError, with a suggestion, for none."""
    if name not in CONTROLS:
        raise OptionError(unknown("control", name, CONTROLS))
    return CONTROLS[name]


def _turned(knob: Dial, value: float, steps: int) -> float:
    """A dial's value some steps on; one with a meaning of 0 has it below its lower end."""
    if knob.zero and value == 0:
        return 0 if steps < 0 else knob.low
    new = value * knob.step**steps if knob.multiplies else value + steps * knob.step
    if knob.zero and new < knob.low * (1 - 1e-9):
        return 0
    return round(min(max(new, knob.low), knob.high), 6)
