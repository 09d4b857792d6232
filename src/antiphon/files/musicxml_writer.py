"""A Score as MusicXML 4.0: notation for people, so times are put on a grid (see :mod:`antiphon.files.notation`).

Place in the path: the last station, beside :mod:`antiphon.files.midi_writer`. Each track and program is a part; a
keyboard's part has two staves where it needs them. Tempo, metre, velocities and instruments are written; the key is
estimated from the notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from antiphon import instruments
from antiphon.files.notation import TICKS, UNITS, BarOf, Paper, Piece, bars, hands, lay_out
from antiphon.files.paths import written
from antiphon.files.spelling import Key, key_of
from antiphon.notes import DRUMS, Score
from antiphon.theory import drum_name

VOICES = 4  # of a staff: what notation programs allow
KEYBOARDS = (*range(8), *range(16, 24), 46)  # programs written on two staves: pianos, organs, the harp
WIDEST = 30  # semitones that one staff takes: from a ledger line or two below it to as many above
FORTE = 90  # the velocity that MusicXML's per cents of dynamics are of
MARKED_CHANGE = 0.1  # of the tempo: smaller ones are played but not printed
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def write_musicxml(music: Score, path: Path | str, texts: Sequence[str] = ()) -> None:
    """Write a .musicxml file, with ``texts`` among its remarks; FileError where it cannot be written."""
    data = musicxml_bytes(music, texts, title=Path(path).stem)
    with written(path) as temporary:
        temporary.write_bytes(data)


def musicxml_bytes(music: Score, texts: Sequence[str] = (), *, title: str = "", voices: int = VOICES) -> bytes:
    """The score as a file; at most so many ``voices`` a staff, where fewer are easier to read and cut more notes."""
    lines, key = bars(music), key_of(music)
    parts = _parts(music)
    out = [_HEAD, '<score-partwise version="4.0">\n']
    out += [f"<work><work-title>{escape(title)}</work-title></work>\n"] if title else []
    out += ["<identification><encoding><software>Antiphon</software></encoding>"]
    out += [f'<miscellaneous><miscellaneous-field name="antiphon-{i}">{_plain(text)}</miscellaneous-field>'
            "</miscellaneous>" for i, text in enumerate(texts)][:1]  # fmt: skip
    out += ["</identification>\n<part-list>\n"]
    out += [_listed(i, music, *part) for i, part in enumerate(parts)]
    out += ["</part-list>\n"]
    for i, (track, program) in enumerate(parts):
        notes = music.notes[(music.notes["track"] == track) & (music.notes["program"] == program)]
        out += [f'<part id="P{i + 1}">\n']
        out += _measures(f"P{i + 1}", music, notes, lines, key, voices)
        out += ["</part>\n"]
    return "".join([*out, "</score-partwise>\n"]).encode()


def _plain(text: str) -> str:
    """Text without what XML cannot hold."""
    return escape("".join(c for c in text if c >= " " or c in "\t\n"))


def _parts(music: Score) -> list[tuple[int, int]]:
    """The (track, program) of each part."""
    pairs = {(int(n["track"]), int(n["program"])) for n in music.notes[["track", "program"]]}
    return sorted(pairs) or [(0, 0)]


def _listed(index: int, music: Score, track: int, program: int) -> str:
    drums = program == DRUMS
    name = _plain(music.tracks[track]) or ("Drums" if drums else instruments.NAMES[program])
    part = f"P{index + 1}"
    channel = 10 if drums else index % 9 + 1
    heard = "" if drums else f"<midi-program>{program + 1}</midi-program>"
    voices = [(f"{part}-I1", name, heard)]
    if drums:
        pitches = np.unique(music.notes["pitch"][(music.notes["track"] == track) & (music.notes["program"] == DRUMS)])
        voices = [(f"{part}-I{p}", drum_name(p), f"<midi-unpitched>{p + 1}</midi-unpitched>") for p in pitches.tolist()]
    named = "".join(f'<score-instrument id="{i}"><instrument-name>{n}</instrument-name></score-instrument>'
                    for i, n, _ in voices)  # fmt: skip
    midi = "".join(f'<midi-instrument id="{i}"><midi-channel>{channel}</midi-channel>{h}</midi-instrument>'
                   for i, _, h in voices)  # fmt: skip
    return f'<score-part id="{part}"><part-name>{name}</part-name>{named}{midi}</score-part>\n'


def _measures(
    part: str, music: Score, notes: np.ndarray, lines: Sequence[BarOf], key: Key, voices: int
) -> Iterator[str]:
    staves = _staves(notes)
    papers = [lay_out(staff, lines, voices) for staff in staves]
    drums = bool(len(notes)) and int(notes["program"][0]) == DRUMS
    upbeat = lines[0].upbeat
    writer = _Writer(part, music, key, papers, staves, drums)
    for i, bar in enumerate(lines):
        number = f'number="{i if upbeat else i + 1}"' + (' implicit="yes"' if bar.upbeat else "")
        yield f"<measure {number}>\n"
        yield writer.attributes(bar, None if i == 0 else lines[i - 1])
        yield from writer.tempos(bar) if part == "P1" else ()
        yield from writer.bar(bar)
        yield "</measure>\n"


def _staves(notes: np.ndarray) -> list[np.ndarray]:
    """A keyboard's notes for each hand, and those of a part too wide for a staff; of others one staff."""
    if not len(notes) or int(notes["program"][0]) == DRUMS:
        return [notes]
    if int(notes["program"][0]) not in KEYBOARDS and int(np.ptp(notes["pitch"].astype(int))) <= WIDEST:
        return [notes]
    left = hands(notes)
    return [notes] if left.all() or not left.any() else [notes[~left], notes[left]]


