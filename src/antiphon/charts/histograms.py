"""Four histograms: pitch, step, duration and velocity; one score, or several collections laid over each other.

Heights are per cent of a collection's notes, so that collections of different size compare. Time goes in columns of
10 ms up to 80 ms and of 12 % beyond, each equally wide on paper: even where notes are many, and still long enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.charts.drawing import Boxes, Drawing, Line, Text, box, line, nice
from antiphon.charts.legend import CHARACTER, add_header
from antiphon.notes import DRUMS, Score
from antiphon.theory import pitch_name

Music = Score | Sequence[tuple[str, Score | Sequence[Score]]]  # one score, or labelled collections

PANEL_WIDTH, PANEL_HEIGHT = 470.0, 210.0
LEFT, TOP, GAP_X, GAP_Y = 62.0, 104.0, 74.0, 84.0
SERIES = ("b8", "c7", "d9", "e7", "f9", "h8")  # the first is filled, the others are outlines
FILL = "b3"


@dataclass(frozen=True)
class Panel:
    """One histogram: how to bin, and how to label."""

    name: str
    unit: str
    edges: np.ndarray  # (K+1,) ascending, in the unit; columns are equally wide on paper
    ticks: tuple[tuple[float, str], ...]  # value and its label
    values: Callable[[Score], np.ndarray]  # of each note, in the unit
    say: Callable[[float], str]  # a value as people write it

    def position(self, value: float) -> float:
        """Where a value lies between the first edge (0) and the last (1)."""
        columns = len(self.edges) - 1
        return float(np.interp(value, self.edges, np.arange(columns + 1)) / columns)


def time_edges_ms() -> np.ndarray:
    """Edges halfway between 10 ms cells: 0, 10, … 80 ms, then wider by 12 %, to about 10 s."""
    cells = [0]
    while cells[-1] < 1000:
        cells.append(cells[-1] + max(1, round(cells[-1] * 0.12)))
    return np.array(cells) * 10.0 - 5.0


def steps_ms(score: Score) -> np.ndarray:
    """(N-1,) milliseconds from each note's onset to the next; 0 within a chord."""
    return np.diff(score.onset_s) * 1e3


def durations_ms(score: Score) -> np.ndarray:
    """Milliseconds each note lasts; drums, whose length means nothing, only where there is nothing else."""
    return ((score.end_s - score.onset_s) * 1e3)[_pitched(score)]


def _pitches(score: Score) -> np.ndarray:
    return score.notes["pitch"][_pitched(score)].astype(float)


def _velocities(score: Score) -> np.ndarray:
    return score.notes["velocity"].astype(float)


def _pitched(score: Score) -> np.ndarray:
    pitched = score.notes["program"] != DRUMS
    return pitched if pitched.any() else np.ones(len(score), bool)


def _say_pitch(value: float) -> str:
    return pitch_name(round(value))


def _say_ms(value: float) -> str:
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.2g} s"


_TIMES = tuple((ms, _say_ms(ms).replace(" ms", "")) for ms in (0, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000))
_OCTAVES = tuple((p, pitch_name(p)) for p in range(12, 128, 12))
_LOUDNESS = tuple((v, str(v)) for v in (1, 16, 32, 48, 64, 80, 96, 112, 127))
PANELS = (  # in reading order
    Panel("Pitch", "one column a semitone", np.arange(129) - 0.5, _OCTAVES, _pitches, _say_pitch),
    Panel("Step", "ms since the previous onset; 0 in a chord", time_edges_ms(), _TIMES, steps_ms, _say_ms),
    Panel("Duration", "ms", time_edges_ms(), _TIMES, durations_ms, _say_ms),
    Panel("Velocity", "1 (softest) to 127", np.arange(0, 129, 4) - 0.5, _LOUDNESS, _velocities, "{:.0f}".format),
)  # fmt: skip


def shares(panel: Panel, scores: Sequence[Score]) -> tuple[np.ndarray, float]:
    """(K,) per cent of all notes in each column, and the median; values beyond the ends count in the end columns."""
    values = np.concatenate([panel.values(score) for score in scores])
    if not len(values):
        return np.zeros(len(panel.edges) - 1), float("nan")
    inside = np.clip(values, panel.edges[0], np.nextafter(panel.edges[-1], 0))
    return np.histogram(inside, panel.edges)[0] * (100 / len(values)), float(np.median(values))


