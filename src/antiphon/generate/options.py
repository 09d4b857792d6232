"""The options of writing by name, as a person gives them: on the command line, in a preset, in the record of a file.

One table, OPTIONS, says what there is; :func:`control` makes a Control of what was given. An option that is not given
is left out, so that a preset can be laid under a command line. Importing this loads no library: ``--help`` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from antiphon import theory
from antiphon.errors import OptionError, unknown

if TYPE_CHECKING:
    from antiphon.generate.control import Control

Value: TypeAlias = str | int | float | bool
Read: TypeAlias = Callable[[Any], dict[str, Any]]  # a value: fields of Control ("sampling.top_k") and what they become

DEFAULT_SECONDS = 60.0
_NUMBER = r"(?:\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})"


class Option(NamedTuple):
    """One option: of which type its value is, how ``--help`` shows it, and what it does to a Control, if anything."""

    kind: type[Value]
    metavar: str
    help: str
    read: Read | None = None


def _to(place: str) -> Read:
    """A value that goes into one field as it is."""
    return lambda value: {place: value}


def _rule(field: str) -> Read:
    return _to(f"constraints.{field}")


def _draw(field: str) -> Read:
    return _to(f"sampling.{field}")


def _span(low: str, high: str, what: str, end: Callable[[str], Any]) -> Read:
    """``A..B``, ``A..`` or ``..B``: two fields."""

    def read(text: str) -> dict[str, Any]:
        first, dots, last = (part.strip() for part in str(text).partition(".."))
        if not dots or not (first or last):
            raise OptionError(f"{what} {text!r} is no range; write both ends, or one: A..B, A.. or ..B")
        return {place: end(part) for place, part in ((low, first), (high, last)) if part}

    return read


def number(text: str, what: str) -> float:
    """A number as text; OptionError naming ``what`` it should have been."""
    if not re.fullmatch(f"[+-]?{_NUMBER}", text.strip()):
        raise OptionError(f"{what}: {text!r} is no number; write one such as 2 or 0.5")
    return float(text)


def settings(text: str, what: str, names: tuple[str, ...], example: str) -> dict[str, float]:
    """``"pitch=1.0,step=0.9"`` → a number for each name. OptionError for another name, or for what is no number."""
    found = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise OptionError(f"{what} {text!r} is not understood at {part!r}; write {example}")
        if name not in names:
            raise OptionError(unknown(f"part of {what}", name, names))
        found[name] = number(value, f"{what} {name}")
    return found


def _temperature(value: Value) -> dict[str, Any]:
    text = str(value)
    if "=" not in text:
        return {"sampling.temperature": number(text, "temperature")}
    from antiphon.generate.sampling import ATTRIBUTES

    return {"sampling.temperature": settings(text, "temperature", ATTRIBUTES, "0.9, or pitch=1.0,step=0.9")}


def _pitches(place: str) -> Read:
    return lambda text: {place: tuple(theory.pitch(name) for name in str(text).replace(",", " ").split())}


def _velocity(text: str) -> int:
    value = number(text, "velocity")
    if not value.is_integer():
        raise OptionError(f"velocity {text!r} is out of range: a whole number from 1 to 127")
    return int(value)


def _ending(text: str) -> dict[str, Any]:
    if str(text).strip().lower() == "tonic":
        return {"ending.cadence": None}
    return {"ending.cadence": theory.PITCH_CLASSES[theory.pitch_class(str(text))]}


def _guard(text: str) -> dict[str, Any]:
    from dataclasses import fields

    from antiphon.generate.guard import Guard

    whole = {field.name: field.type == "int" for field in fields(Guard)}
    given = settings(str(text), "guard", tuple(whole), "same_pitch=6,silence_s=4")
    return {f"guard.{name}": int(value) if whole[name] else value for name, value in given.items()}


def _level(name: str) -> Read:
    """A wish in a word; a Control knows nothing of it."""

    def read(word: str) -> dict[str, Any]:
        from antiphon.generate.wishes import check_level

        check_level(name, str(word))
        return {}

    return read


def _heed(value: Value) -> dict[str, Any]:
    """How much wishes count; a Control knows nothing of them."""
    from antiphon.generate.wishes import check_heed

    check_heed(float(value))
    return {}


def _density(text: str) -> float:
    return number(text, "notes-per-second")


GROUPS: Mapping[str, tuple[str, Mapping[str, Option]]] = {  # title, what it is about, its options
    "prompt": (
        "the music that it is given",
        {
            "from": Option(str, "TIME", "only what of it begins at or after 10s, 1:30 …"),
            "to": Option(str, "TIME", "… and before this"),
            "tracks": Option(str, "TRACKS", "only these tracks of it: 1,3, or by name"),
            "transpose": Option(
                str, "N", "the model hears it N semitones higher, `auto`: where it is at home; moved back in the output"
            ),
            "continue": Option(bool, "", "begin the output with the prompt"),
        },
    ),
    "edit": (
        "what is edited, and how much",
        {
            "change": Option(str, "NAMES", "attributes drawn anew: pitch,step,velocity,duration or all"),
            "amount": Option(float, "X", "share of the notes that change, 0 to 1"),
            "candidates": Option(int, "N", "ways that are tried; the one that leads on best is kept"),
            "gap": Option(int, "N", "semitones kept free below the melody"),
            "voices": Option(int, "N", "notes added below a note of the melody (default 3)"),
            "every": Option(float, "S", "seconds from one added chord to the next, at least (default 0.5)"),
        },
    ),
    "length": (
        "how long, and how it ends (default: 60 seconds, cut)",
        {
            "notes": Option(int, "N", "so many notes", _to("length.notes")),
            "seconds": Option(float, "S", "all notes that begin within so many seconds", _to("length.seconds")),
            "bars": Option(int, "N", "so many bars; needs --tempo", _to("length.bars")),
            "ending": Option(
                str, "PITCH", "close on this pitch (C, Bb), or on the key's `tonic`, and hold it", _ending
            ),
            "hold": Option(
                float, "S", "seconds that the closing note sounds (default: a bar, or 2)", _to("ending.hold_s")
            ),
        },
    ),
    "wishes": (
        "what the model is asked for: it leans that way, nothing is promised; not all models know how",
        {
            "composer": Option(str, "NAME", "in whose manner: chopin"),
            "density": Option(
                str, "WORD", "sparse, low, medium, high or dense (a bound: --notes-per-second)", _level("density")
            ),
            "dynamics": Option(
                str, "WORD", "softest, soft, medium, loud or loudest (a bound: --velocity)", _level("dynamics")
            ),
            "register": Option(
                str, "WORD", "lowest, low, middle, high or highest (a bound: --range)", _level("register")
            ),
            "heed": Option(float, "X", "how much wishes count (default 4); 1: as the model was trained, faster", _heed),
        },
    ),
    "sampling": (
        "how notes are drawn: from more daring to more careful",
        {
            "temperature": Option(
                str, "T", "1 is the model's own; by attribute: pitch=1.0,step=0.9,velocity=…,duration=…", _temperature
            ),
            "top-k": Option(int, "K", "draw only from the K likeliest (default: all)", _draw("top_k")),
            "top-p": Option(float, "P", "nucleus sampling (default 1: all)", _draw("top_p")),
            "min-p": Option(float, "P", "leave out what is less likely than P times the likeliest", _draw("min_p")),
            "typical": Option(float, "P", "locally typical sampling (default 1: all)", _draw("typical")),
            "repetition-penalty": Option(
                float, "F", "pitches just played get F times less likely (default 1)", _draw("repetition")
            ),
            "repetition-window": Option(
                int, "N", "… if among the last N notes (default 32)", _draw("repetition_window")
            ),
            "greedy": Option(bool, "", "always the likeliest; nothing is drawn", _draw("greedy")),
        },
    ),
    "filling": (
        "how a model of the family diffusion fills what is masked",
        {
            "passes": Option(int, "N", "passes in which a block is filled (default 64): more, better and slower"),
            "order": Option(str, "NAME", "what is filled first: random (default), or certain, the surest"),
        },
    ),
    "search": (
        "search for a likely piece instead of drawing one",
        {
            "beam": Option(int, "N", "beam search, N beams wide", _to("search.width")),
            "search": Option(
                str, "NAME", "beam, stochastic or diverse (default with --beam: beam)", _to("search.method")
            ),
            "beam-groups": Option(int, "N", "groups of diverse beams (default 2)", _to("search.groups")),
            "beam-diversity": Option(
                float, "X", "nats that keep diverse groups apart (default 0.5)", _to("search.diversity")
            ),
            "best-of": Option(int, "N", "draw N pieces and keep the likeliest …", _to("search.best_of")),
            "best-by": Option(
                str, "MEASURE", "… or that of the highest measure: novelty; nearest to a value: density=8"
            ),
        },
    ),
    "pitch": (
        "pitches: guarantees, no note breaks them",
        {
            "key": Option(str, "KEY", "'D minor', 'C lydian', or pitch classes: 'C E G'", _rule("key")),
            "range": Option(
                str,
                "A..B",
                "lowest and highest pitch: C2..C6, or one of them: C2..",
                _span("constraints.pitch_low", "constraints.pitch_high", "range", theory.pitch),
            ),
            "forbid": Option(str, "PITCHES", "never these: C4,F#3", _pitches("constraints.forbidden")),
            "drone": Option(
                str, "PITCHES", "struck again and again, sounding through: D2,A2", _pitches("constraints.drone")
            ),
            "drone-every": Option(float, "S", "seconds between strikes (default: a bar, or 4)", _rule("drone_s")),
            "chords": Option(
                str,
                "CHORDS",
                "over and over: 'Am F C G'; a file of them, or of music; model:M, a model of chords; needs --tempo",
                _rule("chords"),
            ),
            "bars-per-chord": Option(float, "N", "bars each chord lasts (default 1)", _rule("bars_per_chord")),
            "passing": Option(bool, "", "off the beat, notes need not belong to the chord", _rule("passing")),
        },
    ),
    "time": (
        "time, density and loudness: guarantees as well",
        {
            "tempo": Option(float, "BPM", "beats a minute, for bars, grid and chords, and in the file", _rule("tempo")),
            "metre": Option(str, "N/D", "3/4, 6/8 (default 4/4)", _rule("metre")),
            "grid": Option(str, "G", "onsets and ends only on the grid: 1/16, 1/8t; needs --tempo", _rule("grid")),
            "swing": Option(float, "X", "share of the first of two grid steps: 0.5 (even) to 0.8", _rule("swing")),
            "max-polyphony": Option(int, "N", "at most N notes sound at once", _rule("polyphony")),
            "notes-per-second": Option(
                str,
                "A..B",
                "density, in every four seconds: 4..8, or one end: ..6",
                _span("constraints.density_low", "constraints.density_high", "notes-per-second", _density),
            ),
            "min-step": Option(float, "S", "seconds from onset to onset, at least", _rule("step_min_s")),
            "max-step": Option(float, "S", "… at most", _rule("step_max_s")),
            "min-duration": Option(float, "S", "seconds that a note sounds, at least", _rule("duration_min_s")),
            "max-duration": Option(float, "S", "… at most", _rule("duration_max_s")),
            "velocity": Option(
                str,
                "A..B",
                "softest and loudest, 1 to 127: 40..90",
                _span("constraints.velocity_low", "constraints.velocity_high", "velocity", _velocity),
            ),
        },
    ),
    "guard": (
        "the guard against loops, collapse and long silence, and against copying",
        {
            "no-guard": Option(bool, "", "the model alone, whatever becomes of it"),
            "guard": Option(str, "SETTINGS", "its bounds: same_pitch=6,silence_s=4,entropy=1,hottest=2", _guard),
            "avoid-copies": Option(
                int, "N", "never N notes in a row as in the training music, transposed or not; needs --corpus"
            ),
        },
    ),
    "output": (
        "instruments, and steps after the model, each reversible",
        {
            "render": Option(str, "HOW", "of a model of chords: block (default) or arpeggio"),
            "instrument": Option(str, "NAME", "a General MIDI name or number (default: piano)"),
            "parts": Option(str, "PARTS", "instruments from low to high, split at pitches: cello,C4,violin"),
            "quantise": Option(str, "GRID", "move notes onto a grid: 1/16, or 1/16,0.8 for four fifths of the way"),
            "tempo-map": Option(str, "MAP", "play its bars at these tempi: '1:96 7:84 8:60'; needs --tempo"),
            "humanise": Option(str, "SETTINGS", "small deviations: timing=10,velocity=5 (ms; velocity)"),
        },
    ),
}
OPTIONS: Mapping[str, Option] = {name: option for _, options in GROUPS.values() for name, option in options.items()}
LENGTHS = ("notes", "seconds", "bars")
_ONE_OF = (LENGTHS, ("instrument", "parts"), ("guard", "no-guard"))  # of each, what is given last counts


def checked(options: Mapping[str, Any], where: str) -> dict[str, Value]:
    """``options`` if each is known and of its type, whole numbers also standing for others; ``where`` names them."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise OptionError(f"{where}: {unknown('option', str(name), OPTIONS)}")
        kind = OPTIONS[name].kind
        fits: tuple[type, ...] = {float: (int, float), str: (str, int, float)}.get(kind, (kind,))
        if not isinstance(value, fits) or (isinstance(value, bool) and kind is not bool):
            raise OptionError(f"{where}: {name} = {value!r} is of the wrong kind; it must be {_KINDS[kind]}")
    return dict(options)


