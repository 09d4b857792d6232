"""The figures of the report: each takes numbers and gives a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from antiphon.charts.drawing import Boxes, Drawing, Text, box
from antiphon.evaluate.measures import MEASURES
from antiphon.evaluate.report.frame import BOTTOM, LEFT, REAL, RIGHT, SERIES, TOP, Frame, ticks, widened
from antiphon.theory import pitch_name

Named = Mapping[str, Any]  # by contestant, in order
SQUARE = 380.0


def density(name: str, real: np.ndarray, written: Mapping[str, np.ndarray]) -> Drawing:
    """How a measure is spread over real samples (filled) and over each contestant's, as kernel densities."""
    measure = MEASURES[name]
    everything = np.concatenate([real, *written.values()])
    low, high = _shown(everything, share=not measure.unit)
    grid = np.linspace(low, high, 160)
    heights = [_kernel(real, real, grid), *(_kernel(values, real, grid) for values in written.values())]
    top = max(float(h.max()) for h in heights) * 1.08
    frame = Frame(measure.title, (low, high), (0, top), 264, 152, left=14.0)
    frame.axes(measure.unit, ticks(low, high, 4), [])
    frame.area("z2", grid, heights[0])
    frame.curve(REAL, grid, heights[0], 1.2)
    for i, height in enumerate(heights[1:]):
        frame.curve(SERIES[i % len(SERIES)], grid, height, 1.8)
    return frame.drawing


def calibration(details: Named) -> Drawing:
    """How often the likeliest pitch was right, by how sure the model was: on the diagonal, it knows what it knows."""
    frame = Frame("Calibration of pitch", (0, 1), (0, 1))
    shares = [(v, f"{v:.0%}") for v in (0, 0.25, 0.5, 0.75, 1)]
    frame.axes("probability of the likeliest pitch", shares, shares, "how often it was right")
    frame.curve("octave", np.array([0, 1]), np.array([0, 1]), 1.2)
    for i, found in enumerate(details.values()):
        rows = found["calibration"]["pitch"]
        x, y = (np.array([r[k] for r in rows]) for k in ("confidence", "right"))
        frame.curve(_colour(i), x, y)
        frame.dots(_colour(i), x, y)
    return frame.drawing


def over_time(details: Named) -> Drawing:
    """Nats a note by how far into the piece."""
    return _by_notes(details, "over_time", "Likelihood over time in a piece", "notes since the piece began")


def over_history(details: Named) -> Drawing:
    """Nats a note by how much was heard since the model was made to forget."""
    title = "Likelihood over history heard"
    return _by_notes({n: d for n, d in details.items() if d["over_history"]}, "over_history", title, "notes heard")


def confusion(name: str, found: Mapping[str, Any]) -> Drawing:
    """What was played (across) and what was held likeliest (up), darker for oftener; each column sums to 1."""
    low, high = found["low"], found["high"]
    share = np.array(found["count"], float)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1)
    frame = Frame(name, (low - 0.5, high + 0.5), (low - 0.5, high + 0.5), SQUARE, 400)
    octaves = [(p, pitch_name(p)) for p in range(low, high + 1) if p % 12 == 0]
    frame.axes("pitch played", octaves, octaves, "likeliest pitch, upwards, by pitch played")
    width, height = (SQUARE - LEFT - RIGHT) / len(share), (400 - TOP - BOTTOM) / len(share)
    for shade, least, most in _SHADES:
        true, likeliest = np.nonzero((share >= least) & (share < most))
        corners = frame.at(true + low - 0.5, likeliest + low + 0.5)
        boxes = np.column_stack([corners, np.full(len(true), width + 0.2), np.full(len(true), height + 0.2)])
        frame.drawing.add(Boxes(f"a{shade}", boxes))
    return frame.drawing


