"""Pictures of music as PNG, PDF or JPEG through matplotlib: the same drawings as svg.py, on light paper.

The only module that imports matplotlib, which comes with the ``plots`` extra.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from antiphon.charts.colour import colour
from antiphon.charts.drawing import Bars, Boxes, Diamonds, Drawing, Line, Shape, Text
from antiphon.errors import missing_extra
from antiphon.files.paths import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PIXELS_PER_INCH = 96.0
POINTS = 72 / PIXELS_PER_INCH  # in a pixel
SHARP_DPI = 192  # two dots a pixel, for the screens people have
_ALIGN: dict[str, Any] = {"start": "left", "middle": "center", "end": "right"}
MOST_DOTS = 30_000_000  # of a picture; longer ones get fewer dots a pixel: 30 million took 1.7 s and 0.2 GB


def save(drawing: Drawing, path: Path | str) -> None:
    """Write a drawing to a .png, .pdf or .jpg file, whole or not at all; MissingExtraError without matplotlib."""
    picture = figure(drawing)
    dots_at_1 = drawing.width * drawing.height / PIXELS_PER_INCH**2
    dpi = min(SHARP_DPI, (MOST_DOTS / dots_at_1) ** 0.5)
    # No date inside: the same music gives the same bytes.
    metadata: dict[str, Any] | None = {"CreationDate": None} if Path(path).suffix.lower() == ".pdf" else None
    with written(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a title in a script that the font lacks: boxes do
        picture.savefig(temporary, dpi=dpi, metadata=metadata)


def require() -> None:
    """Raise MissingExtraError where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise missing_extra("matplotlib", "plots", "a PNG, PDF or JPEG picture (.svg works without)")


def figure(drawing: Drawing) -> Figure:
    """A drawing as a matplotlib figure, for notebooks and for further work on it."""
    require()
    from matplotlib.figure import Figure

    picture = Figure(figsize=(drawing.width / PIXELS_PER_INCH, drawing.height / PIXELS_PER_INCH))
    axes = picture.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
    axes.axis("off")
    for order, shape in enumerate(drawing.shapes):
        _add(axes, shape, order)
    return picture


def _add(axes: Axes, shape: Shape, order: int) -> None:
    ink = colour(shape.colour)[0]
    if isinstance(shape, Text):
        axes.text(
            shape.x, shape.y, shape.text, color=ink, ha=_ALIGN[shape.anchor], va="baseline", zorder=order,
            size=shape.size * POINTS, weight="bold" if shape.bold else "normal", parse_math=False,
        )  # fmt: skip
    elif isinstance(shape, Boxes | Diamonds):
        _add_polygons(axes, _corners(shape), ink, order)
    else:
        _add_lines(axes, shape, ink, order)


def _add_polygons(axes: Axes, corners: np.ndarray, ink: str, order: int) -> None:
    from matplotlib.collections import PolyCollection

    axes.add_collection(PolyCollection(corners, facecolors=ink, edgecolors="none", zorder=order), autolim=False)


def _add_lines(axes: Axes, shape: Bars | Line, ink: str, order: int) -> None:
    from matplotlib.collections import LineCollection

    if isinstance(shape, Bars):
        left, middle, length = shape.bars.T
        ends = np.stack([np.column_stack([left, middle]), np.column_stack([left + length, middle])], axis=1)
    else:
        ends = shape.points[None]
    lines = LineCollection(
        ends, colors=ink, linewidths=shape.thickness * POINTS, capstyle="butt", joinstyle="miter", zorder=order
    )
    axes.add_collection(lines, autolim=False)


def _corners(shape: Boxes | Diamonds) -> np.ndarray:
    """(N, 4, 2) the corners of each box or diamond."""
    if isinstance(shape, Diamonds):
        r = shape.radius
        return shape.centres[:, None] + np.array([[-r, 0], [0, -r], [r, 0], [0, r]])
    left, top, width, height = shape.boxes.T
    across = np.stack([left, left + width, left + width, left], axis=1)
    down = np.stack([top, top, top + height, top + height], axis=1)
    return np.stack([across, down], axis=2)