class _Writer:
    """Writes the bars of one part; knows where in each voice it is."""

    def __init__(
        self, part: str, music: Score, key: Key, papers: Sequence[Paper], staves: Sequence[np.ndarray], drums: bool
    ) -> None:
        self._part, self._key, self._papers, self._drums = part, key, papers, drums
        self._clefs = ["percussion" if drums else _clef(staff) for staff in staves]
        self._tempos = [(round(int(t["tick"]) / TICKS), int(t["tempo"])) for t in music.tempos]
        self._cursors = [[0] * max(len(paper.voices), 1) for paper in papers]

    def attributes(self, bar: BarOf, before: BarOf | None) -> str:
        """What changes at a bar line."""
        if before is not None and before.metre == bar.metre:
            return ""
        above, below = bar.metre
        time = f"<time><beats>{above}</beats><beat-type>{below}</beat-type></time>"
        if before is not None:
            return f"<attributes>{time}</attributes>\n"
        key = "" if self._drums else f"<key><fifths>{self._key.fifths}</fifths><mode>{self._key.mode}</mode></key>"
        staves = f"<staves>{len(self._papers)}</staves>" if len(self._papers) > 1 else ""
        clefs = "".join(
            _CLEFS[clef].format(f' number="{i + 1}"' if staves else "") for i, clef in enumerate(self._clefs)
        )
        return f"<attributes><divisions>{UNITS}</divisions>{key}{time}{staves}{clefs}</attributes>\n"

    def tempos(self, bar: BarOf) -> Iterator[str]:
        """The tempo marks of a bar: the first and great changes are printed, all are played."""
        for i, (place, tempo) in enumerate(self._tempos):
            if not bar.start <= place < bar.start + bar.length:
                continue
            bpm, before = 60e6 / tempo, 60e6 / self._tempos[max(i - 1, 0)][1]
            printed = i == 0 or abs(bpm / before - 1) > MARKED_CHANGE
            offset = f"<offset>{place - bar.start}</offset>" if place > bar.start else ""
            mark = (
                f"<metronome><beat-unit>quarter</beat-unit><per-minute>{bpm:.0f}</per-minute></metronome>"
                if printed
                else "<words/>"
            )
            yield (
                f'<direction placement="above"><direction-type>{mark}</direction-type>{offset}'
                f'<sound tempo="{bpm:.6f}"/></direction>\n'
            )

    def bar(self, bar: BarOf) -> Iterator[str]:
        """All voices of a bar, each after going back to its beginning."""
        first = True
        for staff, paper in enumerate(self._papers):
            shown: dict[tuple[str, int], int] = {}
            for voice in range(max(len(paper.voices), 1)):
                pieces = self._pieces(paper, staff, voice, bar)
                if voice and not any(piece.chord for piece in pieces):
                    continue  # an empty further voice
                yield "" if first else f"<backup><duration>{bar.length}</duration></backup>\n"
                first = False
                if not any(piece.chord for piece in pieces):
                    yield self._rest(bar, staff, voice)
                    continue
                for i, piece in enumerate(pieces):
                    yield from self._symbol(
                        piece, staff, voice, (_beams(pieces, i, bar), _bracket(pieces, i, bar)), shown
                    )

    def _pieces(self, paper: Paper, staff: int, voice: int, bar: BarOf) -> list[Piece]:
        """The symbols of a voice in a bar; chords that are over are not looked at again."""
        if not paper.voices:
            return []
        chords, at = paper.voices[voice], self._cursors[staff][voice]
        while at < len(chords) and chords[at].end <= bar.start:
            at += 1
        self._cursors[staff][voice] = last = at
        while last < len(chords) and chords[last].start < bar.start + bar.length:
            last += 1
        return list(Paper(paper.bars, [chords[at:last]], paper.triplets).pieces(0, bar))

    def _rest(self, bar: BarOf, staff: int, voice: int) -> str:
        return (
            f'<note><rest measure="yes"/><duration>{bar.length}</duration>{self._placed(staff, voice)[0]}'
            f"{self._placed(staff, voice)[1]}</note>\n"
        )

    def _placed(self, staff: int, voice: int) -> tuple[str, str]:
        """The voice and staff elements."""
        number = f"<staff>{staff + 1}</staff>" if len(self._papers) > 1 else ""
        return f"<voice>{4 * staff + voice + 1}</voice>", number

    def _symbol(
        self, piece: Piece, staff: int, voice: int, joined: tuple[str, str], shown: dict[tuple[str, int], int]
    ) -> Iterator[str]:
        """A chord's notes, or a rest; ``joined`` are its beams and its bracket, which the first note has."""
        named, number = self._placed(staff, voice)
        kind = f"<type>{piece.value}</type>{'<dot/>' * piece.dots}"
        ratio = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
        after = ratio if piece.triplet else ""
        ties = ("stop",) * piece.tied_from + ("start",) * piece.tied_on
        tie = "".join(f'<tie type="{t}"/>' for t in ties)
        tied = "".join(f'<tied type="{t}"/>' for t in ties)
        for i, (pitch, velocity) in enumerate(piece.chord.notes if piece.chord else [(0, 0)]):
            what, accidental = ("<rest/>", "") if not piece.chord else self._pitch(pitch, shown, piece.tied_from)
            instrument = f'<instrument id="{self._part}-I{pitch}"/>' if self._drums and piece.chord else ""
            loud = f' dynamics="{velocity * 100 / FORTE:.2f}"' if piece.chord else ""
            beams, bracket = ("", "") if i else joined
            notations = f"<notations>{tied}{bracket}</notations>" if tied or bracket else ""
            yield (
                f"<note{loud}>{'<chord/>' if i else ''}{what}<duration>{piece.length}</duration>{tie}{instrument}"
                f"{named}{kind}{accidental}{after}{number}{beams}{notations}</note>\n"
            )

    def _pitch(self, pitch: int, shown: dict[tuple[str, int], int], tied: bool) -> tuple[str, str]:
        """The pitch of a note, and the accidental that must be printed."""
        step, alter, octave = self._key.spell(pitch)
        if self._drums:
            return (
                f"<unpitched><display-step>{step}</display-step><display-octave>{octave}</display-octave></unpitched>",
                "",
            )
        altered = f"<alter>{alter}</alter>" if alter else ""
        written = f"<pitch><step>{step}</step>{altered}<octave>{octave}</octave></pitch>"
        if shown.get((step, octave), self._key.signs().get(step, 0)) == alter or tied:
            return written, ""
        shown[step, octave] = alter
        return written, f"<accidental>{_ACCIDENTALS[alter]}</accidental>"