def excerpt(name: str, found: Mapping[str, Any]) -> Drawing:
    """Note by note, what was played (bars) and what the model held likeliest (dots): where they meet, it knew."""
    true, predicted = np.array(found["true"]), np.array(found["predicted"])
    low, high = int(min(true.min(), predicted.min())) - 2, int(max(true.max(), predicted.max())) + 2
    frame = Frame(f"Note by note: {name}", (-1, len(true)), (low, high), max(7.2 * len(true) + 60, 400), 300)
    octaves = [(p, pitch_name(p)) for p in range(low, high + 1) if p % 12 == 0]
    frame.axes("note", [(i, str(i)) for i in range(0, len(true), 20)], octaves)
    x = np.arange(len(true))
    for there, ink in ((true != predicted, "z5"), (true == predicted, "d8")):
        places = frame.at(x[there], true[there])
        count = len(places)
        frame.drawing.add(Boxes(ink, np.column_stack([places - (3.2, 2), np.full(count, 6.4), np.full(count, 4.0)])))
    wrong = true != predicted
    frame.dots("c7", x[wrong], predicted[wrong], 3.4)
    at = LEFT + 8.0 * len(frame.title) + 20
    for ink, words in (
        ("d8", "played, as held likeliest"),
        ("z5", "played"),
        ("c7", "held likelier than what was played"),
    ):
        frame.drawing.add(box(ink, at, 11, 6, 6), Text("muted", at + 11, 18, words))
        at += 6.2 * len(words) + 34
    return frame.drawing


def training(curves: Mapping[str, Mapping[str, list[tuple[float, float]]]]) -> Drawing:
    """Nats a note by step of training: validation thick, training thin."""
    points = [p for run in curves.values() for part in run.values() for p in part]
    steps, values = np.array(points).T
    shown = np.quantile(values, [0, 0.96])  # the first steps of training would flatten the rest
    low, high = widened(shown)
    frame = Frame("Training", (0, float(steps.max()) * 1.02), (low, high))
    frame.axes("steps", ticks(0, float(steps.max()), 5), ticks(low, high), "nats a note; validation thick")
    for i, run in enumerate(curves.values()):
        for name, thickness in (("loss", 0.9), ("validation", 2.4)):
            if run.get(name):
                x, y = np.array(run[name]).T
                inside = (y >= low) & (y <= high)
                frame.curve(_colour(i), x[inside], y[inside], thickness)
    return frame.drawing


_SHADES = tuple(
    (shade, least, most)
    for shade, least, most in zip(
        (1, 3, 5, 7, 9, 11), (0.005, 0.02, 0.06, 0.15, 0.3, 0.5), (0.02, 0.06, 0.15, 0.3, 0.5, 2.0), strict=True
    )
)


def _by_notes(details: Named, key: str, title: str, x: str) -> Drawing:
    rows = {name: found[key] for name, found in details.items()}
    values = [v for found in rows.values() for r in found for v in (r["low"], r["high"], r["nats_per_note"]) if v]
    low, high = widened(np.array(values or [0.0, 1.0]))
    spans: Sequence[Mapping[str, Any]] = max(rows.values(), key=len, default=[])
    frame = Frame(title, (-0.5, max(len(spans), 1) - 0.5), (low, high))
    frame.axes(x, [(i, _span(r)) for i, r in enumerate(spans)], ticks(low, high), "nats a note, 95 % intervals")
    for i, found in enumerate(rows.values()):
        place = np.arange(len(found)) + (i - (len(rows) - 1) / 2) * 0.08  # intervals side by side, not on each other
        y = np.array([r["nats_per_note"] for r in found])
        sure = np.array([r["low"] is not None for r in found])
        ends = [np.array([r[k] for r in found if r["low"] is not None]) for k in ("low", "high")]
        frame.bands(_colour(i), place[sure], *ends)
        frame.curve(_colour(i), place, y)
        frame.dots(_colour(i), place, y)
    return frame.drawing


def _span(row: Mapping[str, Any]) -> str:
    first, end = row["from_note"], row["to_note"]
    if end is None:
        return f"{_short(first)}+"
    return f"{_short(first)}–{_short(end) if end > 1000 else end - 1}"


def _short(notes: int) -> str:
    """1024 is 1k, for labels."""
    return f"{notes // 1024}k" if notes >= 1024 else str(notes)


def _shown(values: np.ndarray, share: bool) -> tuple[float, float]:
    """What an axis shows: the values with air, but nothing below 0, or above 1, that cannot be."""
    low, high = widened(values, 0.12)
    return max(low, 0.0) if values.min() >= 0 else low, min(high, 1.0) if share else high


def _kernel(values: np.ndarray, real: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Density of values on a grid; bandwidth by Scott's rule, at least a fiftieth of the grid."""
    width = max((values.std() + real.std()) / 2 * len(values) ** -0.2, (grid[-1] - grid[0]) / 50)
    return np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(axis=1) / (len(values) * width)


def _colour(index: int) -> str:
    return SERIES[index % len(SERIES)]


def legend(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each contestant with its colour's name."""
    return [(name, _colour(i)) for i, name in enumerate(names)]
