"""The roll codec: frames there and back, in milliseconds and in sixteenths, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.chords import rows_from_spec
from antiphon.errors import ModelError, OptionError
from antiphon.notes import DRUMS, NOTE, TICKS_PER_QUARTER, from_seconds, score
from antiphon.rolls import KEYS, SIXTEENTH_MS, VELOCITY, RollCodec, struck_notes

SMALL = RollCodec(frame_ms=100, lowest=60, keys=5)
BEATS = RollCodec(lowest=60, keys=5, beats=True)
STRUCK = RollCodec(lowest=60, keys=5, beats=True, struck=True)


def rolls(keys=SMALL.keys):
    frame = st.lists(st.integers(0, 1), min_size=keys, max_size=keys)
    return st.lists(frame, max_size=12).map(lambda rows: np.array(rows, np.uint8).reshape(-1, keys))


@pytest.mark.parametrize("codec", [SMALL, BEATS, STRUCK], ids=["ms", "beats", "struck"])
@given(rows=rolls())
def test_frames_there_and_back(codec, rows):
    while len(rows) and not rows[-1].any():  # silence at the end is no music
        rows = rows[:-1]
    music = codec.decode(rows)
    assert np.array_equal(codec.encode(music), rows)
    assert len(music) == struck_notes(rows)


@given(rolls())
def test_whole_pieces_are_the_reader_collected(rows):
    reader = SMALL.reader(program=7)
    notes = [note for row in rows for note in reader.push(row)] + reader.push(np.zeros(SMALL.keys))
    score = SMALL.decode(rows, program=7)
    found = sorted((round(s * 1000), int(p)) for s, p in zip(score.onset_s, score.notes["pitch"], strict=True))
    assert found == sorted((note.onset_ms, note.pitch) for note in notes)
    assert {int(p) for p in score.notes["program"]} <= {7}
    assert {note.velocity for note in notes} <= {VELOCITY}


def test_a_short_note_fills_a_frame_and_what_has_no_key_is_left_out():
    score = from_seconds(
        np.array([0.1, 0.2, 0.2, 0.0]),
        np.array([0.01, 0.3, 0.3, 1.0]),
        np.array([61, 60, 59, 62]),
        np.full(4, 80),
        np.array([0, 0, 0, DRUMS]),
    )
    assert SMALL.encode(score).tolist() == [[0] * 5, [0, 1, 0, 0, 0]] + [[1, 0, 0, 0, 0]] * 3


def test_no_music_has_no_frames():
    assert SMALL.encode(SMALL.decode(np.empty((0, 5)))).shape == (0, 5)


def test_the_row_before_the_first_is_no_frame():
    assert not np.isin(RollCodec().start_row, (0, 1)).any()
    assert len(RollCodec().attributes) == KEYS == len(RollCodec().column)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frame_ms": 9}, "frames of 9 ms are out of range: 10 to 10000"),
        ({"lowest": -1}, "keys -1 to 86 are out of range"),
        ({"lowest": 60, "keys": 69}, "keys 60 to 128 are out of range"),
        ({"keys": 0}, "out of range"),
        ({"beats": True, "frame_ms": 100}, "frames of 100 ms are no sixteenths"),
    ],
)
def test_a_codec_that_cannot_be_is_refused(options, message):
    with pytest.raises(OptionError, match=message):
        RollCodec(**options)


def written(*notes, tempos=()):
    """(onset, duration, pitch) in sixteenths as a Score."""
    table = np.zeros(len(notes), NOTE)
    for row, (onset, duration, pitch) in zip(table, notes, strict=True):
        row["onset"], row["duration"] = (round(t * TICKS_PER_QUARTER / 4) for t in (onset, duration))
        row["pitch"], row["velocity"] = pitch, 64
    return score(table, tempos)


def test_a_sixteenth_is_a_frame_at_any_tempo():
    notes = (0, 2, 60), (2, 4, 62), (3, 1, 64)
    slow, fast = written(*notes, tempos=[(0, 1_000_000), (1000, 300_000)]), written(*notes)
    assert np.array_equal(BEATS.encode(slow), BEATS.encode(fast))
    assert BEATS.encode(slow).argmax(0).tolist() == [0, 0, 2, 0, 3]
    assert len(BEATS.encode(slow)) == 6
    assert len(RollCodec(lowest=60, keys=5).encode(slow)) > 6
    assert BEATS.decode(BEATS.encode(slow)).notes["onset"].tolist() == fast.notes["onset"].tolist()


@pytest.mark.parametrize(
    ("notes", "sounds"),
    [
        ([(0, 2, 60), (2, 2, 60)], [1, 0, 1, 1]),
        ([(0, 4, 60), (2, 2, 60)], [1, 0, 1, 1]),  # struck while it still sounds
        ([(0, 1, 60), (1, 1, 60)], [1, 1]),  # no frame to spare
        ([(0, 2, 60), (0, 4, 60)], [1, 1, 1, 1]),  # struck twice at once
        ([(0, 1, 60), (2, 1, 60)], [1, 0, 1]),
    ],
)
def test_a_key_that_is_struck_again_falls_silent_before(notes, sounds):
    assert STRUCK.encode(written(*notes))[:, 0].tolist() == sounds
    assert BEATS.encode(written(*notes))[:, 0].sum() >= sum(sounds)


@pytest.mark.parametrize("codec", [SMALL, BEATS, STRUCK, RollCodec()])
def test_the_codec_is_found_again(codec):
    assert rows_from_spec(codec.spec()) == codec


@pytest.mark.parametrize(
    "change", [{"frame_ms": 5}, {"keys": "88"}, {"colour": 1}, {"beats": True, "frame_ms": SIXTEENTH_MS + 1}]
)
def test_a_codec_of_another_version_is_refused(change):
    with pytest.raises(ModelError, match="install the version it names"):
        rows_from_spec(RollCodec().spec() | change)
