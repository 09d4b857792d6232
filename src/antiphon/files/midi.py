"""Score from and to Standard MIDI Files.

Place in the path: the first station, ``file → Score``. :mod:`antiphon.files.smf` finds the events; here they are laid
on one time line in our ticks and become notes; :mod:`antiphon.files.sounding` knows how long each sounds.
:mod:`antiphon.files.midi_writer` goes the other way.

Conventions. A note-off ends the oldest sounding note of its pitch, channel and track. A track of the Score is a track
of the file that has notes, or a channel of a type 0 file. A program change acts on its channel in its own track, and in
tracks that set none of their own; the pedal acts on its channel in all tracks, so one pedal serves both hands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from antiphon.errors import FileError
from antiphon.files import smf
from antiphon.files.midi_writer import midi_bytes
from antiphon.files.paths import read_bytes, written
from antiphon.files.sounding import latest, pair, sustained
from antiphon.notes import DEFAULT_TEMPO, DRUMS, NOTE, TICKS_PER_QUARTER, Score, score

__all__ = ["midi_bytes", "read_midi", "read_midi_bytes", "read_texts", "write_midi"]

LAST_TICK = 2**31 - 1  # what the note table's int32 holds: 155 hours at 120 bpm
MAX_BYTES = 50_000_000  # far above any music; reading takes up to 50 bytes of memory for each byte of the file
MAX_TRACKS = 2**16 - 1  # what a header can count, and the note table's uint16
SUSTAIN, RESET_CONTROLLERS = 64, 121
_CHANNELS = 2**11  # 128 ports of 16 channels
_METAS = (smf.TRACK_NAME, smf.PORT, smf.TEMPO, smf.METRE, smf.SEQUENCER)


def read_midi(path: Path | str, *, pedal: bool = True) -> Score:
    """The music in a MIDI file; with ``pedal`` the sustain pedal lengthens notes.

    A file without notes is an empty Score. Raises FileError for one that is missing, may not be read, or is not MIDI.
    """
    return read_midi_bytes(read_bytes(path, MAX_BYTES, "MIDI file"), str(path), pedal=pedal)


def read_texts(path: Path | str) -> list[str]:
    """The text events of a MIDI file's first track, in order, empty ones too. Raises FileError as read_midi does."""
    data, name = read_bytes(path, MAX_BYTES, "MIDI file"), str(path)
    bodies = smf.tracks(data, smf.header(data, name).end)
    if not bodies:
        return []
    events = smf.events(bodies[0])
    texts = []
    for start in events.data[(events.status == 0xFF) & (events.first == smf.TEXT)].tolist():
        length, content = smf.variable_length(bodies[0], start + 1)
        texts.append(_text(bodies[0][content : content + length]))
    return texts


