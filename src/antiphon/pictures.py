"""``draw``: a picture of a score to a file, by its ending. SVG needs nothing; PNG, PDF and JPEG need matplotlib."""

from __future__ import annotations

from pathlib import Path

from antiphon import plots, svg
from antiphon.charts.drawing import Drawing
from antiphon.charts.histograms import histograms
from antiphon.charts.roll import roll
from antiphon.errors import OptionError, unknown
from antiphon.files.paths import check_writable, written
from antiphon.notes import Score

KINDS = ("roll", "histograms")
ENDINGS = (".svg", ".png", ".pdf", ".jpg", ".jpeg")


def draw(score: Score, path: Path | str, kind: str = "roll", title: str | None = None) -> None:
    """Write the piano roll or the histograms of a score; whole or not at all.

    Raises OptionError for an unknown kind or ending, MissingExtraError for PNG and the like without matplotlib, and
    FileError where the file cannot be written.
    """
    check(path, kind)
    save(roll(score, title) if kind == "roll" else histograms(score, title), path)


def save(drawing: Drawing, path: Path | str) -> None:
    """Write a drawing by the ending of ``path``."""
    if Path(path).suffix.lower() != ".svg":
        plots.save(drawing, path)
        return
    with written(path) as temporary:
        temporary.write_text(svg.paint(drawing), encoding="utf-8")


def check(path: Path | str, kind: str = "roll") -> None:
    """Raise now, before any work, what ``draw`` would raise for its arguments at the end."""
    if kind not in KINDS:
        raise OptionError(unknown("kind of picture", kind, KINDS))
    if Path(path).suffix.lower() not in ENDINGS:
        raise OptionError(f"cannot draw to {path}: the ending says the format; allowed are {', '.join(ENDINGS)}")
    if Path(path).suffix.lower() != ".svg":
        plots.require()
    check_writable(Path(path))
