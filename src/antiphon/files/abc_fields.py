"""What the fields of ABC say: keys, unit lengths, metres, tempi. Each raises OptionError for what it cannot be."""

from __future__ import annotations

import re
from fractions import Fraction

from antiphon.errors import OptionError
from antiphon.theory import SHARPS, key_fifths

SIGNS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_MODES = {  # fifths below the major key of the same tonic
    "maj": 0, "ion": 0, "m": 3, "min": 3, "aeo": 3, "mix": 1, "dor": 2, "phr": 4, "lyd": -1, "loc": 5, "exp": 0,
}  # fmt: skip
_KEY = re.compile(r"([A-Ga-g])([#b]?)\s*([A-Za-z]*)")
_BELOW = (1, 2, 4, 8, 16, 32, 64, 128)


def signature(words: str) -> dict[str, int]:
    """``"D mixolydian"``, ``"Am"``, ``"HP"``, ``"D exp ^f _b"`` → the accidentals of a key, by letter."""
    if not words or words.lower() == "none":
        return {}
    if words.split()[0] in ("HP", "Hp"):  # the bagpipe's
        return {"F": 1, "C": 1}
    found = _KEY.match(words)
    mode = (found[3].lower()[:3] if found else "") or "maj"
    if not found or mode not in _MODES:
        raise OptionError(f"the key {words!r} is not known; write a tonic and a mode, such as D, Am or E dorian")
    fifths = key_fifths(found[1].upper() + found[2]) - _MODES[mode]
    letters = SHARPS[:fifths] if fifths > 0 else SHARPS[::-1][:-fifths]
    key = {} if mode == "exp" else dict.fromkeys(letters, 1 if fifths > 0 else -1)
    return key | {letter.upper(): SIGNS[sign] for sign, letter in re.findall(r"(\^\^?|__?|=)([A-Ga-g])", words)}


def moved(value: str) -> int:
    """The semitones of ``octave=-1`` or ``transpose=2``, as they stand in keys and voices; 0 where nothing is said."""
    said = re.findall(r"\b(transpose|octave|t)=(-?\d{1,2})", value)
    return sum(int(steps) * (12 if name == "octave" else 1) for name, steps in said)


def without_clef(value: str) -> str:
    """What is left of a key when clefs and the like are taken away."""
    return re.sub(r"\b\w+=\S*|\b(treble|bass|alto|tenor|perc)\S*", "", value).strip()


def unit(value: str) -> Fraction:
    """``"1/8"`` → 1/2, in quarter notes."""
    found = re.fullmatch(r"(\d{1,3})(?:/(\d{1,3}))?", value.replace(" ", ""))
    if not found or not int(found[1]) or int(found[2] or 1) not in _BELOW:
        raise OptionError(f"the unit length {value!r} is none; write one such as L:1/8")
    return Fraction(4 * int(found[1]), int(found[2] or 1))


def metre(value: str) -> tuple[int, int] | None:
    """``"6/8"``, ``"C|"``, ``"(3+2)/8"``; None for free metre."""
    text = value.replace(" ", "")
    if text in ("none", ""):
        return None
    if text in ("C", "C|"):
        return (4, 4) if text == "C" else (2, 2)
    found = re.fullmatch(r"\(?(\d{1,3}(?:\+\d{1,3}){0,9})\)?/(\d{1,3})", text)
    above = sum(map(int, found[1].split("+"))) if found else 0
    if not found or not 0 < above < 256 or int(found[2]) not in _BELOW:
        raise OptionError(f"the metre {value!r} is none; write one such as M:6/8, M:C or M:none")
    return above, int(found[2])


def tempo(value: str, unit: Fraction) -> int | None:
    """``"1/4=120"``, ``'"Allegro" 3/8=60'``, ``"120"`` (of ``unit``) → microseconds a quarter note; None for words."""
    text = re.sub(r'"[^"]*"', "", value).strip()
    pace = re.search(r"(?:^|=\s*)(\d{1,4}(?:\.\d{1,3})?)$", text)
    if pace is None or not float(pace[1]):
        return None
    beats = sum((Fraction(int(a), int(b)) for a, b in re.findall(r"(\d{1,3})/([1-9]\d{0,2})", text)), Fraction(0))
    return min(max(round(60_000_000 / (Fraction(pace[1]) * (4 * beats or unit))), 1), 2**24 - 1)