def read_midi_bytes(data: bytes, name: str, *, pedal: bool = True) -> Score:
    """:func:`read_midi` for bytes already in memory; ``name`` is what errors call them."""
    if len(data) > MAX_BYTES:
        raise FileError(f"cannot read {name}: it is larger than {MAX_BYTES // 10**6} MB, which no MIDI file needs")
    head = smf.header(data, name)
    clock = _clock(head.division, name)
    bodies = smf.tracks(data, head.end)
    if len(bodies) > MAX_TRACKS:
        raise FileError(f"cannot read {name}: it has {len(bodies):,} tracks; at most {MAX_TRACKS:,} are allowed")
    file = _file(bodies, head.kind, clock)
    events = np.concatenate([np.empty(0, _EVENT), *file.events])
    notes = _notes(file, events, name)
    end = _under_pedal(notes, events, max(file.ends, default=0)) if pedal else notes.end
    used, index = np.unique(notes.track, return_inverse=True)
    table = np.empty(len(end), NOTE)
    table["onset"], table["duration"], table["track"] = notes.onset, end - notes.onset, index
    table["pitch"], table["velocity"], table["program"] = notes.pitch, notes.velocity, notes.program
    return score(table, file.tempos, file.metres, [file.names[key // _CHANNELS] for key in used.tolist()])


def write_midi(music: Score, path: Path | str, texts: Sequence[str] = ()) -> None:
    """Write a type 1 file with ``texts`` as text events, whole or not at all; FileError where it cannot be written."""
    data = midi_bytes(music, texts)
    with written(path) as temporary:
        temporary.write_bytes(data)


class _Clock(NamedTuple):
    """A tick of the file is ``numerator / denominator`` of ours; ``metric`` where its tempo events count."""

    numerator: int
    denominator: int
    metric: bool

    def ticks(self, tick: np.ndarray) -> np.ndarray:
        """Our ticks, each rounded from its absolute time so that nothing drifts; LAST_TICK for all beyond."""
        limit = LAST_TICK * self.denominator // self.numerator + 1
        scaled = np.minimum(tick, limit) * (2 * self.numerator) + self.denominator
        ticks: np.ndarray = np.minimum(scaled // (2 * self.denominator), LAST_TICK)
        return ticks


_EVENT = np.dtype(  # a channel event
    [
        ("tick", "<i8"),
        ("track", "<i8"),  # index among the tracks of the file
        ("channel", "<i8"),  # 16 * port + channel
        ("status", "u1"),  # what it is: the status byte without the channel
        ("first", "u1"),  # data bytes
        ("second", "u1"),
    ]
)


@dataclass
class _File:
    """All tracks of a file on one time line, in our ticks; filled track by track."""

    clock: _Clock
    split: bool  # each channel is a track of the Score
    events: list[np.ndarray] = field(default_factory=list)  # of _EVENT, for each track
    ends: list[int] = field(default_factory=list)  # tick of the last event, for each track
    owners: list[int] = field(default_factory=list)  # the track it is, or continues
    names: list[str] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    metres: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, body: bytes, start: int) -> int:
        """Take in the track ``body``, begun at ``start`` in the file's ticks; returns where it ends."""
        events = smf.events(body)
        tick = self.clock.ticks(events.tick + start)
        voice = (events.status >= 0x80) & (events.status < 0xF0)
        rows = np.empty(len(tick), _EVENT)
        rows["tick"], rows["track"], rows["channel"] = tick, len(self.names), events.status & 0x0F
        rows["status"], rows["first"], rows["second"] = events.status & 0xF0, events.first, events.second
        self.owners.append(len(self.names))
        self.names.append("")
        self._take_metas(body, events, rows)
        self.events.append(rows[voice])
        self.ends.append(int(tick[-1]) if len(tick) else 0)
        return start + int(events.tick[-1]) if len(tick) else start

    def _take_metas(self, body: bytes, events: smf.Events, rows: np.ndarray) -> None:
        """What the meta events of the newest track say; a PORT changes the channels of the rows after it."""
        for i in np.flatnonzero((events.status == 0xFF) & np.isin(events.first, _METAS)).tolist():
            length, content = smf.variable_length(body, int(events.data[i]) + 1)
            value, tick, meta = body[content : content + length], int(rows["tick"][i]), int(events.first[i])
            if meta == smf.TRACK_NAME:
                self.names[-1] = self.names[-1] or _text(value)
            elif meta == smf.PORT and value:
                rows["channel"][i:] = rows["channel"][i:] % 16 + (value[0] & 0x7F) * 16
            elif meta == smf.SEQUENCER and value == smf.CONTINUED:
                self.owners[-1] = self.owners[-2] if len(self.owners) > 1 else 0
            elif meta == smf.TEMPO and self.clock.metric and len(value) >= 3 and any(value[:3]):
                self.tempos.append((tick, int.from_bytes(value[:3], "big")))
            elif meta == smf.METRE and len(value) >= 2 and value[0] and value[1] < 8:
                self.metres.append((tick, value[0], 2 ** value[1]))


class _Notes(NamedTuple):
    """Notes as their keys were pressed; (N,) each, in our ticks."""

    onset: np.ndarray  # int64
    end: np.ndarray  # int64, after the onset
    pitch: np.ndarray  # int64
    velocity: np.ndarray
    program: np.ndarray
    channel: np.ndarray  # int64, 16 * port + channel
    track: np.ndarray  # int64, _CHANNELS times the track of the file, plus the channel where each is a track


def _clock(division: int, name: str) -> _Clock:
    if 0 < division < 0x8000:
        return _Clock(TICKS_PER_QUARTER, division, True)
    frames, per_frame = 256 - (division >> 8), division & 0xFF
    if division == 0 or frames not in (24, 25, 29, 30) or per_frame == 0:
        raise FileError(
            f"cannot read {name}: its time division is {division:#06x}; allowed are 1 to 0x7fff ticks a quarter note, "
            "or SMPTE time of 24, 25, 29 or 30 frames a second; export the file again"
        )
    per_second = TICKS_PER_QUARTER * 1_000_000 // DEFAULT_TEMPO
    if frames == 29:  # stands for 30,000/1,001
        return _Clock(per_second * 1001, 30_000 * per_frame, False)
    return _Clock(per_second, frames * per_frame, False)


def _file(bodies: list[bytes], kind: int, clock: _Clock) -> _File:
    """The tracks side by side; the patterns of a type 2 file, each a piece of its own, one after another."""
    file = _File(clock, split=kind == 0 and len(bodies) == 1)
    start = 0  # in the file's ticks
    for body in bodies:
        if kind == 2:
            begin = int(clock.ticks(np.array(start)))
            file.tempos.append((begin, DEFAULT_TEMPO))
            file.metres.append((begin, 4, 4))
        end = file.add(body, start)
        start = end if kind == 2 else 0
    return file


def _text(data: bytes) -> str:
    """A name: UTF-8, or the Latin-1 of older files."""
    try:
        return data.decode().rstrip("\0")
    except UnicodeDecodeError:
        return data.decode("latin-1").rstrip("\0")


def _notes(file: _File, events: np.ndarray, name: str) -> _Notes:
    """The notes that the events tell of. Raises FileError for one that is damaged."""
    place = np.flatnonzero((events["status"] == 0x80) | (events["status"] == 0x90))
    sounds = events[place]
    _check(sounds, name)
    key = (sounds["track"] * _CHANNELS + sounds["channel"]) * 128 + sounds["first"]
    on, off = pair(key, _begins(sounds))
    begun = sounds[on]
    onset, channel, pitch = begun["tick"], begun["channel"], begun["first"].astype(np.int64)
    end = _hanging(begun, file.ends)
    end[off >= 0] = sounds["tick"][off[off >= 0]]
    track = np.array(file.owners, np.int64)[begun["track"]] * _CHANNELS + (channel if file.split else 0)
    program = np.where(channel % 16 == smf.DRUM_CHANNEL, DRUMS, _programs(events, place[on]))
    return _Notes(onset, np.maximum(end, onset + 1), pitch, begun["second"], program, channel, track)


def _begins(sounds: np.ndarray) -> np.ndarray:
    """Which note events begin a note: a note-on of velocity 0 ends one."""
    begins: np.ndarray = (sounds["status"] == 0x90) & (sounds["second"] > 0)
    return begins


def _check(sounds: np.ndarray, name: str) -> None:
    """Raise FileError for a note that is no note, or that the note table cannot hold."""
    pitch, velocity, late = sounds["first"], sounds["second"], sounds["tick"] >= LAST_TICK
    bad = np.flatnonzero((pitch > 127) | (velocity > 127) | (late & _begins(sounds)))
    if not len(bad):
        return
    i = bad[0]
    where = f"cannot read {name}: the file is damaged: track {sounds['track'][i] + 1} has a note"
    if late[i]:
        limit = LAST_TICK // TICKS_PER_QUARTER
        raise FileError(f"{where} over {limit:,} quarter notes from the start; get another copy")
    raise FileError(
        f"{where} of pitch {pitch[i]} and velocity {velocity[i]} at quarter note "
        f"{sounds['tick'][i] / TICKS_PER_QUARTER:.2f}; both go from 0 to 127; get another copy"
    )


def _hanging(begun: np.ndarray, ends: list[int]) -> np.ndarray:
    """Where each note ends if nothing ends it: with its track, or with the file if it begins as its track ends."""
    own = np.array(ends, np.int64)[begun["track"]]
    return np.where(own > begun["tick"], own, max(ends, default=0))


def _programs(events: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The program at the events ``at``: the last that its own track set on its channel, or any track, or else 0."""
    change = np.flatnonzero((events["status"] == 0xC0) & (events["first"] < 128))
    if not len(change):
        return np.zeros(len(at), np.int64)
    voice = events["track"] * _CHANNELS + events["channel"]
    within = voice * len(events) + np.arange(len(events))
    anywhere = events["channel"] * (LAST_TICK + 1) + events["tick"]
    own = latest(within[change], voice[change], within[at], voice[at])
    other = latest(anywhere[change], events["channel"][change], anywhere[at], events["channel"][at])
    programs: np.ndarray = np.append(events["first"][change], 0)[np.where(own >= 0, own, other)]  # -1 finds the 0
    return programs


def _under_pedal(notes: _Notes, events: np.ndarray, last: int) -> np.ndarray:
    """(N,) the ends of all notes under the pedals of their channels; a pedal does nothing to drums."""
    moves = events[(events["status"] == 0xB0) & np.isin(events["first"], (SUSTAIN, RESET_CONTROLLERS))]
    moves = moves[np.argsort(moves["tick"], kind="stable")]
    end = notes.end.copy()
    for channel in np.unique(moves["channel"]).tolist():
        if channel % 16 == smf.DRUM_CHANNEL:
            continue
        pedal = moves[moves["channel"] == channel]
        down = (pedal["first"] == SUSTAIN) & (pedal["second"] >= 64)
        own = notes.channel == channel
        end[own] = sustained(notes.onset[own], notes.end[own], notes.pitch[own], pedal["tick"], down, last)
    return end
