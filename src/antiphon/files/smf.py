"""Standard MIDI Files at the level of bytes: the chunks of a file and the events of a track, as arrays.

Place in the path: ``bytes → chunks → events`` here, ``events → Score`` in :mod:`antiphon.files.midi`. Files in the wild
lie about their lengths, so a length is believed only where it leads to another chunk or to the end of the file;
otherwise a track runs to its own End of Track. No length is ever allocated, so a damaged one costs nothing.

How it is fast in plain Python: NumPy works out for every byte how long a channel event starting there would be, one
short loop hops from event to event, and NumPy takes the fields of all events at once. Reading 1,104 performances of
MAESTRO (6.37 M notes, pedal applied) takes 10 s on one core. The C++ parser of symusic 0.6 takes 0.5 s, but hides
channels, so that a pedal cannot act on its own, lost a note in 3 of 6,083 files, and stops at a wrong length.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from antiphon.errors import FileError

DRUM_CHANNEL = 9
TEXT, TRACK_NAME, PORT, END_OF_TRACK, TEMPO, METRE, SEQUENCER = 0x01, 0x03, 0x21, 0x2F, 0x51, 0x58, 0x7F  # meta events
CONTINUED = b"\x7dantiphon:continued"  # in a SEQUENCER event of ours: the chunk goes on with the track before it

_PADDING = 8  # bytes of zero after a track, so that looking a whole event ahead never leaves it
_HEADER_LENGTH = 6

# Bytes from a status byte to the next event, itself included; a data byte means running status, where two follow. 0 for
# what needs a closer look: events of one data byte (they change how running status reads on), sysex and meta events.
_LENGTH = np.zeros(256, np.uint8)
_LENGTH[:0x80] = 2
_LENGTH[0x80:0xC0] = _LENGTH[0xE0:0xF0] = 3


class Header(NamedTuple):
    """The MThd chunk: ``kind`` 0, 1 or 2, ``division`` as the file has it, and where the chunks after it begin."""

    kind: int
    division: int
    end: int


class Events(NamedTuple):
    """The events of one track, in the file's order; arrays of one length."""

    tick: np.ndarray  # int64, the file's own ticks from the start of the track
    status: np.ndarray  # uint8, running status filled in
    first: np.ndarray  # uint8, the first data byte (of a meta event its type)
    second: np.ndarray  # uint8, the second data byte; meaningless for events of one
    data: np.ndarray  # int64, the offset in the track of the byte after the status


def header(data: bytes, name: str) -> Header:
    """The header of a file, wherever it starts (RIFF-wrapped files and some downloads carry bytes before it).

    Raises FileError, naming the file, where there is none.
    """
    start = data.find(b"MThd")
    if not data:
        raise FileError(f"cannot read {name}: the file is empty; expected a MIDI file")
    if start < 0:
        raise FileError(f"cannot read {name}: not a MIDI file (it begins with {data[:4]!r}; a MIDI file has b'MThd')")
    if len(data) < start + 14:
        raise FileError(f"cannot read {name}: it ends inside the MIDI header, at byte {len(data)}; get a whole copy")
    length, kind, _, division = (
        int.from_bytes(data[start + a : start + b], "big") for a, b in ((4, 8), (8, 10), (10, 12), (12, 14))
    )
    end = start + 8 + length
    return Header(kind, division, end if length >= _HEADER_LENGTH and _leads_on(data, end) else start + 14)


def tracks(data: bytes, start: int) -> list[bytes]:
    """The bodies of all MTrk chunks from ``start`` on. The header's count of tracks is often wrong and is not asked."""
    stop = data.find(b"MThd\0\0\0\6", start)  # another file after this one is no part of it
    data = data[:stop] if stop >= 0 else data
    found = []
    while (start := data.find(b"MTrk", start)) >= 0:
        body = start + 8
        end = body + int.from_bytes(data[start + 4 : body], "big")
        if not _leads_on(data, end):
            end = _true_end(data, body, end)
        found.append(data[body:end])
        start = end
    return found