_CLEFS = {
    "treble": "<clef{}><sign>G</sign><line>2</line></clef>",
    "bass": "<clef{}><sign>F</sign><line>4</line></clef>",
    "percussion": "<clef{}><sign>percussion</sign></clef>",
}


def _clef(notes: np.ndarray) -> str:
    return "bass" if len(notes) and float(np.median(notes["pitch"])) < 57 else "treble"


_FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}


def _flags(piece: Piece | None) -> int:
    """How many flags or beams a note has; none for a rest."""
    return _FLAGS.get(piece.value, 0) if piece is not None and piece.chord is not None else 0


def _beams(pieces: Sequence[Piece], i: int, bar: BarOf) -> str:
    """The beams that join a note to its neighbours within a beat."""
    above, below = bar.metre
    span = UNITS * 3 // 2 if below == 8 and above % 3 == 0 else UNITS

    def beside(k: int) -> Piece | None:
        near = pieces[k] if 0 <= k < len(pieces) else None
        same = near is not None and (near.start - bar.start) // span == (pieces[i].start - bar.start) // span
        return near if same else None

    before, own, after = _flags(beside(i - 1)), _flags(pieces[i]), _flags(beside(i + 1))
    if not own or not (before or after):
        return ""
    beams = []
    for level in range(1, own + 1):
        joins = before >= level, after >= level
        alone = "backward hook" if before else "forward hook"
        what = {(True, True): "continue", (True, False): "end", (False, True): "begin"}.get(joins, alone)
        beams.append(f'<beam number="{level}">{what}</beam>')
    return "".join(beams)


def _bracket(pieces: Sequence[Piece], i: int, bar: BarOf) -> str:
    """The beginning or end of a triplet's bracket, which spans a beat."""
    if not pieces[i].triplet:
        return ""

    def same(a: Piece, b: Piece) -> bool:
        return b.triplet and (a.start - bar.start) // bar.beat == (b.start - bar.start) // bar.beat

    begins = i == 0 or not same(pieces[i], pieces[i - 1])
    ends = i + 1 == len(pieces) or not same(pieces[i], pieces[i + 1])
    return ('<tuplet type="start" bracket="yes"/>' if begins else "") + ('<tuplet type="stop"/>' if ends else "")
