"""Reading MIDI: against mido and pretty_midi, then time, notes, tracks, programs and the pedal one rule at a time."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import mido
import numpy as np
import pretty_midi
import pytest

from antiphon.errors import FileError
from antiphon.files import read_music
from antiphon.files.midi import MAX_BYTES, read_midi, read_midi_bytes
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score

DATA = sorted((Path(__file__).parents[1] / "data").glob("*.mid"))
Q = TICKS_PER_QUARTER


def chunk(*events: bytes) -> bytes:
    body = b"".join(events) + b"\0\xff\x2f\0"
    return b"MTrk" + struct.pack(">I", len(body)) + body


def midi(*chunks: bytes, kind: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(chunks), division) + b"".join(chunks)


def on(pitch: int, delta: int = 0, velocity: int = 64, channel: int = 0) -> bytes:
    return number(delta) + bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, delta: int = 0, channel: int = 0) -> bytes:
    return number(delta) + bytes([0x80 | channel, pitch, 0])


def control(value: int, delta: int = 0, channel: int = 0, controller: int = 64) -> bytes:
    return number(delta) + bytes([0xB0 | channel, controller, value])


def program(value: int, channel: int = 0, delta: int = 0) -> bytes:
    return number(delta) + bytes([0xC0 | channel, value])


def meta(kind: int, content: bytes, delta: int = 0) -> bytes:
    return number(delta) + bytes([0xFF, kind]) + number(len(content)) + content


def number(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def read(data: bytes, pedal: bool = True) -> Score:
    return read_midi_bytes(data, "test.mid", pedal=pedal)


def spans(music: Score) -> list[tuple[int, int, int]]:
    """(onset, end, pitch) in quarter ticks of 480, the division of these tests."""
    notes = music.notes
    return [(int(n["onset"]) // 4, (int(n["onset"]) + int(n["duration"])) // 4, int(n["pitch"])) for n in notes]


# Against other readers


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_notes_are_those_mido_finds(path, by_mido):
    scale = TICKS_PER_QUARTER // mido.MidiFile(path).ticks_per_beat
    notes = read_midi(path, pedal=False).notes
    ours = sorted(
        (int(n["onset"]), int(n["onset"]) + int(n["duration"]), int(n["pitch"]), int(n["velocity"])) for n in notes
    )
    theirs = sorted((a * scale, max(b, a + 1 / scale) * scale, p, v) for a, b, p, v in by_mido(path.read_bytes()))
    assert len(ours) > 400
    assert ours == theirs


@pytest.mark.filterwarnings("ignore:Tempo, Key or Time:RuntimeWarning")  # pretty_midi's, about key signatures
@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_seconds_and_programs_are_those_of_pretty_midi(path):
    music = read_midi(path, pedal=False)
    parts = pretty_midi.PrettyMIDI(str(path)).instruments
    theirs = sorted((n.start, n.pitch, DRUMS if p.is_drum else p.program) for p in parts for n in p.notes)
    columns = (music.onset_s, music.notes["pitch"], music.notes["program"])
    ours = sorted(zip(*(column.tolist() for column in columns), strict=True))
    np.testing.assert_allclose([n[0] for n in ours], [n[0] for n in theirs], atol=1e-6)
    assert sorted(n[1:] for n in ours) == sorted(n[1:] for n in theirs)


# Time


def test_ticks_are_resampled_without_drift():
    events = [e for _ in range(1000) for e in (on(60, 1), off(60, 6))]  # seven ticks a note
    onset = read(midi(chunk(*events), division=7)).notes["onset"]
    np.testing.assert_array_equal(onset, np.rint((np.arange(1000) * 7 + 1) * TICKS_PER_QUARTER / 7))


def test_tempos_and_metres_count_in_any_track():
    first = chunk(meta(0x51, (400_000).to_bytes(3, "big")), meta(0x58, b"\x06\x03\x18\x08"))
    second = chunk(on(60), off(60, 480), meta(0x51, (800_000).to_bytes(3, "big")), on(60, 480), off(60, 480))
    music = read(midi(first, second))
    assert music.tempos.tolist() == [(0, 400_000), (Q, 800_000)]
    assert music.metres.tolist() == [(0, 6, 8)]
    np.testing.assert_allclose(music.onset_s, [0, 0.4 + 0.8])


@pytest.mark.parametrize(("frames", "rate"), [(24, 24), (25, 25), (29, 30_000 / 1001), (30, 30)])
def test_smpte_time_is_seconds_whatever_the_tempo(frames, rate):
    tempo = meta(0x51, (400_000).to_bytes(3, "big"))
    data = midi(chunk(tempo, on(60, 80), off(60, 80)), division=(256 - frames) << 8 | 40)
    music = read(data)
    assert music.onset_s[0] == pytest.approx(2 / rate, abs=2e-4)
    assert music.length_s == pytest.approx(4 / rate, abs=2e-4)


def test_patterns_of_type_2_follow_one_another():
    first = chunk(meta(0x51, (400_000).to_bytes(3, "big")), on(60), off(60, 480))
    music = read(midi(first, chunk(on(62), off(62, 480)), kind=2))
    assert spans(music) == [(0, 480, 60), (480, 960, 62)]
    assert music.tempos.tolist() == [(0, 400_000), (Q, 500_000)]


# Notes


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([on(60), on(60, 10), off(60, 10), off(60, 10)], [(0, 20, 60), (10, 30, 60)]),  # first in, first out
        ([on(60), on(60, 10, velocity=0)], [(0, 10, 60)]),  # velocity 0 ends
        ([on(60), on(60, 10), off(60), off(60, 10)], [(0, 10, 60), (10, 20, 60)]),  # struck again before the end
        ([off(60), on(60, 10), off(60, 10), off(60, 5)], [(10, 20, 60)]),  # ends that end nothing
        ([on(60), on(62), off(60, 10), meta(1, b"", 30)], [(0, 10, 60), (0, 40, 62)]),  # hanging
        ([on(60), off(60, 10, channel=1), off(60, 10)], [(0, 20, 60)]),  # another channel's end is not its own
    ],
)
def test_which_end_belongs_to_which_note(events, expected):
    assert spans(read(midi(chunk(*events)))) == expected


def test_a_note_without_length_lasts_one_tick():
    notes = read(midi(chunk(on(60, 480), off(60)))).notes
    assert (notes["onset"][0], notes["duration"][0]) == (Q, 1)


def test_a_note_begun_at_the_end_of_its_track_lasts_to_the_end_of_the_file():
    assert spans(read(midi(chunk(on(60, 480)), chunk(meta(1, b"", 960))))) == [(480, 960, 60)]


def test_a_track_is_a_chunk_with_notes_and_a_channel_of_type_0():
    title, piano = chunk(meta(3, b"Title")), chunk(meta(3, b"Piano"), on(60), off(60, 10), on(61, channel=1))
    music = read(midi(title, piano, chunk(meta(3, "Flöte".encode("latin-1")), on(62))))
    assert music.tracks == ("Piano", "Flöte")
    assert music.notes["track"].tolist() == [0, 1, 0]  # by onset
    assert read(midi(piano, kind=0)).notes["track"].tolist() == [0, 1]


def test_programs_act_in_their_own_track_or_from_another():
    setup = chunk(program(11, 0), program(12, 1))
    own = chunk(program(40, 0), on(60, channel=0), program(41, 0, 10), on(61, channel=0))
    other = chunk(on(62, channel=1), on(63, channel=2), on(64, channel=9))
    music = read(midi(setup, own, other))
    assert dict(zip(music.notes["pitch"].tolist(), music.notes["program"].tolist(), strict=True)) == {
        60: 40, 61: 41, 62: 12, 63: 0, 64: DRUMS,
    }  # fmt: skip


def test_ports_keep_channels_apart():
    near = chunk(meta(0x21, b"\0"), program(1), on(60), off(60, 10), control(127), off(60, 90))
    far = chunk(meta(0x21, b"\1"), on(62), off(62, 20))
    music = read(midi(near, far))
    assert music.notes["program"].tolist() == [1, 0]
    assert spans(music) == [(0, 10, 60), (0, 20, 62)]


# The pedal


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ([control(127), on(60), off(60, 10), control(0, 90)], 100),  # to the lift
        ([control(64), on(60), off(60, 10), control(63, 90)], 100),  # from 64 it is down
        ([control(63), on(60), off(60, 10), control(0, 90)], 10),
        ([on(60), control(127, 5), off(60, 5), control(0, 90)], 100),  # pressed while the key is down
        ([on(60), off(60, 10), control(127, 5), control(0, 90)], 10),  # pressed too late
        ([control(127), on(60), off(60, 10), on(60, 20), control(0, 90)], 30),  # struck again
        ([control(127), on(60), off(60, 10), on(61, 20), control(0, 90)], 120),
        ([control(127), on(60), off(60, 10), meta(1, b"", 70)], 80),  # never lifted: to the end
        ([control(127), on(60), off(60, 10), control(0, 90, controller=121)], 100),  # all controllers reset
        ([control(127), on(60), control(0, 10), control(127), off(60), control(0, 90)], 10),  # pressed on the beat
        ([control(127), on(60), off(60, 10), control(0), control(127), control(0, 90)], 10),
        ([control(127, channel=1), on(60), off(60, 10), control(0, 90, channel=1)], 10),  # another channel's
        ([control(127), on(60), off(60, 10), control(90, 20), control(0, 30)], 60),  # half way is still down
    ],
)
def test_the_pedal_lengthens_a_note(events, end):
    data = midi(chunk(*events))
    assert spans(read(data))[0] == (0, end, 60)
    assert spans(read(data, pedal=False))[0][1] <= 10


def test_one_pedal_serves_both_hands_and_no_drums():
    right = chunk(control(127), control(0, 100), control(127, channel=9), control(0, 100, channel=9))
    left = chunk(on(40), off(40, 10), on(36, channel=9), off(36, 10, channel=9))
    assert spans(read(midi(right, left))) == [(0, 100, 40), (10, 20, 36)]


def test_what_is_no_file_is_named_too(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        read_music(tmp_path / "missing.mid")
    with pytest.raises(FileError, match=r"irectory|Permission"):  # Windows says the latter
        read_music(tmp_path)
    with pytest.raises(FileError, match="larger than 50 MB"):
        read_midi_bytes(bytes(MAX_BYTES + 1), "huge.mid")


def test_no_permission_is_said(tmp_path, monkeypatch):
    path = tmp_path / "locked.mid"
    path.write_bytes(midi(chunk(on(60), off(60, 480))))
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything, so the refusal is played

        def refuse(self: Path, *_: object) -> None:
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileError, match=r"locked\.mid: Permission denied"):
        read_midi(path)


def test_the_suffix_does_not_matter_where_the_header_tells(tmp_path):
    for name in ("piece.MID", "piece.kar", "piece", "piece.dat"):
        (tmp_path / name).write_bytes(midi(chunk(on(60), off(60, 480))))
        assert len(read_music(tmp_path / name)) == 1
