"""A melody typed as text: ``"C4 E4 G4:2 r A4"`` becomes a Score.

Words stand between blanks and follow one another in time:

===============  =====================================================================================================
``C4``           a note: letter, ``#`` or ``b`` (``♯`` ``♭``), octave; middle C is ``C4``; a note that gives no octave
                 is in that of the note before it (the first: 4); it lasts one beat
``G4:2``         two beats; also ``:0.5``, ``:1/2`` and ``:1/3``; a beat is a quarter note
``C4+E4+G4:2``   a chord
``r``, ``r:2``   a rest
``E4:2@90``      how loud: a velocity from 1 to 127 (otherwise 80)
``96bpm``        the tempo from here on (otherwise 120)
``3/4``          the metre from here on (otherwise 4/4); it moves no note
``|``            a bar line, for the eye
``;``            a further voice: it begins at the start again, on a track of its own
===============  =====================================================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from antiphon.errors import OptionError
from antiphon.notes import NOTE, TICKS_PER_QUARTER, Score, score
from antiphon.theory import LETTERS, SIGNS

LOUDNESS = 80  # the velocity of a note that names none
_WORD = re.compile(r"(?P<what>[^:@]+)(?::(?P<beats>[^:@]+))?(?:@(?P<velocity>\d{1,4}))?")
_PITCH = re.compile(r"(?P<letter>[A-Ga-g])(?P<sign>[#♯b♭]*)(?P<octave>-?\d)?")
_REST = ("r", "R")
_BEATS = re.compile(r"\d{1,6}(\.\d{1,6})?|\.\d{1,6}|\d{1,6}/[1-9]\d{0,5}")
_LONGEST = 1000  # beats of one note or rest
_VOICES = 64
_END = 100_000  # beats of a whole voice
_EXAMPLE = "write notes such as C4, F#3:2 or C4+E4:1/2, rests such as r or r:2"


def is_melody(text: str) -> bool:
    """Whether a text means a melody rather than a file: its first word beside tempo, metre and bar lines is a note."""
    words = [
        word for word in text.replace(";", " ").split() if word != "|" and _tempo(word) is None and not _metre(word)
    ]
    found = _WORD.fullmatch(words[0]) if words else None
    return found is not None and all(name in _REST or _PITCH.fullmatch(name) for name in found["what"].split("+"))


def read_melody(text: str) -> Score:
    """The music that a text in the notation above writes down. Raises OptionError naming the word that is wrong."""
    reader = _Reader()
    voices = text.split(";")
    if len(voices) > _VOICES:
        raise OptionError(f"the melody has {len(voices)} voices; at most {_VOICES} are allowed")
    for voice in voices:
        reader.voice(voice.split())
    if not reader.notes:
        raise OptionError(f"the melody {text!r} has no notes; {_EXAMPLE}")
    return score(np.array(reader.notes, NOTE), reader.tempos, reader.metres)


@dataclass
class _Reader:
    """What was read so far."""

    notes: list[tuple[int, ...]] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    metres: list[tuple[int, int, int]] = field(default_factory=list)
    voices: int = 0

    def voice(self, words: list[str]) -> None:
        """Take in one voice from its start."""
        now, octave = Fraction(0), 4  # in beats
        for word in words:
            tick = round(now * TICKS_PER_QUARTER)
            if word == "|":
                continue
            if (bpm := _tempo(word)) is not None:
                self.tempos.append((tick, round(60e6 / _in_range(bpm, 4, 1000, "tempo", word))))
            elif metre := _metre(word):
                self.metres.append((tick, *metre))
            else:
                pitches, beats, velocity, octave = _sound(word, octave)
                end = round((now + beats) * TICKS_PER_QUARTER)
                self.notes += [(tick, max(end - tick, 1), p, velocity, 0, self.voices) for p in pitches]
                now += beats
            if now > _END:
                raise OptionError(f"the melody is too long at {word!r}: at most {_END:,} beats are allowed")
        self.voices += 1


def _sound(word: str, octave: int) -> tuple[list[int], Fraction, int, int]:
    """The pitches of a note, chord or rest, its beats and velocity, and the octave of a next note that gives none."""
    found = _WORD.fullmatch(word)
    if not found:
        raise OptionError(f"the melody has {word!r}, which is no note; {_EXAMPLE}")
    pitches = []
    for name in [] if found["what"] in _REST else found["what"].split("+"):
        pitch, octave = _pitch(name, octave, word)
        pitches.append(pitch)
    velocity = LOUDNESS if found["velocity"] is None else int(found["velocity"])
    return pitches, _beats(found["beats"], word), int(_in_range(velocity, 1, 127, "velocity", word)), octave


def _pitch(name: str, octave: int, word: str) -> tuple[int, int]:
    found = _PITCH.fullmatch(name)
    if not found:
        raise OptionError(f"the melody has {word!r}, where {name!r} is no pitch; {_EXAMPLE}")
    octave = int(found["octave"]) if found["octave"] else octave
    pitch = 12 * (octave + 1) + LETTERS[found["letter"].upper()] + sum(SIGNS[sign] for sign in found["sign"])
    return int(_in_range(pitch, 0, 127, "pitch", word, " (C-1 to G9)")), octave


def _beats(text: str | None, word: str) -> Fraction:
    if text is None:
        return Fraction(1)
    if not _BEATS.fullmatch(text):
        raise OptionError(f"the melody has {word!r}, where {text!r} is no number of beats; it may be 2, 0.5 or 1/3")
    beats = Fraction(text)
    if not 0 < beats <= _LONGEST:
        raise OptionError(f"the melody has {word!r}: {text} beats is out of range, above 0 and at most {_LONGEST}")
    return beats


def _tempo(word: str) -> float | None:
    found = re.fullmatch(r"(\d{1,5}(?:\.\d{1,3})?)bpm", word)
    return float(found[1]) if found else None


def _metre(word: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{1,2})/(1|2|4|8|16|32)", word)
    return (int(found[1]), int(found[2])) if found and int(found[1]) else None


def _in_range(value: float, low: float, high: float, what: str, word: str, names: str = "") -> float:
    if not low <= value <= high:
        raise OptionError(f"the melody has {word!r}: {what} {value:g} is out of range, {low} to {high}{names}")
    return value
