"""Names of pitches, drums, scales and chords, as musicians write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from antiphon.errors import OptionError, unknown

PITCH_CLASSES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
BLACK_KEYS = frozenset({1, 3, 6, 8, 10})  # pitch classes

FIRST_DRUM = 35
DRUM_NAMES = (  # General MIDI percussion, pitches 35 to 81
    "kick 2", "kick", "side stick", "snare", "clap", "snare 2", "low floor tom", "closed hi-hat", "high floor tom",
    "pedal hi-hat", "low tom", "open hi-hat", "low mid tom", "high mid tom", "crash", "high tom", "ride", "china",
    "ride bell", "tambourine", "splash", "cowbell", "crash 2", "vibraslap", "ride 2", "high bongo", "low bongo",
    "mute high conga", "open high conga", "low conga", "high timbale", "low timbale", "high agogo", "low agogo",
    "cabasa", "maracas", "short whistle", "long whistle", "short guiro", "long guiro", "claves", "high wood block",
    "low wood block", "mute cuica", "open cuica", "mute triangle", "open triangle",
)  # fmt: skip


def pitch_name(pitch: int) -> str:
    """``60`` → ``C4``: middle C is C4, as in scientific pitch notation."""
    return f"{PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"


def drum_name(pitch: int) -> str:
    """``38`` → ``snare``; ``drum 20`` for a pitch that General MIDI gives no drum."""
    index = pitch - FIRST_DRUM
    return DRUM_NAMES[index] if 0 <= index < len(DRUM_NAMES) else f"drum {pitch}"


def is_black_key(pitch: int) -> bool:
    """Whether a pitch is a black key of the piano."""
    return pitch % 12 in BLACK_KEYS


LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SIGNS = {"#": 1, "♯": 1, "b": -1, "♭": -1}
_PITCH_CLASS = r"[A-Ga-g][#♯b♭]{0,2}"
_PITCH = re.compile(rf"({_PITCH_CLASS})(-?\d{{1,2}})")

SHARPS = "FCGDAEB"  # the letters in the order in which key signatures sharpen them; backwards, flatten them
# How well each pitch class fits a key, as listeners rated it: Krumhansl and Kessler 1982, from the tonic upwards.
PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}

SCALES: Mapping[str, tuple[int, ...]] = {  # semitones above the tonic
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),  # natural
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),  # rising
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "whole tone": (0, 2, 4, 6, 8, 10),
    "octatonic": (0, 2, 3, 5, 6, 8, 9, 11),
    "hungarian minor": (0, 2, 3, 6, 7, 8, 11),
    "chromatic": tuple(range(12)),
}

CHORDS: Mapping[str, tuple[int, ...]] = {  # semitones above the root, by what is written behind it
    "": (0, 4, 7),
    "maj": (0, 4, 7),
    "m": (0, 3, 7),
    "min": (0, 3, 7),
    "-": (0, 3, 7),
    "dim": (0, 3, 6),
    "°": (0, 3, 6),
    "aug": (0, 4, 8),
    "+": (0, 4, 8),
    "5": (0, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "M7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "min7": (0, 3, 7, 10),
    "mM7": (0, 3, 7, 11),
    "dim7": (0, 3, 6, 9),
    "°7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "ø": (0, 3, 6, 10),
    "7sus4": (0, 5, 7, 10),
    "9": (0, 2, 4, 7, 10),
    "maj9": (0, 2, 4, 7, 11),
    "m9": (0, 2, 3, 7, 10),
    "add9": (0, 2, 4, 7),
    "13": (0, 2, 4, 7, 9, 10),
}


class Scale(NamedTuple):
    """A tonic and the pitch classes allowed with it; of a bare list of pitch classes the tonic is the first."""

    tonic: int
    pitch_classes: frozenset[int]


class Chord(NamedTuple):
    """A chord for some time: its name as written, root, pitch classes, and how long in units of the progression."""

    name: str
    root: int
    pitch_classes: frozenset[int]
    length: float


def pitch_class(name: str) -> int:
    """``"F#"``, ``"Gb"``, ``"f♯"`` → 6. Raises OptionError for what is no pitch class."""
    text = name.strip()
    if not re.fullmatch(_PITCH_CLASS, text):
        raise OptionError(f"{name!r} is no pitch class; write a letter from A to G, with # or b where needed: F#, Bb")
    return (LETTERS[text[0].upper()] + sum(SIGNS[sign] for sign in text[1:])) % 12


def key_fifths(tonic: str) -> int:
    """``"D"`` → 2, ``"Bb"`` → -2: the sharps of a major key's signature, flats below 0."""
    return SHARPS.index(tonic[0]) - 1 + 7 * sum(SIGNS[sign] for sign in tonic[1:])


