import numpy as np
import pytest

from antiphon.charts.drawing import Boxes, Line, Text
from antiphon.charts.histograms import PANELS, SERIES, collections, histograms, shares, steps_ms, time_edges_ms
from antiphon.notes import DRUMS, Score, from_seconds

PITCH, STEP, DURATION, VELOCITY = PANELS


def piece(
    onset_s: list[float], duration_s: float = 0.5, pitch: int = 60, velocity: int = 64, program: int = 0
) -> Score:
    return from_seconds(np.array(onset_s), np.full(len(onset_s), duration_s), pitch, velocity, program)


def column(panel: object, score: Score) -> list[tuple[float, float, float]]:
    """(low edge, high edge, per cent) of the columns that are not empty."""
    share, _ = shares(panel, [score])
    return [(panel.edges[k], panel.edges[k + 1], share[k]) for k in np.flatnonzero(share)]


def test_time_columns_are_cells_of_10_ms_and_then_grow_by_12_per_cent():
    edges = time_edges_ms()
    assert list(edges[:9]) == [-5, 5, 15, 25, 35, 45, 55, 65, 75]
    cells, widths = (edges[:-1] + 5) / 10, np.diff(edges) / 10
    assert np.all(widths % 1 == 0)
    assert np.all(np.abs(widths - np.maximum(cells * 0.12, 1)) <= 0.5)
    assert edges[-1] >= 10_000


def test_a_chord_is_steps_of_nothing():
    assert column(STEP, piece([0, 0, 0, 0])) == [(-5, 5, 100)]


def test_a_step_is_the_time_since_the_note_before():
    assert list(steps_ms(piece([0, 0.5, 0.5, 2]))) == pytest.approx([500, 0, 1500])


def test_values_fall_into_the_columns_around_them():
    score = piece([0, 1], duration_s=0.33, pitch=67, velocity=100)
    (low, high, share) = column(DURATION, score)[0]
    assert low < 330 < high
    assert share == 100
    assert column(PITCH, score) == [(66.5, 67.5, 100)]
    assert column(VELOCITY, score) == [(99.5, 103.5, 100)]


def test_shares_are_per_cent_of_all_pieces_together_and_nothing_is_lost_at_the_ends():
    scores = [piece([0, 90], duration_s=50.0), piece([0, 1, 2], velocity=127), piece([0], velocity=1)]
    for panel in PANELS:
        assert shares(panel, scores)[0].sum() == pytest.approx(100)


def test_a_step_never_reaches_from_one_piece_into_the_next():
    share, median = shares(STEP, [piece([0, 0.1]), piece([0, 0.1]), piece([5])])
    assert median == pytest.approx(100)
    assert share.max() == 100


def test_drums_do_not_blur_pitches_and_durations():
    score = Score(np.concatenate([piece([0, 1]).notes, piece([0], pitch=36, program=DRUMS).notes]), *_maps())
    assert column(PITCH, score) == [(59.5, 60.5, 100)]
    assert column(PITCH, piece([0], pitch=36, program=DRUMS)) == [(35.5, 36.5, 100)]


def _maps() -> tuple[np.ndarray, np.ndarray]:
    return piece([0]).tempos, piece([0]).metres


def test_medians_are_told_with_units():
    texts = {s.text for s in histograms(piece([0, 0.25, 0.5], 1.5, 62, 80)).shapes if isinstance(s, Text)}
    assert {"median D4", "median 250 ms", "median 1.5 s", "median 80", "3 notes"} <= texts


def test_several_collections_lie_over_each_other():
    drawing = histograms([("real", [piece([0, 1]), piece([0])]), ("written", piece([0], pitch=72))])
    lines = [s.colour for s in drawing.shapes if isinstance(s, Line)]
    assert lines.count(SERIES[1]) == len(PANELS) + 1  # one more in the legend
    texts = [s.text for s in drawing.shapes if isinstance(s, Text)]
    assert "real · 3 notes in 2 pieces" in texts
    assert "written · 1 note" in texts
    assert "median C4 / C5" in texts


def test_one_score_is_a_collection_without_a_label():
    score = piece([0])
    assert collections(score) == [("", [score])]
    assert collections([("a", score)]) == [("a", [score])]


def test_columns_stand_inside_their_panels():
    drawing = histograms(piece(list(np.linspace(0, 30, 200))))
    for shape in drawing.shapes:
        if isinstance(shape, Boxes):
            assert np.all(shape.boxes >= 0)
            assert np.all(shape.boxes[:, 0] + shape.boxes[:, 2] <= drawing.width)
            assert np.all(shape.boxes[:, 1] + shape.boxes[:, 3] <= drawing.height)


def test_no_notes_is_four_empty_panels():
    drawing = histograms(piece([]))
    assert "0 notes" in [s.text for s in drawing.shapes if isinstance(s, Text)]
    assert not any(s.text.startswith("median") for s in drawing.shapes if isinstance(s, Text))
