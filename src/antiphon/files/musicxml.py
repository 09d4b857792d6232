"""Score from MusicXML: ``.musicxml`` and ``.xml`` as text, ``.mxl`` zipped.

Place in the path: the first station, ``file → Score``, beside :mod:`antiphon.files.midi`. MusicXML 1.0 to 4.0 are read,
partwise and timewise. :mod:`antiphon.files.musicxml_writer` goes the other way.

Conventions. A part is a track, whatever its staves. Repeats, endings, da capo and dal segno are played. Grace notes,
cues and what ornaments stand for are not played; arpeggios and articulations do not change a note. Dynamic marks hold
for their part until the next; a ``sound`` element, where there is one, says it better than the mark.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element  # never its parser, see antiphon.files.xml

from antiphon.errors import FileError
from antiphon.files.paths import read_bytes
from antiphon.files.played import DYNAMICS, VELOCITY, Measure, Sound, play
from antiphon.files.xml import line_of, tree
from antiphon.notes import DRUMS, Score
from antiphon.theory import LETTERS

MAX_BYTES = 50_000_000  # of a score as text: an orchestra's longest is below it
FORTE = 90  # the velocity that MusicXML's per cents of dynamics are of
SNARE = 38  # a drum that the file does not name
_DRUM_CHANNEL = 10  # counted from 1
_BEATS = {"breve": 8, "whole": 4, "half": 2, "quarter": 1, "eighth": 0.5, "16th": 0.25, "32nd": 0.125}
_DECIMAL = re.compile(r"[+-]?\d{1,9}(\.\d{1,9})?")
_WANTED = frozenset(DYNAMICS).union(
    ("rootfiles", "rootfile", "part-list", "score-part", "part-name", "score-instrument"),
    ("midi-instrument", "midi-channel", "midi-program", "midi-unpitched", "part", "measure"),
    ("attributes", "divisions", "time", "beats", "beat-type", "transpose", "chromatic", "octave-change"),
    ("note", "pitch", "step", "alter", "octave", "unpitched", "rest", "chord", "grace", "cue", "duration"),
    ("tie", "notations", "tied", "instrument", "backup", "forward", "barline", "repeat", "ending"),
    ("direction", "direction-type", "sound", "offset", "dynamics", "metronome", "beat-unit", "beat-unit-dot"),
    ("per-minute",),
)


def read_musicxml(path: Path | str, *, pedal: bool = True) -> Score:
    """The music in a MusicXML file; ``pedal`` is for MIDI files and changes nothing here. Raises FileError."""
    return read_musicxml_bytes(read_bytes(path, MAX_BYTES, "MusicXML file"), str(path), pedal=pedal)


def read_musicxml_bytes(data: bytes, name: str, *, pedal: bool = True) -> Score:
    """:func:`read_musicxml` for bytes already in memory; ``name`` is what errors call them."""
    if data[:4] == b"PK\x03\x04":
        data = _unzipped(data, name)
    if len(data) > MAX_BYTES:
        raise FileError(f"cannot read {name}: it is larger than {MAX_BYTES // 10**6} MB, which no score needs")
    root = tree(data, _WANTED, name)
    if root.tag not in ("score-partwise", "score-timewise"):
        raise FileError(
            f"cannot read {name}: its outermost element is <{root.tag[:40]}>, where a score has <score-partwise> or "
            "<score-timewise>; export it as MusicXML"
        )
    listed = {part.get("id", ""): part for part in root.iterfind("part-list/score-part")}
    reading = _Reading(name)
    for part, measures in _parts(root).items():
        reading.add(_Part(name, listed.get(part)), measures)
    return play([reading.measures], reading.tracks, name)


def _unzipped(data: bytes, name: str) -> bytes:
    """The score in an .mxl archive: the first root file of its container."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            container = tree(_member(archive, "META-INF/container.xml", name), _WANTED, name)
            root = container.find("rootfiles/rootfile")
            if root is None:
                raise FileError(f"cannot read {name}: its container names no score; export the file again")
            return _member(archive, root.get("full-path", ""), name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileError(
            f"cannot read {name}: the archive is damaged or encrypted ({error}); export it again"
        ) from error


def _member(archive: zipfile.ZipFile, member: str, name: str) -> bytes:
    """A file of an archive, counted as it comes: what the archive says of its size may be a lie."""
    try:
        with archive.open(member) as file:
            data = file.read(MAX_BYTES + 1)
    except KeyError as error:
        raise FileError(f"cannot read {name}: the archive has no {member!r}; export the file again") from error
    if len(data) > MAX_BYTES:
        raise FileError(f"cannot read {name}: unpacked it is larger than {MAX_BYTES // 10**6} MB, which no score needs")
    return data


def _parts(root: Element) -> dict[str, list[Element]]:
    """The measures of each part; in a timewise score each holds its parts."""
    parts: dict[str, list[Element]] = {}
    if root.tag == "score-partwise":
        for part in root.iterfind("part"):
            parts.setdefault(part.get("id", ""), []).extend(part.iterfind("measure"))
        return parts
    for measure in root.iterfind("measure"):
        for part in measure.iterfind("part"):
            parts.setdefault(part.get("id", ""), []).append(part)
    return parts


@dataclass
class _Reading:
    """The measures of all parts on one road, filled part by part."""

    name: str
    measures: list[Measure] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)

    def add(self, part: _Part, elements: list[Element]) -> None:
        """Take in a part."""
        self.tracks.append(part.title)
        for i, element in enumerate(elements):
            if i == len(self.measures):
                self.measures.append(Measure(metre=self.measures[-1].metre if self.measures else (4, 4)))
            part.read(element, self.measures[i], len(self.tracks) - 1)


