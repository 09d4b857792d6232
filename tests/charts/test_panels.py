"""Panels of short rolls: every note is there, each track in its colour, and nothing leaves its panel."""

import numpy as np

from antiphon import svg
from antiphon.charts.drawing import Bars, Text
from antiphon.charts.panels import LEFT, WIDTH, panels
from antiphon.notes import NOTE, score


def phrase(*notes):
    """A score of (beat, beats, pitch, track)."""
    table = np.zeros(len(notes), NOTE)
    onset, duration, table["pitch"], table["track"] = np.array(notes).T
    table["onset"], table["duration"], table["velocity"] = onset * 1920, duration * 1920, 80
    return score(table, tracks=("melody", "accompaniment"))


def test_every_note_is_drawn_in_its_panel():
    one, other = phrase((0, 1, 60, 0), (1, 9, 64, 0), (0, 4, 48, 1)), phrase((7, 1, 72, 1))
    drawing = panels({"drawn": [one, other], "real": [other]}, "phrases", 8)
    bars = [shape for shape in drawing.shapes if isinstance(shape, Bars)]
    assert sum(len(shape.bars) for shape in bars) == 3 + 1 + 1
    assert len({shape.colour for shape in bars}) == 2
    first = [shape for shape in bars if shape.bars[0, 0] < LEFT + WIDTH]
    assert all((shape.bars[:, 0] + shape.bars[:, 2] <= LEFT + WIDTH + 1e-9).all() for shape in first[:2])
    assert all(0 <= y <= drawing.height for shape in bars for y in shape.bars[:, 1])
    words = [shape.text for shape in drawing.shapes if isinstance(shape, Text)]
    assert {"drawn", "real", "C4"} <= set(words)
    assert svg.paint(drawing).startswith("<svg")


def test_without_a_note_there_is_still_a_picture():
    empty = phrase((0, 1, 60, 0)).select(np.zeros(1, bool))
    assert not [s for s in panels({"drawn": [empty]}, "phrases", 8).shapes if isinstance(s, Bars)]
