"""Files that are broken: what can be read keeps its notes, what cannot is one clear line."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import FileError
from antiphon.files import read_music
from antiphon.files.midi import read_midi, read_midi_bytes

END = b"\0\xff\x2f\0"
GOOD = b"\0\x90\x3c\x40\x83\x60\x80\x3c\0"  # middle C for 480 ticks
ON, OFF = GOOD[:4], GOOD[4:]


def chunk(events: bytes = b"", end: bytes = END, kind: bytes = b"MTrk") -> bytes:
    return kind + struct.pack(">I", len(events + end)) + events + end


def midi(*chunks: bytes, kind: int = 1, division: int = 480, count: int | None = None) -> bytes:
    fields = struct.pack(">HHH", kind, len(chunks) if count is None else count, division)
    return b"MThd\0\0\0\6" + fields + b"".join(chunks)


def meta(kind: int, content: bytes) -> bytes:
    return bytes([0, 0xFF, kind]) + (b"\x82" if len(content) >= 256 else b"") + bytes([len(content) % 128]) + content


def spans(music):
    """(onset, end, pitch) in the ticks of these files, a quarter of ours."""
    return [(n["onset"] // 4, (n["onset"] + n["duration"]) // 4, n["pitch"]) for n in music.notes]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(midi(chunk(GOOD, end=b"")), id="no end of track"),
        pytest.param(midi(chunk(GOOD)) + b"\0garbage \x90\x40\x40" * 9, id="garbage after"),
        pytest.param(midi(chunk(GOOD, end=b"")) + b"\0\x90\x40\x40" * 9, id="garbage after no end of track"),
        pytest.param(b"\0\1garbage" * 9 + midi(chunk(GOOD)), id="garbage before"),
        pytest.param(midi(chunk(GOOD)) + midi(chunk(ON + OFF)), id="another file after"),
        pytest.param(midi(b"MTrk\xff\xff\xff\xff" + GOOD + END), id="length of 4 GB"),
        pytest.param(midi(b"MTrk\0\0\0\0" + GOOD + END), id="length never filled in"),
        pytest.param(midi(b"MTrk\0\0\0\5" + GOOD + END), id="length too short"),
        pytest.param(midi(chunk(b"XFIH data", end=b"", kind=b"XFIH"), chunk(GOOD)), id="unknown chunk"),
        pytest.param(midi(b"XF\0\0\xff\xff\xff\xff", chunk(GOOD)), id="unknown chunk of 4 GB"),
        pytest.param(midi(chunk(GOOD), count=0), id="said to have no tracks"),
        pytest.param(midi(chunk(GOOD), count=900), id="said to have 900 tracks"),
        pytest.param(midi(chunk(GOOD), kind=7), id="unknown type"),
        pytest.param(b"MThd\0\0\0\x08" + midi(b"\0\0", chunk(GOOD))[8:], id="longer header"),
        pytest.param(b"MThd\xff\xff\xff\xff" + midi(chunk(GOOD))[8:], id="header of 4 GB"),
        pytest.param(b"RIFF\xff\0\0\0RMIDdata\xff\0\0\0" + midi(chunk(GOOD)) + b"LIST\4\0\0\0INFO", id="RIFF"),
        pytest.param(midi(chunk(GOOD + b"\x10\x90\x3e", end=b"")), id="cut inside an event"),
        pytest.param(midi(chunk(GOOD))[:-3], id="cut inside the end of track"),
        pytest.param(midi(chunk(GOOD + meta(1, b"words")))[:-6], id="cut inside a text"),
        pytest.param(midi(chunk(ON + b"\x83\x60\x3c\0")), id="running status"),
        pytest.param(midi(chunk(ON + b"\0\xd0\x10\x83\x60\x20\0\x80\x3c\0")), id="running status of one data byte"),
        pytest.param(midi(chunk(ON + meta(1, b"x") + b"\x83\x60\x3c\0")), id="running status over a meta event"),
        pytest.param(midi(chunk(b"\0\x3c\x40" + GOOD)), id="running status of nothing"),
        pytest.param(midi(chunk(b"\0\xf0\3\1\2\xf7\0\xf7\2\1\2" + GOOD)), id="sysex"),
        pytest.param(midi(chunk(b"\0\xf8\0\xf2\1\2\0\xf3\1" + GOOD)), id="system messages"),
        pytest.param(midi(chunk(b"\0\xc0\xd0" + GOOD)), id="program 208"),
        pytest.param(midi(chunk(b"\0\xb0\xff\xff" + GOOD)), id="controller 255"),
        pytest.param(midi(chunk(meta(0x51, b"") + meta(0x58, b"\4") + meta(0x21, b"") + GOOD)), id="short meta events"),
        pytest.param(midi(chunk(meta(0x51, b"\0\0\0") + meta(0x58, b"\0\2\0\0") + GOOD)), id="tempo 0, metre 0/4"),
        pytest.param(midi(chunk(meta(0x58, b"\4\xff\0\0") + GOOD)), id="metre 4 over 2 to the 255"),
        pytest.param(
            midi(chunk(meta(0x51, b"\7\xa1\x20\0\0") + meta(0x7F, b"\0" * 300) + GOOD)), id="long meta events"
        ),
    ],
)
def test_a_broken_file_keeps_its_note(data, same_there_and_back):
    music = read_midi_bytes(data, "broken.mid")
    assert spans(music) == [(0, 480, 60)]
    assert music.tempos.tolist() == [(0, 500_000)]
    assert music.metres.tolist() == [(0, 4, 4)]
    same_there_and_back(music)


def test_a_track_said_to_be_too_long_does_not_swallow_the_next():
    data = midi(b"MTrk\0\0\0\x12" + GOOD + END, chunk(GOOD), chunk(GOOD))
    assert spans(read_midi_bytes(data, "broken.mid")) == [(0, 480, 60)] * 3


@pytest.mark.parametrize(
    "data", [midi(), midi(chunk()), midi(count=5), midi(chunk(meta(1, b"only words"))), midi(chunk(end=b""))]
)
def test_a_file_without_notes_is_an_empty_score(data, tmp_path, same_there_and_back):
    music = read_midi_bytes(data, "silent.mid")
    assert len(music) == 0
    same_there_and_back(music)
    (tmp_path / "silent.mid").write_bytes(data)
    with pytest.raises(FileError, match=r"silent\.mid has no notes"):
        read_music(tmp_path / "silent.mid")


@given(
    bodies=st.lists(st.binary(max_size=60), max_size=3),
    kind=st.sampled_from([0, 1, 2]),
    end=st.sampled_from([END, b""]),
)
def test_any_bytes_are_a_score_or_a_clear_error(bodies, kind, end, same_there_and_back):
    with suppress(FileError):
        same_there_and_back(read_midi_bytes(midi(*(chunk(ON + body, end) for body in bodies), kind=kind), "any.mid"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b"X:1\nT:A tune\nK:C\n", "not a MIDI file"),
        (midi()[:9], "ends inside the MIDI header"),
        (midi(chunk(GOOD), division=0), "time division is 0x0000"),
        (midi(chunk(GOOD), division=0xFFFF), "time division is 0xffff"),
        (midi(chunk(GOOD), division=0xE700), "time division is 0xe700"),
        (midi(chunk(GOOD + b"\0\x90\xc8\x40")), "track 1 has a note of pitch 200 and velocity 64 at quarter note 1.00"),
        (midi(chunk(GOOD + b"\0\x90\x3c\xff")), "velocity 255"),
        (midi() + b"MTrk\0\0\0\0" * 2**16, "it has 65,536 tracks"),
        (midi(chunk(b"\xff\xff\xff\x7f" + ON[1:] + OFF), division=1), "over 1,118,481 quarter notes from the start"),
    ],
)
def test_an_unreadable_file_is_one_line_that_names_it(data, why, tmp_path):
    path = tmp_path / "broken.mid"
    path.write_bytes(data)
    with pytest.raises(FileError, match=why) as error:
        read_midi(path)
    assert str(error.value).startswith(f"cannot read {path}: ")
    assert "\n" not in str(error.value)
