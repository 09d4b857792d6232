"""Small piano rolls, all on one scale: the first seconds of many pieces side by side."""

from __future__ import annotations

import numpy as np

from antiphon.charts import colour
from antiphon.charts.drawing import Anchor, Bars, Drawing, Text, box, line
from antiphon.notes import DRUMS, Score
from antiphon.theory import pitch_name

SHOWN_S = 20.0
LOW, HIGH = 21, 108  # the piano's keys
WIDTH, ROW, LEFT, TOP, BOTTOM = 300.0, 1.7, 22.0, 20.0, 16.0
TITLE = 36  # characters; longer ones are cut


def small_roll(score: Score, title: str) -> Drawing:
    """The first 20 s of a piece; velocity as colour."""
    height = TOP + (HIGH - LOW + 1) * ROW + BOTTOM
    drawing = Drawing(WIDTH, height, f"piano roll of {title}")
    bottom = height - BOTTOM
    short = title if len(title) <= TITLE else f"{title[: TITLE - 1]}…"
    drawing.add(box("field", LEFT, TOP, WIDTH - LEFT, bottom - TOP), Text("ink", LEFT, 13, short, size=10.5, bold=True))
    for pitch in range(24, HIGH + 1, 12):
        y = float(_y(pitch)) + ROW / 2
        drawing.add(line("grid", (LEFT, y), (WIDTH, y)))
        if pitch % 24 == 0:
            drawing.add(Text("muted", LEFT - 4, y + 1, pitch_name(pitch), "end", size=9))
    for second in range(0, int(SHOWN_S) + 1, 5):
        x = LEFT + second / SHOWN_S * (WIDTH - LEFT)
        anchor: Anchor = "end" if second == SHOWN_S else "middle" if second else "start"
        drawing.add(line("grid", (x, TOP), (x, bottom)), Text("muted", x, height - 4, f"{second} s", anchor, size=9))
    drawing.add(*_notes(score))
    return drawing


def _notes(score: Score) -> list[Bars]:
    notes, start_s, end_s = score.notes, score.onset_s, np.minimum(score.end_s, SHOWN_S)
    shown = (start_s < SHOWN_S) & (notes["program"] != DRUMS) & (notes["pitch"] >= LOW) & (notes["pitch"] <= HIGH)
    shade = colour.shade(notes["velocity"])
    scale = (WIDTH - LEFT) / SHOWN_S
    bars = np.column_stack([LEFT + start_s * scale, _y(notes["pitch"]), np.maximum((end_s - start_s) * scale, 1.4)])
    return [
        Bars(f"a{s}", ROW, bars[shown & (shade == s)]) for s in range(colour.SHADES) if (shown & (shade == s)).any()
    ]


def _y(pitch: np.ndarray | int) -> np.ndarray:
    return TOP + (HIGH - np.asarray(pitch, float) + 0.5) * ROW
