"""The figures of the report: each takes numbers and gives a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from antiphon.charts.drawing import Bars, Boxes, Drawing, Text, box
from antiphon.charts.histograms import Panel, shares
from antiphon.evaluate.measures import MEASURES
from antiphon.evaluate.report.frame import BOTTOM, LEFT, REAL, RIGHT, SERIES, TOP, WIDTH, Frame, ticks, widened
from antiphon.notes import Score
from antiphon.theory import pitch_name

Named = Mapping[str, Any]  # by contestant, in order
Inks = Mapping[str, str]  # each contestant's colour
SQUARE = 380.0
FEWEST = 100  # notes of a point on a calibration curve: its share is right to a tenth


def density(name: str, real: np.ndarray, written: Mapping[str, np.ndarray], inks: Inks) -> Drawing:
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
    for who, height in zip(written, heights[1:], strict=True):
        frame.curve(inks[who], grid, height, 1.8)
    return frame.drawing


def histogram(panel: Panel, real: Sequence[Score], written: Mapping[str, Sequence[Score]], inks: Inks) -> Drawing:
    """How often each pitch, step, duration or velocity occurs, in per cent: real filled, contestants as lines."""
    found = [shares(panel, scores)[0] for scores in (real, *written.values())]
    columns = len(panel.edges) - 1
    frame = Frame(panel.name, (0, columns), (0, max(float(f.max()) for f in found) * 1.06), WIDTH, 200)
    labels = [(panel.position(value) * columns, label) for value, label in panel.ticks]
    frame.axes(panel.unit, labels, ticks(*frame.y, 4), "per cent of notes")
    edges = np.repeat(np.arange(columns + 1), 2)[1:-1]
    frame.area("z2", edges, np.repeat(found[0], 2))
    for who, shown in zip(written, found[1:], strict=True):
        frame.curve(inks[who], edges, np.repeat(shown, 2), 1.4)
    return frame.drawing


def calibration(details: Named, inks: Inks) -> Drawing:
    """How often the likeliest pitch was right, by how sure the model was: on the diagonal, it knows what it knows.

    A share of fewer than FEWEST notes is chance and not drawn.
    """
    frame = Frame("Calibration of pitch", (0, 1), (0, 1))
    shares = [(v, f"{v:.0%}") for v in (0, 0.25, 0.5, 0.75, 1)]
    frame.axes("probability of the likeliest pitch", shares, shares, "how often it was right")
    frame.curve("octave", np.array([0, 1]), np.array([0, 1]), 1.2)
    for who, found in details.items():
        rows = [row for row in found["calibration"]["pitch"] if row["notes"] >= FEWEST]
        x, y = (np.array([r[k] for r in rows]) for k in ("confidence", "right"))
        frame.curve(inks[who], x, y)
        frame.dots(inks[who], x, y)
    return frame.drawing


def over_time(details: Named, inks: Inks) -> Drawing:
    """Nats a note by how far into the piece."""
    return _by_notes(details, inks, "over_time", "Likelihood over time in a piece", "notes since the piece began")


def over_history(details: Named, inks: Inks) -> Drawing:
    """Nats a note by how much was heard since the model was made to forget."""
    title = "Likelihood over history heard"
    return _by_notes(
        {n: d for n, d in details.items() if d["over_history"]}, inks, "over_history", title, "notes heard"
    )


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
        there = (share >= least) & (share < most)  # (played, likeliest)
        ends = np.diff(there.astype(np.int8), axis=0, prepend=0, append=0)  # runs of one shade are one bar
        likeliest, first = np.nonzero(ends.T > 0)
        last = np.nonzero(ends.T < 0)[1]
        if len(first):
            places = frame.at(first + low - 0.5, likeliest + low)
            frame.drawing.add(Bars(f"a{shade}", height + 0.2, np.column_stack([places, (last - first) * width])))
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


def training(curves: Mapping[str, Mapping[str, list[tuple[float, float]]]], inks: Inks) -> Drawing:
    """Loss, which is nats of whatever a row of the model stands for, by step: validation thick, training thin."""
    points = [p for run in curves.values() for part in run.values() for p in part]
    steps, values = np.array(points).T
    shown = np.quantile(values, [0, 0.96])  # the first steps of training would flatten the rest
    low, high = widened(shown)
    frame = Frame("Training", (0, float(steps.max()) * 1.02), (low, high))
    frame.axes("steps", ticks(0, float(steps.max()), 5), ticks(low, high), "loss; validation thick")
    for who, run in curves.items():
        for name, thickness in (("loss", 0.9), ("validation", 2.4)):
            if run.get(name):
                x, y = np.array(run[name]).T
                inside = (y >= low) & (y <= high)
                frame.curve(inks[who], x[inside], y[inside], thickness)
    return frame.drawing


_SHADES = tuple(
    (shade, least, most)
    for shade, least, most in zip(
        (1, 3, 5, 7, 9, 11), (0.005, 0.02, 0.06, 0.15, 0.3, 0.5), (0.02, 0.06, 0.15, 0.3, 0.5, 2.0), strict=True
    )
)


def _by_notes(details: Named, inks: Inks, key: str, title: str, x: str) -> Drawing:
    rows = {name: found[key] for name, found in details.items()}
    values = [v for found in rows.values() for r in found for v in (r["low"], r["high"], r["nats_per_note"]) if v]
    low, high = widened(np.array(values or [0.0, 1.0]))
    spans: Sequence[Mapping[str, Any]] = max(rows.values(), key=len, default=[])
    frame = Frame(title, (-0.5, max(len(spans), 1) - 0.5), (low, high))
    frame.axes(x, [(i, _span(r)) for i, r in enumerate(spans)], ticks(low, high), "nats a note, 95 % intervals")
    for i, (who, found) in enumerate(rows.items()):
        place = np.arange(len(found)) + (i - (len(rows) - 1) / 2) * 0.08  # intervals side by side, not on each other
        y = np.array([r["nats_per_note"] for r in found])
        sure = np.array([r["low"] is not None for r in found])
        ends = [np.array([r[k] for r in found if r["low"] is not None]) for k in ("low", "high")]
        frame.bands(inks[who], place[sure], *ends)
        frame.curve(inks[who], place, y)
        frame.dots(inks[who], place, y)
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


def inks(names: Sequence[str]) -> dict[str, str]:
    """Each contestant's colour."""
    return {name: SERIES[i % len(SERIES)] for i, name in enumerate(names)}
