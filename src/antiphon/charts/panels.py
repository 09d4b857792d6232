"""Short piano rolls side by side, in rows with a title each, all on one scale: to compare at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from antiphon.charts.colour import part_ramp
from antiphon.charts.drawing import Bars, Drawing, Text, box, line
from antiphon.notes import TICKS_PER_QUARTER, Score
from antiphon.theory import is_black_key, pitch_name

WIDTH, GAP, LEFT, TOP, TITLE = 300.0, 16.0, 36.0, 8.0, 24.0  # pixels; of a panel, between panels, and of margins
ROW = 3.2  # height of a semitone
SHADE = 9


def panels(rows: Mapping[str, Sequence[Score]], title: str, beats: int) -> Drawing:
    """Each title's pieces, drawn up to ``beats`` quarter notes wide, tracks in different colours."""
    pitch = np.concatenate([s.notes["pitch"] for scores in rows.values() for s in scores] or [np.empty(0, int)])
    low, high = (int(pitch.min()) - 2, int(pitch.max()) + 2) if len(pitch) else (48, 72)
    height, across = (high - low + 1) * ROW, max(map(len, rows.values()), default=1)
    width = LEFT + across * (WIDTH + GAP)
    drawing = Drawing(width, TOP + len(rows) * (TITLE + height + GAP), title)
    drawing.add(box("paper", 0, 0, drawing.width, drawing.height))
    for i, (name, scores) in enumerate(rows.items()):
        top = TOP + i * (TITLE + height + GAP) + TITLE
        drawing.add(Text("ink", LEFT, top - 8, name, size=12, bold=True))
        for octave in range(-(-low // 12) * 12, high + 1, 12):
            drawing.add(Text("muted", LEFT - 6, top + (high - octave + 1) * ROW + 3, pitch_name(octave), "end", size=9))
        for k, one in enumerate(scores):
            _add_panel(drawing, one, LEFT + k * (WIDTH + GAP), top, (low, high), beats)
    return drawing


def _add_panel(drawing: Drawing, one: Score, left: float, top: float, pitches: tuple[int, int], beats: int) -> None:
    low, high = pitches
    height = (high - low + 1) * ROW
    drawing.add(box("field", left, top, WIDTH, height))
    for pitch in filter(is_black_key, range(low, high + 1)):
        drawing.add(box("key", left, top + (high - pitch) * ROW, WIDTH, ROW))
    for beat in range(beats + 1):
        x = left + beat * WIDTH / beats
        drawing.add(line("grid" if beat % 4 else "octave", (x, top), (x, top + height)))
    scale = WIDTH / (beats * TICKS_PER_QUARTER)
    for track in np.unique(one.notes["track"]):
        notes = one.notes[one.notes["track"] == track]
        start = notes["onset"] * scale
        length = np.maximum(np.minimum(notes["duration"] * scale, WIDTH - start) - 0.8, 1.0)
        y = top + (high - notes["pitch"].astype(float) + 0.5) * ROW
        ramp = part_ramp(int(track), max(len(one.tracks), 2), False)
        drawing.add(Bars(f"{ramp}{SHADE}", ROW - 0.4, np.column_stack([left + start, y, length])))
