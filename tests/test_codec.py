"""The note codec: music there and back on its grid, and any rows that are allowed are music."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from antiphon.bins import DURATION_BINS, STEP_BINS
from antiphon.codec import HELD, VELOCITY_WIDTH, NoteCodec, codec_from_spec, milliseconds
from antiphon.errors import ModelError
from antiphon.files.midi import read_midi
from antiphon.notes import DRUMS, NOTE, Score, from_seconds

TICK_S = 1 / 3840  # of a decoded score, at 120 bpm
CODECS = [NoteCodec(), NoteCodec(programs=True), NoteCodec(ends=8)]
codecs = pytest.mark.parametrize("codec", CODECS, ids=["piano", "programs", "ends"])


@st.composite
def rows(draw, codec, least=0, held=True, most=30):
    """(N, A) rows of any allowed codes."""
    count = draw(st.integers(least, most))
    codes = [st.integers(0, a.size - 1) for a in codec.attributes]
    if not held:
        codes[-1] = codes[-1].filter(lambda code: code != HELD)
    return np.stack([draw(arrays(np.uint8, count, elements=column)) for column in codes], axis=-1)


@st.composite
def on_the_grid(draw, codec):
    """A score that begins at 0, its times and velocities those that codes decode to.

    Where durations point to ends, so few notes that in another order, too, each is within reach of all.
    """
    drawn = draw(rows(codec, least=1, held=False, most=codec.ends + 1 if codec.ends else 30))
    drawn[0, codec.column["step"]] = 0  # the codec does not keep the silence before the first note
    return codec.decode(drawn)


def notes(*table: tuple[float, float, int]) -> Score:
    """A score of (onset, duration, pitch), times in seconds."""
    onset, duration, pitch = (np.array(column) for column in zip(*table, strict=True))
    return from_seconds(onset, duration, pitch, np.full(len(pitch), 80))


@codecs
@given(data=st.data())
def test_music_on_the_grid_comes_back(codec, data):
    score = data.draw(on_the_grid(codec))
    assert codec.decode(codec.encode(score)) == score


@codecs
@given(data=st.data())
def test_rows_in_order_come_back_exactly(codec, data):
    given_rows = data.draw(rows(codec, least=1, held=False))
    once = codec.encode(codec.decode(given_rows))
    assert (codec.encode(codec.decode(once)) == once).all()


@codecs
@given(data=st.data())
def test_any_allowed_rows_are_valid_music(codec, data):
    given_rows = data.draw(rows(codec))
    score = codec.decode(given_rows)  # its maker refuses notes out of range
    assert len(score) == len(given_rows)
    assert (score.notes["duration"] >= 1).all()


@codecs
@given(data=st.data())
def test_reading_row_by_row_is_decoding_the_whole(codec, data):
    given_rows = data.draw(rows(codec, held=False))
    reader = codec.reader(program=7)
    stream = [reader.push(row) for row in given_rows]
    score = codec.decode(given_rows, program=7)
    onset_ms, duration_ms = milliseconds(score)
    names = ("pitch", "velocity", "program")
    whole = zip(onset_ms, duration_ms, *(score.notes[name] for name in names), strict=True)
    assert sorted(map(tuple, stream)) == sorted(tuple(map(int, note)) for note in whole)


@given(rows(NoteCodec()))
def test_what_the_reader_allows_is_in_order_as_encoded(given_rows):
    codec, kept = NoteCodec(), []
    reader = codec.reader()
    for row in given_rows:  # a model's row, its pitch moved to one that may follow
        allowed = np.flatnonzero(reader.allowed("pitch", row)) if row[0] == 0 else [row[1]]
        row[1] = min(allowed, key=lambda pitch: abs(int(pitch) - int(row[1])))
        row[3] = min(row[3], HELD - 1)
        reader.push(row)
        kept.append(row)
    if kept:
        kept[0][0] = 0
        decoded = codec.decode(np.array(kept))
        columns = decoded.notes["onset"].astype(int) * 128 + decoded.notes["pitch"]
        assert (np.diff(columns) >= 0).all()


def test_the_reader_lets_a_chord_only_rise_and_no_note_be_held():
    codec = NoteCodec()
    reader = codec.reader()
    reader.push(np.array([5, 60, 10, 10]))
    assert np.flatnonzero(reader.allowed("pitch", np.array([0, 0, 0, 0]))).tolist() == list(range(61, 128))
    assert reader.allowed("pitch", np.array([1, 0, 0, 0])) is None
    assert np.flatnonzero(~reader.allowed("duration", np.zeros(4, int))).tolist() == [HELD]
    assert reader.allowed("step", np.zeros(4, int)) is None


def test_notes_that_end_together_point_to_the_nearest_such():
    codec = NoteCodec(ends=2)
    score = notes((0.0, 1.13, 60), (0.1, 0.2, 64), (0.2, 0.93, 67), (0.25, 0.04, 70), (0.3, 0.83, 72))
    codes = codec.encode(score)
    assert codes[:, -1].tolist()[2:] == [HELD + 2, 3, HELD + 2]  # the last by way of the third
    ends = codec.decode(codes).end_s
    assert ends[0] == ends[2] == ends[4] != 1.13  # together, though a time so long is rounded


def test_a_chord_may_end_together_from_its_second_note_on():
    assert NoteCodec(ends=8).encode(notes((0, 1, 60), (0, 1, 64), (0, 1, 67)))[1:, -1].tolist() == [HELD + 1] * 2


def test_nothing_points_to_a_note_that_its_codes_have_ended():
    codec, end = NoteCodec(ends=8), 20.0
    long = notes((0, end, 60), *((end - 3 + i / 10, 3 - i / 10, 61 + i) for i in range(29)))
    codes = codec.encode(long)
    reader = codec.reader()
    for row in codes:
        assert reader.allowed("duration", row)[row[-1]]
        reader.push(row)


def test_the_reader_allows_only_notes_that_still_sound_to_be_pointed_to():
    codec = NoteCodec(ends=2)
    reader = codec.reader()
    reader.push(np.array([0, 60, 10, 19]))  # 0.2 s
    assert reader.lengths(np.array([5, 0, 0, 0]))[HELD:].tolist() == [0, 15, 0]
    assert reader.lengths(np.array([20, 0, 0, 0]))[HELD:].tolist() == [0, 0, 0]
    reader.push(np.array([5, 62, 10, HELD]))
    assert reader.push(np.array([5, 64, 10, HELD + 2])).duration_ms == 100
    assert reader.push(np.array([0, 65, 10, HELD + 2])).duration_ms is None  # points to the held note


def test_held_until_struck_again_or_the_end():
    codec = NoteCodec()
    twice, other = [10, 60, 10, HELD], [10, 64, 10, 19]  # 0.1 s later each; the other sounds 0.2 s
    score = codec.decode([twice, other, twice, other])
    onset_ms, duration_ms = milliseconds(score)
    assert onset_ms.tolist() == [100, 200, 300, 400]
    assert duration_ms.tolist() == [200, 200, 300, 200]  # to the next 60 at 300; to the end of the last 64 at 600


def test_the_reader_does_not_know_when_a_held_note_ends():
    note = NoteCodec().reader().push(np.array([0, 60, 10, HELD]))
    assert note.duration_ms is None


@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.39, 1.0, 2.5, 7.0, 31.0, 58.0])
def test_long_steps_and_durations_survive(seconds):
    score = NoteCodec().decode(NoteCodec().encode(notes((0, seconds, 60), (seconds, seconds, 62))))
    assert score.onset_s[1] == pytest.approx(seconds, rel=0.026)
    assert (score.end_s - score.onset_s) == pytest.approx(seconds, rel=0.026)


def test_times_below_0_4_s_are_exact_to_the_grid():
    times = np.arange(1, 40) / 100
    music = from_seconds(np.cumsum(times), times, np.arange(1, 40), np.full(39, 80))
    decoded = NoteCodec().decode(NoteCodec().encode(music))
    assert (decoded.end_s - decoded.onset_s) == pytest.approx(times, abs=TICK_S)
    assert np.diff(decoded.onset_s) == pytest.approx(times[1:], abs=TICK_S)


def test_notes_of_one_cell_are_a_chord_in_order_of_pitch():
    encoded = NoteCodec().encode(notes((1.0, 1, 67), (1.002, 1, 60), (1.004, 1, 64)))
    assert encoded[:, :2].tolist() == [[0, 60], [0, 64], [0, 67]]


def test_rounding_does_not_add_up():
    onset_s = np.arange(2000) * 0.0333  # off the grid: each step alone would lose 3.3 ms
    music = from_seconds(onset_s, np.full(2000, 0.05), np.full(2000, 60), np.full(2000, 80))
    decoded = NoteCodec().decode(NoteCodec().encode(music))
    assert np.abs(decoded.onset_s - onset_s).max() < 0.006  # half a cell, and half a millisecond of rounding


def test_velocity_keeps_its_bin():
    every = from_seconds(np.arange(1, 128), np.ones(127), np.full(127, 60), np.arange(1, 128))
    decoded = NoteCodec().decode(NoteCodec().encode(every))
    assert np.abs(decoded.notes["velocity"].astype(int) - every.notes["velocity"]).max() <= VELOCITY_WIDTH // 2


def test_instruments_and_drums_come_back():
    table = np.zeros(3, NOTE)
    table["onset"], table["duration"], table["pitch"], table["velocity"] = [0, 960, 1920], 960, 60, 80
    table["program"] = [40, DRUMS, 0]
    codec = NoteCodec(programs=True)
    decoded = codec.decode(codec.encode(Score(table, notes((0, 1, 60)).tempos, notes((0, 1, 60)).metres)))
    assert decoded.notes["program"].tolist() == [40, DRUMS, 0]


def test_a_following_note_has_a_step_of_its_own():
    args = np.array([1500]), np.array([100]), np.array([60]), np.array([80])
    assert NoteCodec().encode_ms(*args)[0, 0] == 0
    assert STEP_BINS.middle[NoteCodec().encode_ms(*args, previous_ms=1300)[0, 0]] == 20


@codecs
def test_no_notes_are_no_rows(codec):
    empty = from_seconds(np.empty(0), np.empty(0), np.empty(0), np.empty(0))
    assert codec.encode(empty).shape == (0, len(codec.attributes))
    assert len(codec.decode(codec.encode(empty))) == 0


@codecs
def test_real_music_stays_in_range_and_comes_back(codec, data):
    for path in sorted(data.glob("*.mid")):
        encoded = codec.encode(read_midi(path))
        assert (encoded < [a.size for a in codec.attributes]).all()
        decoded = codec.decode(encoded)
        assert codec.decode(codec.encode(decoded)) == decoded, path.name


@codecs
def test_values_lie_within_their_boundaries(codec):
    for attribute, values, edges in zip(codec.attributes, codec.values, codec.boundaries, strict=True):
        last = HELD if attribute.name == "duration" else attribute.size  # HELD stands for no time
        assert (edges[:last] < values[:last]).all(), attribute.name
        assert (values[:last] < edges[1 : last + 1]).all(), attribute.name


@codecs
def test_boundaries_cover_the_whole_line_and_held_nothing(codec):
    for attribute, edges in zip(codec.attributes, codec.boundaries, strict=True):
        assert len(edges) == attribute.size + 1
        assert (edges[0], edges[-1]) == (-np.inf, np.inf)
        last = HELD if attribute.name == "duration" else attribute.size - 1
        assert (edges[:last] < edges[1 : last + 1]).all(), attribute.name
    assert (codec.boundaries[-1][HELD:] == np.inf).all()


@codecs
def test_the_cells_of_all_codes_are_the_grid(codec):
    cells = {a.name: np.exp(table).sum() for a, table in zip(codec.attributes, codec.log_cells, strict=True)}
    assert cells.pop("step") == pytest.approx(STEP_BINS.edges[-1])
    single = 1 + codec.ends  # HELD and what points back
    assert cells.pop("duration") == pytest.approx(DURATION_BINS.edges[-1] - 1 + single)  # from cell 1
    assert cells == {a.name: a.size for a in codec.attributes if a.name in cells}


@codecs
def test_a_saved_spec_finds_its_codec(codec):
    assert codec_from_spec(codec.spec()) == codec


def test_the_spec_of_another_version_is_refused():
    with pytest.raises(ModelError, match="install the version"):
        codec_from_spec({**NoteCodec().spec(), "cell_ms": 20})
    with pytest.raises(ModelError, match="codec"):
        codec_from_spec({})


def test_the_start_row_is_no_note():
    codec = NoteCodec()
    assert codec.start_row.tolist() == [a.size for a in codec.attributes]