def histograms(music: Music, title: str | None = None) -> Drawing:
    """The four panels, two by two."""
    series = collections(music)
    width, height = LEFT + 2 * PANEL_WIDTH + GAP_X + 24, TOP + 2 * PANEL_HEIGHT + GAP_Y + 52
    drawing = Drawing(width, height, title or "histograms of pitch, step, duration and velocity")
    drawing.add(box("paper", 0, 0, width, height))
    add_header(drawing, title, "" if len(series) > 1 else _count(series[0][1]), LEFT)
    if len(series) > 1:
        _add_series_legend(drawing, series)
    for index, panel in enumerate(PANELS):
        x = LEFT + index % 2 * (PANEL_WIDTH + GAP_X)
        _add_panel(drawing, panel, series, x, TOP + index // 2 * (PANEL_HEIGHT + GAP_Y))
    return drawing


def collections(music: Music) -> list[tuple[str, list[Score]]]:
    """Labelled lists of scores, whatever of the allowed forms was given."""
    if isinstance(music, Score):
        return [("", [music])]
    return [(label, [part] if isinstance(part, Score) else list(part)) for label, part in music]


def _count(scores: Sequence[Score]) -> str:
    notes = sum(len(score) for score in scores)
    pieces = f" in {len(scores):,} pieces" if len(scores) > 1 else ""
    return f"{notes:,} note{'' if notes == 1 else 's'}{pieces}"


def _add_series_legend(drawing: Drawing, series: list[tuple[str, list[Score]]]) -> None:
    x = LEFT
    for index, (label, scores) in enumerate(series):
        name, ink = f"{label} · {_count(scores)}", SERIES[index % len(SERIES)]
        if index == 0:
            drawing.add(box(FILL, x, 38, 16, 10))
        drawing.add(line(ink, (x, 48 if index else 38), (x + 16, 48 if index else 38), thickness=2))
        drawing.add(Text("ink", x + 22, 48, name, size=12))
        x += 22 + (CHARACTER + 0.8) * len(name) + 22


def _add_panel(drawing: Drawing, panel: Panel, series: list[tuple[str, list[Score]]], x: float, y: float) -> None:
    drawn = [shares(panel, scores) for _, scores in series]
    start, stop = _window(panel, [share for share, _ in drawn])
    step = nice(max(share.max() for share, _ in drawn) / 4, (0.5, 1, 2, 5, 10, 20, 25))
    peak = step * max(np.ceil(max(share.max() for share, _ in drawn) / step - 1e-9), 1)
    medians = " / ".join(panel.say(median) for _, median in drawn if not np.isnan(median))
    drawing.add(Text("ink", x, y - 14, panel.name, size=13, bold=True))
    drawing.add(Text("muted", x + PANEL_WIDTH, y - 14, f"median {medians}" if medians else "", "end"))
    _add_axes(drawing, panel, x, y, peak, step, (start, stop))
    for index, (share, _) in enumerate(drawn):
        columns = share[start:stop]
        tops = y + PANEL_HEIGHT * (1 - columns / peak)
        lefts = np.rint(x + PANEL_WIDTH * np.arange(stop - start + 1) / (stop - start))  # no seams between columns
        if index == 0:
            heights = y + PANEL_HEIGHT - tops
            drawing.add(Boxes(FILL, np.column_stack([lefts[:-1], tops, np.diff(lefts), heights])[columns > 0]))
        outline = np.column_stack([np.repeat(lefts, 2)[1:-1], np.repeat(tops, 2)])
        drawing.add(Line(SERIES[index % len(SERIES)], outline, 1.6 if index else 1.2))
    drawing.add(line("octave", (x, y + PANEL_HEIGHT), (x + PANEL_WIDTH, y + PANEL_HEIGHT)))


def _window(panel: Panel, drawn: Sequence[np.ndarray]) -> tuple[int, int]:
    """The columns to show: pitch only where there are notes, with a margin; the others whole."""
    used = np.flatnonzero(np.sum(drawn, axis=0))
    if panel.name != "Pitch" or not len(used):
        return 0, len(panel.edges) - 1
    start = max(int(used[0]) - 3, 0)
    return start, min(max(int(used[-1]) + 4, start + 24), len(panel.edges) - 1)


def _add_axes(
    drawing: Drawing, panel: Panel, x: float, y: float, peak: float, step: float, window: tuple[int, int]
) -> None:
    bottom, right, columns = y + PANEL_HEIGHT, x + PANEL_WIDTH, len(panel.edges) - 1
    drawing.add(box("field", x, y, PANEL_WIDTH, PANEL_HEIGHT))
    for level in np.arange(0, peak + step / 2, step):
        height = bottom - PANEL_HEIGHT * level / peak
        drawing.add(line("grid", (x, height), (right, height)))
        drawing.add(Text("muted", x - 8, height + 4, f"{level:g} %", "end", size=10))
    for value, label in panel.ticks:
        at = (panel.position(value) * columns - window[0]) / (window[1] - window[0])
        if 0 <= at <= 1:
            drawing.add(line("octave", (x + at * PANEL_WIDTH, bottom), (x + at * PANEL_WIDTH, bottom + 4)))
            drawing.add(Text("muted", x + at * PANEL_WIDTH, bottom + 17, label, "middle"))
    drawing.add(Text("muted", x + PANEL_WIDTH / 2, bottom + 36, panel.unit, "middle"))
