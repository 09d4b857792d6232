"""Pictures of music as SVG, with nothing but strings: for the base install, for reports and for the studio.

A picture is one self-contained file, in light colours or dark as the reader's system prefers.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

import numpy as np

from antiphon.charts import histograms as _histograms
from antiphon.charts import roll as _roll
from antiphon.charts.colour import colour
from antiphon.charts.drawing import Bars, Boxes, Diamonds, Drawing, Line, Shape, Text
from antiphon.notes import Score

FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"


def roll(score: Score, title: str | None = None) -> str:
    """A piano roll with velocity as colour."""
    return paint(_roll.roll(score, title))


def histograms(music: _histograms.Music, title: str | None = None) -> str:
    """Histograms of pitch, step, duration and velocity, of one score or of several collections laid over each other."""
    return paint(_histograms.histograms(music, title))


def paint(drawing: Drawing) -> str:
    """A drawing as the text of an SVG file."""
    body = "\n".join(_shape(shape) for shape in drawing.shapes)
    width, height = _number(drawing.width), _number(drawing.height)
    title = _text(drawing.title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{title}">\n<title>{title}</title>\n{_style(drawing.shapes)}\n{body}\n</svg>\n'
    )


def _style(shapes: Iterable[Shape]) -> str:
    names = sorted({shape.colour for shape in shapes})
    light = "".join(f".{name}{{color:{colour(name)[0]}}}" for name in names)
    dark = "".join(f".{name}{{color:{colour(name)[1]}}}" for name in names)
    return (
        f"<style>text{{font-family:{FONT};fill:currentColor}}rect,.f{{fill:currentColor}}"
        f".s{{fill:none;stroke:currentColor}}{light}@media(prefers-color-scheme:dark){{{dark}}}</style>"
    )


def _shape(shape: Shape) -> str:
    match shape:
        case Boxes():
            return "".join(
                f'<rect class="{shape.colour}" x="{x}" y="{y}" width="{w}" height="{h}"/>'
                for x, y, w, h in _rows(shape.boxes)
            )
        case Bars():
            path = "".join(f"M{x} {y}h{w}" for x, y, w in _rows(shape.bars))
            return f'<path class="s {shape.colour}" stroke-width="{_number(shape.thickness)}" d="{path}"/>'
        case Diamonds():
            r = _number(shape.radius)
            path = "".join(f"M{x} {y}m-{r} 0l{r}-{r} {r} {r}-{r} {r}z" for x, y in _rows(shape.centres))
            return f'<path class="f {shape.colour}" d="{path}"/>'
        case Line():
            points = " ".join(f"{x},{y}" for x, y in _rows(shape.points))
            return f'<polyline class="s {shape.colour}" stroke-width="{_number(shape.thickness)}" points="{points}"/>'
        case Text():
            return _words(shape)


def _words(text: Text) -> str:
    x, y = _number(text.x), _number(text.y)
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    bold = ' font-weight="600"' if text.bold else ""
    style = f'class="{text.colour}" font-size="{_number(text.size)}"{anchor}{bold}'
    return f'<text {style} x="{x}" y="{y}">{_text(text.text)}</text>'


def _text(text: str) -> str:
    """Escaped for text and attributes; control characters, which XML does not allow at all, become spaces."""
    clean = "".join(c if c >= " " and not 0x7F <= ord(c) < 0xA0 and not _forbidden(c) else " " for c in text)
    return escape(clean, {'"': "&quot;"})


def _forbidden(character: str) -> bool:
    return "\ud800" <= character <= "\udfff" or character in "\ufffe\uffff"


def _rows(table: np.ndarray) -> Iterable[list[str]]:
    """Rows of numbers as text, to a tenth of a pixel."""
    return ([_number(value) for value in row] for row in table.tolist())


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