def pitch(name: str) -> int:
    """``"C4"`` → 60, ``"Bb3"`` → 58, ``"60"`` → 60: the inverse of :func:`pitch_name`. Raises OptionError."""
    text = name.strip()
    found = _PITCH.fullmatch(text)
    if text.isascii() and text.isdigit():
        number = int(text)
    elif found:
        letter, octave = found.groups()
        signs = sum(SIGNS[sign] for sign in letter[1:])
        number = LETTERS[letter[0].upper()] + signs + 12 * (int(octave) + 1)
    else:
        raise OptionError(f"{name!r} is no pitch; write a name with its octave, such as C4, F#3 or Bb5, or 0 to 127")
    if not 0 <= number <= 127:
        raise OptionError(f"pitch {name!r} is out of range: C-1 to G9, or 0 to 127")
    return number


def scale(text: str) -> Scale:
    """``"D minor"``, ``"C lydian"``, ``"Am"``, or pitch classes: ``"C E G"``, ``"C,E,G"``. Raises OptionError."""
    words = text.replace(",", " ").split()
    if words and all(re.fullmatch(_PITCH_CLASS, word) for word in words):
        listed = [pitch_class(word) for word in words]
        if len(words) == 1:  # a bare letter is the major key, as musicians say it
            return Scale(listed[0], frozenset((listed[0] + s) % 12 for s in SCALES["major"]))
        return Scale(listed[0], frozenset(listed))
    if len(words) == 1 and re.fullmatch(_PITCH_CLASS + "m", words[0]):
        words = [words[0][:-1], "minor"]
    if len(words) < 2 or not re.fullmatch(_PITCH_CLASS, words[0]):
        raise OptionError(f"{text!r} is no key; write one such as 'D minor' or 'C lydian', or pitch classes: 'C E G'")
    mode = " ".join(words[1:]).lower()
    if mode not in SCALES:
        raise OptionError(unknown("scale", mode, SCALES))
    tonic = pitch_class(words[0])
    return Scale(tonic, frozenset((tonic + semitones) % 12 for semitones in SCALES[mode]))


def chord(text: str) -> Chord:
    """``"Am"``, ``"F#maj7"``, ``"C/E"``, ``"Dm7:2"``: a bass note is one more tone; ``:2`` is its length.

    Raises OptionError for a name that is not known.
    """
    name, colon, length_text = text.partition(":")
    body, slash, bass = name.partition("/")
    found = re.match(r"[A-G][#♯b♭]?", body)
    if not found:
        raise OptionError(f"{text!r} is no chord; write a root from A to G and what it is: Am, F#7, Bbmaj7, C/E")
    quality = body[found.end() :].replace("♭", "b")
    if quality not in CHORDS:
        raise OptionError(unknown(f"chord {name!r}: after the root", quality, (q for q in CHORDS if q)))
    root = pitch_class(found[0])
    tones = {(root + semitones) % 12 for semitones in CHORDS[quality]}
    tones |= {pitch_class(bass)} if slash else set()
    return Chord(name, root, frozenset(tones), _length(text, length_text) if colon else 1.0)


def _length(text: str, written: str) -> float:
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", written) or not 0.25 <= float(written) <= 64:
        raise OptionError(f"{text!r}: {written!r} is no length; behind the colon stands a number from 0.25 to 64")
    return float(written)


def progression(text: str) -> tuple[Chord, ...]:
    """``"Am F C G"``, ``"| Dm7 | G7 | Cmaj7:2 |"``: bars and line ends are for the eye, ``%`` repeats a chord.

    What follows ``;`` on a line is a comment. Raises OptionError for a chord that is not known and where none is.
    """
    chords: list[Chord] = []
    lines = (line.partition(";")[0] for line in text.splitlines())
    for word in " ".join(lines).replace("|", " ").replace(",", " ").split():
        if word == "%" and not chords:
            raise OptionError(f"{text!r} begins with %, which repeats the chord before it; begin with a chord")
        chords.append(chords[-1] if word == "%" else chord(word))
    if not chords:
        raise OptionError(f"{text!r} names no chord; write some, such as 'Am F C G'")
    return tuple(chords)
