"""What stands above a picture: title, how much music it is, and what its colours mean."""

from __future__ import annotations

import numpy as np

from antiphon import instruments
from antiphon.charts import colour
from antiphon.charts.drawing import Drawing, Text, box
from antiphon.notes import DRUMS, Score

CHARACTER = 6.2  # pixels of an average letter at size 11, in the fonts people have; used only to leave room
STRIP, STRIP_HEIGHT = 8.0, 9.0  # one shade of a legend's ramp
MOST_PARTS = 7  # beyond, hues repeat and a legend no longer helps


def part_names(score: Score) -> dict[tuple[int, int], str]:
    """The parts of a score, each a track and a program in it, in order, with a name to show."""
    pairs = np.unique(np.stack([score.notes["track"], score.notes["program"]]).astype(int), axis=1).T
    several = {int(t) for t in pairs[:, 0] if np.count_nonzero(pairs[:, 0] == t) > 1}
    return {(int(t), int(p)): _part_name(score.tracks[t], int(p), int(t) in several) for t, p in pairs}


def _part_name(track: str, program: int, several: bool) -> str:
    """The name of its track, or the instrument's where a track has none, or has several."""
    name = instruments.name(program) if several else track.strip() or instruments.name(program)
    return name if len(name) <= 24 else name[:23] + "…"


def add_header(drawing: Drawing, title: str | None, subtitle: str, left: float) -> None:
    """The title, cut to the sheet, and the line under it."""
    if title:
        room = int((drawing.width - left - 24) / 9)
        short = title if len(title) <= room else title[: room - 1] + "…"
        drawing.add(Text("ink", left, 27, short, size=16, bold=True))
    drawing.add(Text("muted", left, 47 if title else 31, subtitle, size=12))


def add_velocity_legend(drawing: Drawing, names: dict[tuple[int, int], str], left: float) -> None:
    """Soft to loud: with numbers for a single part, and for each of several a ramp with its name."""
    if len(names) > 1:
        _add_parts(drawing, names, left)
        return
    width = STRIP * 2 * colour.SHADES
    x = drawing.width - 24 - width
    _add_ramp(drawing, colour.MAIN, x, 36, STRIP * 2)
    for velocity in (1, 32, 64, 96, 127):
        drawing.add(Text("muted", x + velocity / 128 * width, 58, str(velocity), "middle", size=10))
    drawing.add(Text("muted", x - 10, 45, "velocity", "end"))


def _add_parts(drawing: Drawing, names: dict[tuple[int, int], str], left: float) -> None:
    """A row of ramps and names from the left, as many as there is room for."""
    x, right = left, drawing.width - 24
    drawing.add(Text("muted", right, 47, "velocity: soft to loud", "end"))
    for index, ((_, program), name) in enumerate(names.items()):
        rest = len(names) - index
        room = STRIP * 6 + 8 + CHARACTER * len(name) + 18
        if index == MOST_PARTS or x + room + (60 if rest > 1 else 0) > right:
            drawing.add(Text("muted", x, 66, f"and {rest} more"))
            return
        _add_ramp(drawing, colour.part_ramp(index, len(names), program == DRUMS), x, 57, STRIP / 2)
        drawing.add(Text("ink", x + STRIP * 6 + 6, 66, name))
        x += room


def _add_ramp(drawing: Drawing, ramp: str, x: float, y: float, step: float) -> None:
    for shade in range(colour.SHADES):
        # Each box reaches under the next, or light seams show between them.
        reach = 1.0 if shade < colour.SHADES - 1 else 0.0
        drawing.add(box(f"{ramp}{shade}", x + shade * step, y, step + reach, STRIP_HEIGHT))