_KINDS: Mapping[type, str] = {int: "a whole number", float: "a number", str: "text in quotes", bool: "true or false"}


def over(below: Mapping[str, Value], above: Mapping[str, Value]) -> dict[str, Value]:
    """``above`` laid over ``below``: of two lengths, say, the one above counts, in whatever it is given."""
    hidden = {name for names in _ONE_OF if any(name in above for name in names) for name in names}
    return {**{name: value for name, value in below.items() if name not in hidden}, **above}


_NEEDS: Mapping[str, tuple[str, str]] = {  # an option that is about another: that one, and what to give
    "best-by": ("best-of", "chooses among several pieces: give best-of, such as 8"),
    "hold": ("ending", "needs an ending: give a pitch such as C, or tonic"),
    "drone-every": ("drone", "needs a drone: give its pitches, such as D2,A2"),
    "bars-per-chord": ("chords", "needs chords: give some, such as 'Am F C G'"),
    "passing": ("chords", "needs chords: give some, such as 'Am F C G'"),
    "repetition-window": ("repetition-penalty", "needs a repetition-penalty: give one, such as 1.2"),
}


def _check_company(options: Mapping[str, Value]) -> None:
    """Raise OptionError for an option that would do nothing, because another one is missing or in its way."""
    for name, (other, advice) in _NEEDS.items():
        if options.get(name) and other not in options:
            raise OptionError(f"{name}{'' if OPTIONS[name].kind is bool else f' {options[name]}'} {advice}")
    wishes = [name for name in GROUPS["wishes"][1] if name != "heed"]
    if "heed" in options and not any(name in options for name in wishes):
        raise OptionError(f"heed {options['heed']} is about wishes: give one of {', '.join(wishes)}")
    for name in ("beam-groups", "beam-diversity"):
        if name in options and options.get("search") != "diverse":
            raise OptionError(f"{name} {options[name]} is about diverse beams: give search diverse")
    if "guard" in options and options.get("no-guard"):
        raise OptionError(f"guard {options['guard']} and no-guard contradict each other: leave one of them out")
    if str(options.get("ending", "")).strip().lower() == "tonic" and "key" not in options:
        raise OptionError("ending tonic needs a key: give one, such as 'D minor', or name the pitch, such as D")


def control(options: Mapping[str, Value], *, endless: bool = False) -> Control:
    """The Control that options ask for; those of other kinds are passed over.

    The guard is on unless ``no-guard``; a piece is a minute long where nothing else is said, unless ``endless``. Raises
    OptionError for a value out of range, or for options that need others.
    """
    from antiphon.generate.control import Control

    parts: dict[str, Any] = {"guard": {}}
    for name, value in options.items():
        read = OPTIONS[name].read
        for place, field in ({} if read is None else read(value)).items():
            part, _, key = place.partition(".")
            parts.setdefault(part, {})[key] = field
    if options.get("no-guard"):
        parts["guard"] = None
    if "beam" in options and "search" not in options:
        parts["search"]["method"] = "beam"
    _check_company(options)
    if "grid" not in options and "quantise" in options:
        parts.get("constraints", {}).pop("swing", None)  # it is that of the notes as they are moved
    if not endless:
        parts.setdefault("length", {"seconds": DEFAULT_SECONDS})
    return Control.from_dict(parts)
