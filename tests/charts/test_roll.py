from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.charts.drawing import Bars, Boxes, Diamonds, Drawing, Line, Text, clock
from antiphon.charts.roll import MOST_SYSTEMS, lay_out, roll
from antiphon.notes import DRUMS, Score, from_seconds

NOTES = st.lists(
    st.tuples(
        st.floats(0, 4000), st.floats(0.001, 900), st.integers(0, 127), st.integers(1, 127),
        st.sampled_from([0, 40, DRUMS]), st.integers(0, 9),
    ),
    max_size=12,
)  # fmt: skip


def piece(*notes: tuple[float, float, int, int, int, int], tracks: tuple[str, ...] = ()) -> Score:
    """A score of (onset_s, duration_s, pitch, velocity, program, track)."""
    columns = np.array(notes, float).reshape(-1, 6).T
    return from_seconds(*columns, tracks=tracks)


def scale(seconds: float) -> Score:
    """A note every half second."""
    count = int(seconds * 2)
    return from_seconds(np.arange(count) / 2, np.full(count, 0.5), 48 + np.arange(count) % 24, np.full(count, 64))


def bars(drawing: Drawing) -> np.ndarray:
    return np.concatenate([s.bars for s in drawing.shapes if isinstance(s, Bars)])


def words(drawing: Drawing) -> list[str]:
    return [s.text for s in drawing.shapes if isinstance(s, Text)]


@given(NOTES)
def test_everything_stays_on_the_sheet(notes):
    drawing = roll(piece(*notes), "title")
    for shape in drawing.shapes:
        match shape:
            case Boxes():
                left, top = shape.boxes[:, :2].T
                right, bottom = left + shape.boxes[:, 2], top + shape.boxes[:, 3]
            case Bars():
                left, top = shape.bars[:, 0], shape.bars[:, 1]
                right, bottom = left + shape.bars[:, 2], top
            case Diamonds():
                left, top = right, bottom = shape.centres.T
            case Line():
                left, top = right, bottom = shape.points.T
            case Text():
                left, top = right, bottom = np.array([[shape.x], [shape.y]])
        assert left.min() >= 0
        assert top.min() >= 0
        assert right.max() <= drawing.width
        assert bottom.max() <= drawing.height


@given(NOTES)
def test_every_note_is_drawn(notes):
    score = piece(*notes)
    shapes = roll(score).shapes
    drums = sum(len(s.centres) for s in shapes if isinstance(s, Diamonds))
    pitched = sum(len(s.bars) for s in shapes if isinstance(s, Bars))
    assert drums == np.count_nonzero(score.notes["program"] == DRUMS)
    assert pitched >= np.count_nonzero(score.notes["program"] != DRUMS)  # more where a note runs over a system's end


def test_time_goes_right_and_pitch_goes_up():
    first, second = bars(roll(piece((0, 1, 60, 64, 0, 0), (2, 2, 67, 64, 0, 0))))
    assert second[0] > first[0]
    assert second[1] < first[1]
    assert second[2] == pytest.approx(2 * first[2], abs=1)


def test_louder_notes_have_later_shades_and_lie_on_top():
    shapes = roll(piece((0, 1, 60, 120, 0, 0), (0, 1, 62, 10, 0, 0))).shapes
    assert [s.colour for s in shapes if isinstance(s, Bars)] == ["a0", "a11"]


def test_a_minute_is_one_system_and_longer_pieces_are_broken():
    assert lay_out(scale(59)).systems == 1
    assert lay_out(scale(300)).systems in (5, 6)
    assert lay_out(piece((40_000, 5, 60, 64, 0, 0))).systems <= MOST_SYSTEMS


def test_a_note_over_the_end_of_a_system_goes_on_in_the_next():
    layout = lay_out(score := piece((10, 100, 60, 64, 0, 0)))
    drawn = bars(roll(score))
    assert len(drawn) == layout.systems == 2
    assert drawn[0, 1] + layout.top(1) - layout.top(0) == drawn[1, 1]
    assert drawn[:, 2].sum() == pytest.approx(100 * layout.width / layout.span_s, abs=1.01)


def test_the_last_system_ends_with_the_music():
    layout = lay_out(score := scale(70))
    fields = [s.boxes[0] for s in roll(score).shapes if isinstance(s, Boxes) and s.colour == "field"]
    assert fields[-1][2] < fields[0][2] == layout.width


def test_labels_of_time_are_apart_and_of_octaves_right():
    drawing = roll(scale(300))
    times = [s for s in drawing.shapes if isinstance(s, Text) and s.anchor == "middle" and ":" in s.text]
    same_line = [b.x - a.x for a, b in pairwise(times) if a.y == b.y]
    assert min(same_line) >= 40
    assert times[0].text == "0:00"
    assert {"C3", "C4", "C5"} <= set(words(drawing))


def test_drums_have_lanes_with_names():
    drawing = roll(piece((0, 0.1, 36, 90, DRUMS, 0), (1, 0.1, 38, 90, DRUMS, 0)))
    assert {"kick", "snare"} <= set(words(drawing))
    assert not any(isinstance(s, Bars) for s in drawing.shapes)


def test_parts_are_named_and_coloured_apart():
    drawing = roll(
        piece((0, 1, 60, 64, 0, 0), (0, 1, 64, 64, 40, 1), (0, 1, 36, 64, DRUMS, 2), tracks=("left", "", ""))
    )
    assert {"left", "Violin", "Drums"} <= set(words(drawing))
    assert len({s.colour for s in drawing.shapes if isinstance(s, Bars | Diamonds)}) == 3


def test_of_many_parts_the_legend_names_what_fits():
    drawing = roll(
        piece(*((t, 1, 60, 64, 0, t) for t in range(20)), tracks=[f"a rather long name {t}" for t in range(20)])
    )
    named = sum(word.startswith("a rather long") for word in words(drawing))
    (rest,) = (word for word in words(drawing) if word.startswith("and "))
    assert named >= 2
    assert rest == f"and {20 - named} more"


def test_the_number_of_notes_and_the_length_are_told():
    assert "1 note · 0:01" in words(roll(piece((0, 1, 60, 64, 0, 0))))
    assert "600 notes · 5:00" in words(roll(scale(300)))


def test_no_notes_is_an_empty_sheet():
    drawing = roll(piece())
    assert "no notes" in words(drawing)
    assert not any(isinstance(s, Bars) for s in drawing.shapes)


def test_a_clock_shows_minutes():
    assert [clock(s) for s in (0, 59.9, 60, 3725)] == ["0:00", "0:59", "1:00", "62:05"]