def _leads_on(data: bytes, end: int) -> bool:
    """Whether a chunk that is said to end at ``end`` does: the file ends there, or another chunk begins."""
    kind, size = data[end : end + 4], int.from_bytes(data[end + 4 : end + 8], "big")
    return end == len(data) or kind == b"MTrk" or (len(kind) == 4 and kind.isalnum() and end + 8 + size <= len(data))


def _true_end(data: bytes, body: int, said: int) -> int:
    """Where a track ends that is said to end at ``said``, in the middle of something or beyond the file.

    All up to the next track is its own where that closes with an End of Track; otherwise what follows ``said`` is
    garbage after a track that was never closed.
    """
    following = data.find(b"MTrk", body)
    limit = following if following >= 0 else len(data)
    own = data[body:limit]
    closed = _scan(own, _steps(np.frombuffer(own + bytes(_PADDING), np.uint8)))[1]
    return limit if closed else min(said, limit)


def events(body: bytes) -> Events:
    """The events of a track up to its End of Track, or as far as whole events go."""
    padded = np.frombuffer(body + bytes(_PADDING), np.uint8)
    start = np.array(_scan(body, _steps(padded))[0], np.int64)
    delta, at = _variable_length(padded, start)
    status = padded[at]
    explicit = status >= 0x80
    voice = explicit & (status < 0xF0)
    last = np.maximum.accumulate(np.where(voice, np.arange(len(at)), -1)) if len(at) else at
    running = np.where(last >= 0, status[last], 0)
    data = at + explicit
    return Events(np.cumsum(delta), np.where(explicit, status, running), padded[data], padded[data + 1], data)


def variable_length(body: bytes, at: int) -> tuple[int, int]:
    """The number of at most four bytes of seven bits at ``at``, and the offset after it."""
    value = 0
    for byte in body[at : at + 4]:
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            break
    return value, at


def _variable_length(padded: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """:func:`variable_length` for many offsets at once."""
    byte = padded[start]
    value, at = (byte & 0x7F).astype(np.int64), start + 1
    more = np.flatnonzero(byte >= 0x80)
    for _ in range(3):
        byte = padded[at[more]]
        value[more] = value[more] << 7 | byte & 0x7F
        at[more] += 1
        more = more[byte >= 0x80]
    return value, at


def _steps(padded: np.ndarray) -> bytes:
    """For every offset: bytes from an event that begins there to the next one, 0 where :func:`_scan` must look."""
    size = len(padded) - _PADDING
    ahead = [padded[i : size + i] for i in range(5)]
    second = (ahead[0] >= 0x80) & (ahead[1] >= 0x80)  # the delta time has a third byte
    third = second & (ahead[2] >= 0x80)
    delta = 1 + (ahead[0] >= 0x80).astype(np.uint8) + second + third
    status = np.where(third, ahead[4], np.where(second, ahead[3], np.where(ahead[0] >= 0x80, ahead[2], ahead[1])))
    length = _LENGTH[status]
    return np.where(length > 0, delta + length, 0).astype(np.uint8).tobytes() + bytes(_PADDING)


def _scan(body: bytes, steps: bytes) -> tuple[list[int], bool]:
    """The offset of every whole event (of its delta time), and whether an End of Track closes them."""
    size, at = len(body), 0
    starts: list[int] = []
    single = False  # running status belongs to an event of one data byte
    while at < size:
        while not single and (step := steps[at]):
            starts.append(at)
            at += step
        if at >= size:
            break
        starts.append(at)
        _, place = variable_length(body, at)
        status = body[place] if place < size else 0
        if status < 0xF0:
            single = single if status < 0x80 else 0xC0 <= status < 0xE0
            at = place + (status >= 0x80) + (1 if single else 2)
        elif body[place : place + 2] == bytes([0xFF, END_OF_TRACK]):
            return starts, True
        else:
            at = _after(body, place, status)
    if at > size:
        starts.pop()
    return starts, False


def _after(body: bytes, place: int, status: int) -> int:
    """The offset after the sysex, meta or system event whose status byte is at ``place``."""
    if status in (0xF0, 0xF7, 0xFF):
        length, content = variable_length(body, place + (2 if status == 0xFF else 1))
        return content + length
    return place + {0xF1: 2, 0xF2: 3, 0xF3: 2}.get(status, 1)
