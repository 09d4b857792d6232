"""A frame: a field with axes, in which values become pixels. Every figure of the report is drawn in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from antiphon.charts.drawing import Anchor, Bars, Boxes, Drawing, Line, Text, box, line

WIDTH, HEIGHT = 380.0, 240.0  # of a figure: legible on a phone without scrolling
LEFT, RIGHT, TOP, BOTTOM = 46.0, 14.0, 44.0, 42.0
REAL = "z4"  # real music: grey, filled
# Contestants in order; neighbours differ for the colour-blind, and after seven hues come softer ones, then stronger.
SERIES = (
    "b8", "c7", "d8", "e7", "f8", "g7", "h8", "b4", "c3", "d4", "e3", "f4", "g3", "h4",
    "b11", "c10", "d11", "e10", "f11", "g10", "h11",
)  # fmt: skip
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass
class Frame:
    """Axes over a field; ``x`` and ``y`` are the values at its edges."""

    title: str
    x: tuple[float, float]
    y: tuple[float, float]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT  # less where no label stands beside the axis
    drawing: Drawing = field(init=False)

    def __post_init__(self) -> None:
        self.drawing = Drawing(self.width, self.height, self.title)
        self.drawing.add(Text("ink", self.left, 18, self.title, size=13, bold=True))
        self.drawing.add(box("field", self.left, TOP, self.width - self.left - RIGHT, self.height - TOP - BOTTOM))

    def at(self, x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
        """(N, 2) pixels of values."""
        right, bottom = self.width - RIGHT, self.height - BOTTOM
        across = self.left + (np.asarray(x, float) - self.x[0]) / (self.x[1] - self.x[0]) * (right - self.left)
        down = bottom - (np.asarray(y, float) - self.y[0]) / (self.y[1] - self.y[0]) * (bottom - TOP)
        return np.column_stack(np.broadcast_arrays(np.atleast_1d(across), np.atleast_1d(down)))

    def axes(self, x: str, xs: Sequence[tuple[float, str]], ys: Sequence[tuple[float, str]], y: str = "") -> Frame:
        """Grid lines and labels at values, and what the axes mean."""
        right, bottom = self.width - RIGHT, self.height - BOTTOM
        for value, label in ys:
            down = float(self.at(self.x[0], value)[0, 1])
            self.drawing.add(line("grid", (self.left, down), (right, down)))
            self.drawing.add(Text("muted", self.left - 6, down + 3.5, label, "end", size=10))
        for value, label in xs:
            across = float(self.at(value, self.y[0])[0, 0])
            self.drawing.add(line("octave", (across, bottom), (across, bottom + 4)))
            self.drawing.add(Text("muted", across, bottom + 16, label, "middle", size=10))
        self.drawing.add(line("octave", (self.left, bottom), (right, bottom)))
        self.drawing.add(Text("muted", (self.left + right) / 2, self.height - 8, x, "middle", size=11))
        if y:
            self.drawing.add(Text("muted", self.left, 34, y, size=11))
        return self

    def curve(self, colour: str, x: np.ndarray, y: np.ndarray, thickness: float = 2.0) -> None:
        """A line through points."""
        self.drawing.add(Line(colour, self.at(x, y), thickness))

    def area(self, colour: str, x: np.ndarray, y: np.ndarray) -> None:
        """What lies under a line, in slices a pixel high: the fewest strokes for what rises and falls seldom."""
        edge = self.at(x, y)
        across = np.arange(edge[0, 0], edge[-1, 0], 1.0)
        tops, bars = np.interp(across, edge[:, 0], edge[:, 1]), []
        for down in np.arange(self.height - BOTTOM - 0.5, tops.min(initial=np.inf), -1.0):
            ends = np.flatnonzero(np.diff(tops <= down, prepend=False, append=False)).reshape(-1, 2)
            bars += [(across[first], down, float(end - first)) for first, end in ends]
        if bars:
            self.drawing.add(Bars(colour, 1.1, np.array(bars)))

    def bands(self, colour: str, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """An interval at each place, as an upright line."""
        for here, (a, b) in zip(x, zip(low, high, strict=True), strict=True):
            self.drawing.add(Line(colour, np.concatenate([self.at(here, a), self.at(here, b)]), 1.2))

    def dots(self, colour: str, x: np.ndarray, y: np.ndarray, size: float = 5.0) -> None:
        """Small squares, centred on points."""
        places = self.at(x, y)
        self.drawing.add(Boxes(colour, np.column_stack([places - size / 2, np.full((len(places), 2), size)])))

    def words(self, colour: str, x: float, y: float, text: str, anchor: Anchor = "start") -> None:
        """Words at a place."""
        (across, down), *_ = self.at(x, y)
        self.drawing.add(Text(colour, float(across), float(down), text, anchor, size=10))


def ticks(low: float, high: float, most: int = 5) -> list[tuple[float, str]]:
    """Round values between two, at most so many and one, with their labels."""
    span = max(high - low, 1e-12)
    power = 10 ** np.floor(np.log10(span / most))
    step = next((power * n for n in NICE if span / (power * n) <= most), power * 10)
    values = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    return [(float(v), f"{v + 0.0:.6g}") for v in values]


def widened(values: np.ndarray, share: float = 0.08) -> tuple[float, float]:
    """The range of values with some air."""
    low, high = float(np.min(values)), float(np.max(values))
    air = (high - low) * share or abs(high) * share or 1.0
    return low - air, high + air
