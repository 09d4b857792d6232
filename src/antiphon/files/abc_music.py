"""The music of an ABC tune as measures: notes, bars and what may change among them.

Place in the path: under :mod:`antiphon.files.abc`, which finds the tunes and their lines. Lengths are exact fractions
of a quarter note. An accidental holds to the end of its bar in its own octave, as in engraved music and as
music21 has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from antiphon.errors import FileError, OptionError
from antiphon.files import abc_fields as fields
from antiphon.files.played import VELOCITY, Measure, Sound
from antiphon.notes import DEFAULT_TEMPO
from antiphon.theory import LETTERS, Chord, chord

MOST_RESTS = 1000  # bars of one Z
CHORD_VELOCITY, CHORD_OCTAVE = 56, 48  # of chords that are played from their names
FIELDS = "IKLMQV"  # those that change how notes sound
_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # so many in the time of so many; of others the metre decides
_JUMPS = {"D.C.": "dacapo", "D.S.": "dalsegno", "fine": "fine", "Fine": "fine"}
_LENGTH = r"(\d{0,4})(/{0,8})(\d{0,4})"
_NOTE = re.compile(rf"([_^=]{{0,2}})([A-Ga-g])([,']{{0,8}}){_LENGTH}(-?)")
_NUMBERS = r"\d{1,3}(?:[,-]\d{1,3})*"


@dataclass
class _Voice:
    """One voice: where it is, and what holds for its next note."""

    track: int
    unit: Fraction  # of a length, in quarter notes
    key: dict[str, int]
    moved: int = 0  # semitones
    bar: int = 0  # the measure it is in
    place: Fraction = Fraction(0)
    accidentals: dict[str, int] = field(default_factory=dict)
    ties: dict[str, int] = field(default_factory=dict)  # the alteration of notes that go on
    last: int = 0  # the newest notes in the measure's list
    last_length: Fraction = Fraction(0)
    factor: Fraction = Fraction(1)  # of the next length, by broken rhythm
    tuplet: tuple[int, Fraction] = (0, Fraction(1))  # notes left in it, and their factor
    ending: frozenset[int] = frozenset()


class Music:
    """A tune being read; give it fields and lines in order, then :meth:`finish`."""

    def __init__(self, name: str, chords: bool) -> None:
        self._name, self._with_chords, self._line = name, chords, 0
        self.tracks: list[str] = []
        self._measures: list[Measure] = []
        self._voices: dict[str, _Voice] = {}
        self._metre, self._unit = (4, 4), Fraction(0)  # 0: by the metre
        self._key: dict[str, int] = {}
        self._moved = self._program = 0
        self._tempo = ""
        self._voice: _Voice | None = None  # None in the header
        self._names: list[tuple[int, Fraction, Chord]] = []  # chord names, with their measure and place

    # Fields.

    def begin(self) -> None:
        """The header is over."""
        self._unit = self._unit or Fraction(1, 4 if Fraction(*self._metre) < Fraction(3, 4) else 2)
        for voice in self._voices.values():
            voice.unit, voice.key = self._unit, dict(self._key)
            voice.moved += self._moved
        self._voice = next(iter(self._voices.values()), None) or self._voice_of("1", "")
        self._voice.moved = self._voice.moved or self._moved
        tempo = fields.tempo(self._tempo, self._unit) or DEFAULT_TEMPO
        self._measure(0).tempos.append((Fraction(0), tempo))

    def field(self, letter: str, value: str, line: int) -> None:
        """A field of the header, on a line of its own or within the music. Raises FileError with the line."""
        self._line = line
        setters: dict[str, Callable[[str], None]] = {
            "K": self._set_key, "L": self._set_unit, "M": self._set_metre, "Q": self._set_tempo, "V": self._set_voice,
        }  # fmt: skip
        try:
            setters.get(letter, self._set_program)(value)
        except OptionError as error:
            raise self._error(str(error)) from error

    def _set_key(self, value: str) -> None:
        words, moved = fields.without_clef(value), fields.moved(value)
        if self._voice is None:
            self._key, self._moved = fields.signature(words), moved
            return
        self._voice.moved = moved or self._voice.moved
        if words:  # else only a clef
            self._voice.key, self._voice.accidentals = fields.signature(words), {}

    def _set_unit(self, value: str) -> None:
        if self._voice is None:
            self._unit = fields.unit(value)
        else:
            self._voice.unit = fields.unit(value)

    def _set_metre(self, value: str) -> None:
        self._metre = fields.metre(value) or self._metre
        if self._voice is not None:
            self._measure(self._voice.bar).metre = self._metre

    def _set_tempo(self, value: str) -> None:
        if self._voice is None:
            self._tempo = value
        elif tempo := fields.tempo(value, self._unit):
            self._measure(self._voice.bar).tempos.append((self._voice.place, tempo))

    def _set_voice(self, value: str) -> None:
        name, _, rest = value.partition(" ")
        title = re.search(r'\b(?:name|nm)="([^"]*)"', rest)
        voice = self._voice_of(name or "1", title[1] if title else "")
        voice.moved = fields.moved(rest) or voice.moved
        if self._voice is not None:
            self._voice = voice

    def _voice_of(self, name: str, title: str) -> _Voice:
        if name not in self._voices:
            self._voices[name] = _Voice(len(self.tracks), self._unit, dict(self._key), self._moved)
            self.tracks.append(title)
        return self._voices[name]

    def _set_program(self, value: str) -> None:
        found = re.fullmatch(r"(?:MIDI\s+)?program\s+(\d{1,3})", value)
        self._program = min(int(found[1]), 127) if found else self._program

    # Music.

    def line(self, text: str, line: int) -> None:
        """A line of music. Raises FileError for what is no ABC."""
        self._line = line
        at = 0
        while at < len(text):
            for pattern, take in _TOKENS:
                if token := pattern.match(text, at):
                    take(self, self._here(), token)
                    at = token.end()
                    break
            else:
                raise self._error(f"{text[at : at + 12]!r} is no ABC; take it out or correct it")

    def _inline(self, voice: _Voice, token: re.Match[str]) -> None:
        if token[1] in FIELDS:
            self.field(token[1], token[2].strip(), self._line)

    def _note(self, voice: _Voice, token: re.Match[str]) -> None:
        length = self._length(voice, token[4], token[5], token[6])
        self._advance(voice, [(self._pitch(voice, token), bool(token[7]))], length)

    def _pitch(self, voice: _Voice, note: re.Match[str]) -> int:
        """The pitch of a match of _NOTE; what it says of accidentals holds from now on."""
        sign, letter, octave = note[1], note[2].upper(), note[3]
        spelled = note[2] + octave
        alter = voice.ties.pop(spelled, voice.accidentals.get(spelled, voice.key.get(letter, 0)))
        if sign:
            if sign not in fields.SIGNS:
                raise self._error(f"{note[0]!r} has the accidental {sign!r}; allowed are ^ ^^ = _ __")
            alter = voice.accidentals[spelled] = fields.SIGNS[sign]
        if note[7]:
            voice.ties[spelled] = alter
        octaves = octave.count("'") - octave.count(",") + note[2].islower()
        pitch = 60 + 12 * octaves + LETTERS[letter] + alter + voice.moved
        if not 0 <= pitch <= 127:
            raise self._error(f"the note {note[0]!r} is out of range: it would be MIDI pitch {pitch}, of 0 to 127")
        return pitch

    def _length(self, voice: _Voice, above: str, slashes: str, below: str) -> Fraction:
        """A length such as 2, /2, // or 3/2, in quarter notes."""
        divisor = int(below) if below else 2 ** len(slashes)
        if divisor == 0 or (above.strip("0") != above and not int(above)):
            raise self._error(f"the length {above}{slashes}{below} is none; write one such as 2, 3/2 or /2")
        return Fraction(int(above or 1), divisor) * voice.unit

    def _chord(self, voice: _Voice, token: re.Match[str]) -> None:
        """Notes together; the first says how long, and a length behind them multiplies it."""
        notes = list(_NOTE.finditer(token[1]))
        if not notes:
            return
        sounds = [(self._pitch(voice, note), bool(note[7])) for note in notes]
        length = self._length(voice, *notes[0].group(4, 5, 6))
        if token.re.groups > 1:
            length *= self._length(voice, *token.group(2, 3, 4)) / voice.unit
            sounds = [(pitch, tied or bool(token[5])) for pitch, tied in sounds]
        self._advance(voice, sounds, length)

    def _rest(self, voice: _Voice, token: re.Match[str]) -> None:
        self._advance(voice, [], self._length(voice, *token.group(1, 2, 3)))

    def _advance(self, voice: _Voice, notes: list[tuple[int, bool]], length: Fraction) -> None:
        """Notes sound together for a written length, or nothing does."""
        left, factor = voice.tuplet
        length *= voice.factor * (factor if left else 1)
        voice.factor, voice.tuplet = Fraction(1), (max(left - 1, 0), factor)
        measure = self._measure(voice.bar)
        sounds = measure.sounds.setdefault(voice.track, [])
        sounds += [Sound(voice.place, length, pitch, VELOCITY, self._program, tied) for pitch, tied in notes]
        voice.last, voice.last_length = len(notes), length
        voice.place += length
        measure.length = max(measure.length, voice.place)

    def _tie(self, voice: _Voice, token: re.Match[str]) -> None:
        """A tie that stands apart from its note."""
        if voice.last:
            sounds = self._measure(voice.bar).sounds[voice.track]
            sounds[-voice.last :] = [sound._replace(tied=True) for sound in sounds[-voice.last :]]

    def _break(self, voice: _Voice, token: re.Match[str]) -> None:
        """a>b: the first note gains what the second loses, or the other way."""
        part = Fraction(1, 2 ** len(token[0]))
        longer, shorter = 2 - part, part
        factor, voice.factor = (longer, shorter) if token[0][0] == ">" else (shorter, longer)
        measure = self._measure(voice.bar)
        sounds = measure.sounds.setdefault(voice.track, [])
        voice.place += voice.last_length * (factor - 1)
        measure.length = max(voice.place, measure.length if factor > 1 else Fraction(0))
        if voice.last:
            changed = [sound._replace(length=sound.length * factor) for sound in sounds[-voice.last :]]
            sounds[-voice.last :] = changed

    def _tuplet(self, voice: _Voice, token: re.Match[str]) -> None:
        count = int(token[1])
        if count < 2:
            raise self._error(f"{token[0]!r} is no tuplet; it has 2 to 9 notes, as in (3abc")
        compound = self._metre[0] % 3 == 0 and self._metre[0] > 3
        time = int(token[2] or 0) or _TUPLETS.get(count, 3 if compound else 2)
        voice.tuplet = (int(token[3] or 0) or count, Fraction(time, count))

    def _text(self, voice: _Voice, token: re.Match[str]) -> None:
        """A chord name; other words over the notes are for the eye."""
        written = re.sub(r"/([a-g])", lambda bass: "/" + bass[1].upper(), token[1].strip("()"))
        try:
            self._names.append((voice.bar, voice.place, chord(written)))
        except OptionError:
            return

    def _rests(self, voice: _Voice, token: re.Match[str]) -> None:
        count = int(token[1] or 1)
        if not 0 < count <= MOST_RESTS:
            raise self._error(f"{token[0]!r} is {count} bars of rest; allowed are 1 to {MOST_RESTS}")
        full = Fraction(4 * self._metre[0], self._metre[1])
        for i in range(count):
            self._advance(voice, [], full)
            if i < count - 1:
                self._next(voice)

    def _overlay(self, voice: _Voice, token: re.Match[str]) -> None:
        """& begins the bar again, for a second line in the same voice."""
        voice.place, voice.last = Fraction(0), 0

    def _decoration(self, voice: _Voice, token: re.Match[str]) -> None:
        road = self._measure(voice.bar).road
        road.jump = _JUMPS.get(token[1], road.jump)
        road.segno |= token[1] == "segno"
        road.coda |= token[1] == "coda"

    def _skip(self, voice: _Voice, token: re.Match[str]) -> None:
        """What does not sound."""

    # Bars.

    def _bar(self, voice: _Voice, token: re.Match[str]) -> None:
        """A bar line of any kind, with the numbers of an ending behind it."""
        lines = token[1]
        back, on = len(lines) - len(lines.lstrip(":")), len(lines) - len(lines.rstrip(":"))
        if lines.strip(":") == "":  # :: is both
            back = on = (len(lines) + 1) // 2
        if voice.place:
            self._next(voice)
        if back and voice.bar:
            self._measure(voice.bar - 1).road.passes = back + 1
        if back or on or len(lines) > 1:
            voice.ending = frozenset()
        measure = self._measure(voice.bar)
        measure.road.forward |= on > 0
        if token[2]:
            voice.ending = _numbers(token[2])
        measure.road.endings = voice.ending

    def _end(self, voice: _Voice, token: re.Match[str]) -> None:
        """[1: an ending that begins."""
        voice.ending = _numbers(token[1])
        self._measure(voice.bar).road.endings = voice.ending

    def _next(self, voice: _Voice) -> None:
        voice.bar, voice.place, voice.last, voice.accidentals = voice.bar + 1, Fraction(0), 0, {}

    def _measure(self, index: int) -> Measure:
        while index >= len(self._measures):
            self._measures.append(Measure(metre=self._metre))
        measure = self._measures[index]
        if not measure.length:
            measure.metre = self._metre
        return measure

    def _here(self) -> _Voice:
        assert self._voice
        return self._voice

    def finish(self) -> list[Measure]:
        """The measures, when all has been read."""
        while len(self._measures) > 1 and not self._measures[-1].length:
            self._measures.pop()
        if self._with_chords and self._names:
            self._sound_chords()
        return self._measures

    def _sound_chords(self) -> None:
        """A track of chords, each until the next of its bar or the bar's end."""
        track = len(self.tracks)
        self.tracks.append("chords")
        ends = {(bar, place): self._names[i + 1][1] for i, (bar, place, _) in enumerate(self._names[:-1])
                if self._names[i + 1][0] == bar}  # fmt: skip
        for bar, place, named in self._names:
            length = ends.get((bar, place), self._measure(bar).length) - place
            pitches = [CHORD_OCTAVE + named.root + (pc - named.root) % 12 for pc in sorted(named.pitch_classes)]
            sounds = [Sound(place, length, pitch, CHORD_VELOCITY, 0) for pitch in pitches] if length > 0 else []
            self._measure(bar).sounds.setdefault(track, []).extend(sounds)

    def _error(self, why: str) -> FileError:
        return FileError(f"cannot read {self._name}: line {self._line}: {why}")


