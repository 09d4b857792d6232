"""What a model is asked for as a whole, if it was trained to hear it: whose manner, how dense, how loud, how high.

A wish leans the model's whole distribution towards music of that kind; no note is forbidden, and none is promised. A
constraint is the other way round: a guarantee note by note, from any model, that knows nothing of style. Both may be
given together.

How far it leans is a number, ``heed``. Models trained with conditions follow them faintly by themselves, since the
music at hand says as much; what a wish changes in their distribution is therefore made larger.
"""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.conditions import LEVELS, NAMES
from antiphon.engine import Bundle, Engine, asked
from antiphon.errors import OptionError, unknown
from antiphon.generate.options import Value

_GUARANTEE = {  # the option that promises by number what a wish asks for in a word
    "density": "--notes-per-second",
    "dynamics": "--velocity",
    "register": "--range",
}
HEED = 4.0  # how many times what a wish changes counts, where nothing is said
_LEAST, _MOST = 0.1, 20


def check_heed(heed: float) -> None:
    """Raise OptionError unless wishes can count so much."""
    if not _LEAST <= heed <= _MOST:
        raise OptionError(f"heed {heed:g} is out of range: {_LEAST} to {_MOST}; 1 is as the model was trained")


def check_level(name: str, word: str) -> None:
    """Raise OptionError unless ``word`` is one for density, dynamics or register."""
    words = LEVELS[name][0]
    if word.strip().lower() not in words:
        message = unknown(name, word, words)
        if any(character.isdigit() for character in word):
            message += f" A bound in numbers is {_GUARANTEE[name]} {word}."
        raise OptionError(message)


def wished(
    engine: Engine, bundle: Bundle, options: Mapping[str, Value], bounds: Mapping[str, str] = _GUARANTEE
) -> Engine:
    """The engine of ``bundle`` told what options wish for; itself where they wish for nothing.

    Raises OptionError where the model was trained without conditions, or does not know such a one. ``bounds`` says
    what promises by number what a wish asks for, where there is such a thing.
    """
    wishes = {name: str(options[name]).strip() for name in NAMES if name in options}
    if wishes and bundle.conditions is None:
        name = next(iter(wishes))
        instead = f"leave it out, or bound it with {bounds[name]}" if name in bounds else "leave it out"
        raise OptionError(
            f"the model {bundle.name} cannot be asked for {name} {wishes[name]!r}: it was trained without conditions; "
            f"{instead}, or choose a model whose `antiphon info` lists conditions"
        )
    return asked(engine, bundle, wishes, float(options.get("heed", HEED)))