class _Part:
    """What holds in a part from one measure to the next, and the reading of a measure."""

    def __init__(self, name: str, listed: Element | None) -> None:
        self._name = name
        self.title = "" if listed is None else (listed.findtext("part-name") or "").strip()
        self._programs, self._drums = _instruments(listed)
        self._divisions = Fraction(1)
        self._metre: tuple[int, int] | None = None  # until a time signature says
        self._transpose, self._velocity = 0, VELOCITY
        self._ending: frozenset[int] = frozenset()  # the one that is open
        self._now = self._last = Fraction(0)  # the place in the measure, and the onset of the last note
        self._measure, self._sounds = Measure(), [Sound(Fraction(0), Fraction(1), 0, 1, 0)]

    def read(self, element: Element, measure: Measure, track: int) -> None:
        """Take in one measure."""
        self._now = self._last = end = Fraction(0)
        self._measure, self._sounds = measure, measure.sounds.setdefault(track, [])
        measure.road.endings |= self._ending
        for child in element:
            reader = _READERS.get(child.tag)
            if reader:
                reader(self, child)
            end = max(end, self._now)
        measure.metre = self._metre or measure.metre
        measure.length = max(measure.length, end or Fraction(4 * measure.metre[0], measure.metre[1]))

    def _attributes(self, element: Element) -> None:
        if (divisions := element.find("divisions")) is not None:
            self._divisions = self._number(divisions, least=Fraction(1, 10**6))
        for time in element.iterfind("time"):
            if (metre := self._time(time)) is not None:
                self._metre = metre
        if (transpose := element.find("transpose")) is not None:
            chromatic, octaves = transpose.find("chromatic"), transpose.find("octave-change")
            self._transpose = 0 if chromatic is None else round(self._number(chromatic, least=Fraction(-127)))
            self._transpose += 0 if octaves is None else 12 * round(self._number(octaves, least=Fraction(-10)))

    def _time(self, element: Element) -> tuple[int, int] | None:
        """The metre; the beats of one such as 3/8 + 2/4 are added. None where the music has none."""
        total, smallest = Fraction(0), 1
        for beats, kind in zip(element.findall("beats"), element.findall("beat-type"), strict=False):
            counts = [int(count) for count in re.findall(r"\d{1,3}", beats.text or "")]
            below = int(self._number(kind, least=Fraction(1)))
            if not counts or below > 128 or below & (below - 1):
                raise self._error(element, f"has the metre {beats.text!r}/{below}; below stands 1, 2, 4 … or 128")
            total, smallest = total + Fraction(sum(counts), below), max(smallest, below)
        above = total * smallest
        if above > 255:
            raise self._error(element, f"has a metre of {above} beats; at most 255 are allowed")
        return (int(above), smallest) if total else None

    def _note(self, element: Element) -> None:
        if element.find("grace") is not None:
            return
        length = self._duration(element)
        onset = self._last if element.find("chord") is not None else self._now
        self._last, self._now = onset, max(self._now, onset + length)
        silent = element.find("rest") is not None or element.find("cue") is not None
        if silent or not length:
            return
        pitch, program = self._pitch(element)
        ties = {tie.get("type") for path in ("tie", "notations/tied") for tie in element.iterfind(path)}
        if 0 <= pitch <= 127:
            self._sounds.append(Sound(onset, length, pitch, self._loudness(element), program, "start" in ties))

    def _pitch(self, element: Element) -> tuple[int, int]:
        """The sounding pitch of a note, which may be out of range, and its program."""
        named = element.find("instrument")
        instrument = "" if named is None else named.get("id", "")
        program = self._programs.get(instrument, self._programs.get("", 0))
        pitch = element.find("pitch")
        if pitch is None:
            return self._drums.get(instrument, SNARE), DRUMS
        step, octave, alter = (pitch.find(name) for name in ("step", "octave", "alter"))
        letter = "" if step is None else (step.text or "").strip().upper()
        if letter not in LETTERS or octave is None:
            raise self._error(pitch, "has a pitch without a step from A to G and an octave")
        semitones = 0 if alter is None else round(self._number(alter, least=Fraction(-12)))
        written = LETTERS[letter] + semitones + 12 * (int(self._number(octave, least=Fraction(-2))) + 1)
        return written + (0 if program == DRUMS else self._transpose), program

    def _loudness(self, element: Element) -> int:
        own = element.get("dynamics")
        if own is None:
            return self._velocity
        return _velocity(self._decimal(own, element))

    def _duration(self, element: Element) -> Fraction:
        duration = element.find("duration")
        if duration is None:
            raise self._error(element, "has a note, backup or forward without a duration")
        return self._number(duration) / self._divisions

    def _backup(self, element: Element) -> None:
        self._now = max(self._now - self._duration(element), Fraction(0))

    def _forward(self, element: Element) -> None:
        self._now += self._duration(element)

    def _direction(self, element: Element) -> None:
        offset = element.find("offset")
        moved = Fraction(0) if offset is None else self._number(offset, least=Fraction(-(10**9))) / self._divisions
        place = max(self._now + moved, Fraction(0))
        for mark in element.iterfind("direction-type/dynamics"):
            self._velocity = next((DYNAMICS[one.tag] for one in mark if one.tag in DYNAMICS), self._velocity)
        sound = element.find("sound")
        if sound is not None:
            self._sound(sound, place)
        metronome = element.find("direction-type/metronome")
        if metronome is not None and (sound is None or sound.get("tempo") is None):
            self._metronome(metronome, place)

    def _metronome(self, element: Element, place: Fraction) -> None:
        """A mark such as ♩. = 60; one that relates two note values, or names a range, is passed over."""
        unit, pace = element.find("beat-unit"), element.findtext("per-minute") or ""
        written = re.search(r"\d{1,4}(\.\d{1,6})?", pace)
        if unit is None or not written or (unit.text or "").strip() not in _BEATS:
            return
        quarters = Fraction(_BEATS[(unit.text or "").strip()])
        dots = len(element.findall("beat-unit-dot"))
        self._tempo(Fraction(written[0]) * quarters * (2 - Fraction(1, 2**dots)), place, element)

    def _sound(self, element: Element, place: Fraction | None = None) -> None:
        """A sound element: tempo, loudness and jumps."""
        road = self._measure.road
        if (tempo := element.get("tempo")) is not None:
            self._tempo(self._decimal(tempo, element), self._now if place is None else place, element)
        if (dynamics := element.get("dynamics")) is not None:
            percent = self._decimal(dynamics, element)
            self._velocity = _velocity(percent) if percent > 0 else self._velocity  # below 0: "not said"
        for jump in ("dacapo", "dalsegno", "fine"):
            if element.get(jump) is not None:
                road.jump = jump
        road.segno |= element.get("segno") is not None
        road.coda |= element.get("coda") is not None
        road.to_coda |= element.get("tocoda") is not None

    def _tempo(self, bpm: Fraction, place: Fraction, element: Element) -> None:
        if bpm == 0:
            return  # "not said", as some programs write it
        tempo = round(60_000_000 / bpm)
        if not 0 < tempo < 2**24:
            raise self._error(element, f"has a tempo of {float(bpm):g}; allowed are 4 to 60,000,000 quarters a minute")
        self._measure.tempos.append((place, tempo))

    def _barline(self, element: Element) -> None:
        road, ending, repeat = self._measure.road, element.find("ending"), element.find("repeat")
        if ending is not None and ending.get("type") == "start":
            self._ending = frozenset(int(number) for number in re.findall(r"\d{1,3}", ending.get("number", "")))
            road.endings |= self._ending
        elif ending is not None:
            self._ending = frozenset()
        if repeat is not None and repeat.get("direction") == "forward":
            road.forward = True
        elif repeat is not None:
            times = repeat.get("times", "2")
            road.passes = int(times) if re.fullmatch(r"\d{1,4}", times) else 2

    def _number(self, element: Element, least: Fraction = Fraction(0)) -> Fraction:
        """The number in an element, at least ``least``."""
        number = self._decimal((element.text or "").strip(), element)
        if number < least:
            raise self._error(element, f"says {float(number):g} in <{element.tag}>; {float(least):g} is the least")
        return number

    def _decimal(self, text: str, element: Element) -> Fraction:
        if not _DECIMAL.fullmatch(text.strip()):
            raise self._error(element, f"has {text[:40]!r} in <{element.tag}>, where a number belongs")
        return Fraction(text.strip())

    def _error(self, element: Element, why: str) -> FileError:
        return FileError(f"cannot read {self._name}: line {line_of(element)} {why}")


_READERS = {
    "attributes": _Part._attributes,
    "note": _Part._note,
    "backup": _Part._backup,
    "forward": _Part._forward,
    "direction": _Part._direction,
    "sound": _Part._sound,
    "barline": _Part._barline,
}


def _velocity(percent: Fraction) -> int:
    return min(max(round(percent * FORTE / 100), 1), 127)


def _instruments(listed: Element | None) -> tuple[dict[str, int], dict[str, int]]:
    """The program of each instrument of a part, the first also under "", and the drum that each stands for."""
    programs: dict[str, int] = {}
    drums: dict[str, int] = {}
    for one in [] if listed is None else listed.findall("midi-instrument"):
        name = one.get("id", "")
        program, channel, drum = (_small(one, tag) for tag in ("midi-program", "midi-channel", "midi-unpitched"))
        programs[name] = DRUMS if channel == _DRUM_CHANNEL else min(max((program or 1) - 1, 0), 127)
        programs.setdefault("", programs[name])
        if drum is not None:
            drums[name] = min(max(drum - 1, 0), 127)
    return programs, drums


def _small(element: Element, tag: str) -> int | None:
    found = re.fullmatch(r"\s*(\d{1,3})\s*", element.findtext(tag) or "")
    return int(found[1]) if found else None