def _numbers(written: str) -> frozenset[int]:
    """``"1,3"``, ``"1-2"``: the turns of an ending."""
    turns: set[int] = set()
    for part in written.split(","):
        first, _, last = part.partition("-")
        turns |= set(range(int(first), int(last or first) + 1))
    return frozenset(turns)


_TOKENS: tuple[tuple[re.Pattern[str], Callable[[Music, _Voice, re.Match[str]], None]], ...] = (
    (re.compile(r"\s+|\\|`|y\d*"), Music._skip),
    (_NOTE, Music._note),
    (re.compile(r"\[([A-Za-z]):([^\]]*)\]"), Music._inline),
    (re.compile(rf"((?:\[\||\|\]|\||:)+)(?:\s*\[?\s*({_NUMBERS})\.?)?"), Music._bar),
    (re.compile(rf"\[\s*({_NUMBERS})\.?"), Music._end),
    (re.compile(rf"\[([^\]|]*)\]{_LENGTH}(-?)"), Music._chord),
    (re.compile(r'"((?![\^_<>@])[^"]*)"'), Music._text),
    (re.compile(r'"[^"]*"'), Music._skip),
    (re.compile(rf"[zx]{_LENGTH}"), Music._rest),
    (re.compile(r"[ZX](\d{0,4})"), Music._rests),
    (re.compile(r"\((\d)(?::(\d?))?(?::(\d{0,2}))?"), Music._tuplet),
    (re.compile(r"<{1,3}|>{1,3}"), Music._break),
    (re.compile(r"&"), Music._overlay),
    (re.compile(r"-"), Music._tie),
    (re.compile(r"!([^!|\s][^!|]{0,40})!"), Music._decoration),
    (re.compile(r"\+((?:[_^=]{0,2}[A-Ga-g][,']{0,8}\d{0,4}/{0,8}\d{0,4})+)\+"), Music._chord),
    (re.compile(r"\+[^+|]{1,30}\+|\{[^}]*\}|[~.H-Wh-w()!*;?@$#\]]"), Music._skip),
)  # fmt: skip
