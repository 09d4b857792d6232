"""A drawing: shapes on paper in pixels, y downwards, each with the name of a colour. Paint them in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Boxes:
    """Filled rectangles of one colour."""

    colour: str
    boxes: np.ndarray  # (N, 4): left, top, width, height


@dataclass(frozen=True)
class Bars:
    """Horizontal bars of one colour and thickness: the cheapest way to draw thousands of notes."""

    colour: str
    thickness: float
    bars: np.ndarray  # (N, 3): left, middle, length


@dataclass(frozen=True)
class Diamonds:
    """Filled diamonds of one colour and size, for what has a time but no length."""

    colour: str
    radius: float
    centres: np.ndarray  # (N, 2): x, y


@dataclass(frozen=True)
class Line:
    """An open line through points."""

    colour: str
    points: np.ndarray  # (N, 2): x, y
    thickness: float = 1.0


@dataclass(frozen=True)
class Text:
    """One line of text on a baseline."""

    colour: str
    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: float = 11.0  # pixels
    bold: bool = False


Shape = Boxes | Bars | Diamonds | Line | Text


@dataclass
class Drawing:
    """Shapes on a sheet of ``width`` by ``height`` pixels, with words for those who do not see it."""

    width: float
    height: float
    title: str
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Paint these on top of what is there."""
        self.shapes.extend(shapes)


def box(colour: str, left: float, top: float, width: float, height: float) -> Boxes:
    """A single rectangle."""
    return Boxes(colour, np.array([[left, top, width, height]], float))


def line(colour: str, *points: tuple[float, float], thickness: float = 1.0) -> Line:
    """A line through a few points."""
    return Line(colour, np.array(points, float), thickness)


def clock(seconds: float) -> str:
    """``75`` → ``1:15``; hours are minutes from 60 on."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def nice(least: float, steps: Iterable[float]) -> float:
    """The first of ``steps``, ascending, that is not below ``least``, or else the last."""
    steps = tuple(steps)
    return next((step for step in steps if step >= least), steps[-1])
