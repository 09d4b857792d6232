"""A Score as the bytes of a Standard MIDI File.

Place in the path: the last station, behind :func:`antiphon.files.midi.write_midi`. The file is of type 1: first the
tempo and metre maps, then each track that has notes, as many chunks as it needs. A chunk has one channel and one
program, as other software expects. A track of several programs, or one where a pitch overlaps itself so that first in,
first out would end the wrong note, goes on in further chunks, marked as its continuation: nothing is lost, and every
reader finds the right ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from antiphon.files import smf
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score

_LONGEST = 2**28 - 1  # the longest delta time, in ticks
_MELODIC = tuple(channel for channel in range(16) if channel != smf.DRUM_CHANNEL)

Part = tuple[int, int]  # (track, program)


def midi_bytes(music: Score, texts: Sequence[str] = ()) -> bytes:
    """The score as a file, which begins with ``texts`` as text events; ASCII is what every reader understands.

    Raises ValueError for a tempo or metre that MIDI cannot say.
    """
    voices = _voices(music)
    channels = _channels([part for part, _ in voices])
    chunks = [_chunk([*((0, _meta(smf.TEXT, text.encode(errors="replace"))) for text in texts), *_maps(music)])]
    before = -1
    for part, notes in voices:
        track = part[0]
        name = music.tracks[track].encode(errors="replace")
        head = _meta(smf.SEQUENCER, smf.CONTINUED) if track == before else _meta(smf.TRACK_NAME, name)
        channel, shared = channels[part]
        chunks.append(_chunk(_played(notes, head, channel, part[1], shared)))
        before = track
    fields = b"".join(value.to_bytes(2, "big") for value in (1, len(chunks), TICKS_PER_QUARTER))
    return b"MThd" + len(fields).to_bytes(4, "big") + fields + b"".join(chunks)


def _maps(music: Score) -> Iterator[tuple[int, bytes]]:
    """The tempo events, then the metre events."""
    for tick, tempo in music.tempos.tolist():
        if not 0 < tempo < 2**24:
            raise ValueError(f"tempo {tempo} at tick {tick}: MIDI holds 1 to 16,777,215 microseconds a quarter note")
        yield tick, _meta(smf.TEMPO, tempo.to_bytes(3, "big"))
    for tick, numerator, denominator in music.metres.tolist():
        if denominator not in (1, 2, 4, 8, 16, 32, 64, 128):
            raise ValueError(f"metre {numerator}/{denominator} at tick {tick}: MIDI holds powers of two below the line")
        yield tick, _meta(smf.METRE, bytes([numerator, denominator.bit_length() - 1, 24, 8]))


def _voices(music: Score) -> list[tuple[Part, np.ndarray]]:
    """The part and the notes of every chunk, in order."""
    notes = music.notes
    part = notes["track"].astype(np.int64) * (DRUMS + 1) + notes["program"]
    lane = _lanes(notes, part)
    key = part * (int(lane.max(initial=0)) + 1) + lane
    order = np.argsort(key, kind="stable")
    groups = np.split(notes[order], np.flatnonzero(np.diff(key[order])) + 1)
    return [((int(group["track"][0]), int(group["program"][0])), group) for group in groups if len(group)]


def _lanes(notes: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(N,) 0 where first in, first out finds a note's end, else the number of the further chunk in which it does."""
    lane = np.zeros(len(notes), np.int64)
    end = notes["onset"].astype(np.int64) + notes["duration"]
    order = np.lexsort([notes["pitch"], part])  # stable: by onset within a pitch
    same = (np.diff(part[order]) == 0) & (np.diff(notes["pitch"][order].astype(int)) == 0)
    if not (same & (np.diff(end[order]) < 0)).any():
        return lane
    ends_of: dict[tuple[int, int], list[int]] = {}  # the last end in each lane, falling from lane to lane
    for i in order.tolist():
        ends = ends_of.setdefault((int(part[i]), int(notes["pitch"][i])), [])
        free = next((k for k, last in enumerate(ends) if last <= end[i]), len(ends))
        ends[free : free + 1] = [int(end[i])]
        lane[i] = free
    return lane


def _channels(parts: Iterable[Part]) -> dict[Part, tuple[int, bool]]:
    """The channel of each part, and whether it is shared with other programs.

    A channel for each part while they last; failing that one for each program; failing that programs share.
    """
    unique = list(dict.fromkeys(parts))
    melodic = [part for part in unique if part[1] != DRUMS]
    of_part = dict.fromkeys(unique, (smf.DRUM_CHANNEL, False))
    if len(melodic) <= len(_MELODIC):
        return of_part | {part: (channel, False) for part, channel in zip(melodic, _MELODIC, strict=False)}
    programs = sorted({program for _, program in melodic})
    shared = len(programs) > len(_MELODIC)
    of_program = {program: _MELODIC[i % len(_MELODIC)] for i, program in enumerate(programs)}
    return of_part | {part: (of_program[part[1]], shared) for part in melodic}


def _played(notes: np.ndarray, head: bytes, channel: int, program: int, shared: bool) -> Iterator[tuple[int, bytes]]:
    """The events of one chunk: at one tick ends before beginnings, so that a note struck again ends first.

    On a channel shared with other programs the program is set before every note.
    """
    yield 0, head
    change = b"" if program == DRUMS else bytes([0xC0 | channel, program])
    if change and not shared:
        yield 0, change
    onset, pitch, velocity = notes["onset"].tolist(), notes["pitch"].tolist(), notes["velocity"].tolist()
    end = (notes["onset"].astype(np.int64) + notes["duration"]).tolist()
    for tick, p in zip(end, pitch, strict=True):
        yield tick, bytes([0x80 | channel, p, 0])
    for tick, p, v in zip(onset, pitch, velocity, strict=True):
        yield tick, (change + b"\0" if shared else b"") + bytes([0x90 | channel, p, v])


def _chunk(events: Iterable[tuple[int, bytes]]) -> bytes:
    """An MTrk chunk of (tick, message) pairs in any order; those of one tick stay in theirs."""
    out, now = bytearray(), 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        while tick - now > _LONGEST:  # 39 hours at 120 bpm: an empty text event on the way
            out += _number(_LONGEST) + _meta(smf.TEXT, b"")
            now += _LONGEST
        out += _number(tick - now) + message
        now = tick
    out += b"\0" + _meta(smf.END_OF_TRACK, b"")
    return b"MTrk" + len(out).to_bytes(4, "big") + bytes(out)


def _meta(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + _number(len(content)) + content


def _number(value: int) -> bytes:
    """The file's variable length: seven bits a byte, the high bit on all but the last."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))
