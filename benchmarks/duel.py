"""Draws docs/pictures/duel.svg from results/likelihood.csv: every model on the same held-out pieces, nats a note.

A bar is a model, its parts are the attributes, the shortest bar is the best model. No model is run here: that is what
likelihood.py does.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from antiphon.charts.drawing import Drawing, Text, box, line
from antiphon.files.paths import written
from antiphon.svg import paint
from record import RESULTS, ROOT

ATTRIBUTES = {"step": "b7", "pitch": "c6", "duration": "d7", "velocity": "z4"}  # in the order of the bars' parts
NAMES = {  # of models whose names say too little
    "notebook-lstm": "the notebooks' LSTM, squared error",
    "notebook-lstm-ce": "the notebooks' LSTM, cross-entropy",
    "histograms": "histograms, nothing heard",
}
WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 860.0, 256.0, 66.0, 92.0, 24.0, 10.0


def main() -> None:
    """Read the table, draw it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--csv", type=Path, default=RESULTS / "likelihood.csv", help="what likelihood.py wrote")
    options.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "pictures" / "duel.svg")
    args = options.parse_args()
    rows = read(args.csv)
    with written(args.output) as temporary:
        temporary.write_text(paint(duel(rows)), encoding="utf-8")
    print(args.output)


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a benchmark's table, the worst model first."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]
    return sorted(csv.DictReader(lines), key=lambda row: -float(row["nats a note"]))


def duel(rows: Sequence[Mapping[str, str]]) -> Drawing:
    """Horizontal bars from 0, the best at the bottom."""
    height = TOP + len(rows) * (BAR + GAP) + 40
    pieces, notes = rows[0]["pieces"], int(rows[0]["notes"])
    drawing = Drawing(WIDTH, height, f"Nats a note of {len(rows)} models on the same {pieces} held-out pieces")
    drawing.add(box("paper", 0, 0, WIDTH, height))
    drawing.add(Text("ink", 16, 28, "How surprised each model is by the same music", size=17, bold=True))
    about = f"Nats a note on the 10 ms grid, {pieces} MAESTRO performances that none was trained on, {notes:,} notes"
    drawing.add(Text("muted", 16, 48, f"{about}. Shorter is better.", size=12))
    scale = (WIDTH - LEFT - RIGHT) / max(float(row["nats a note"]) for row in rows)
    _add_legend(drawing)
    bottom = height - 34
    for nats in range(0, int((WIDTH - LEFT - RIGHT) / scale) + 1, 2):
        x = LEFT + nats * scale
        drawing.add(line("grid", (x, TOP - 6), (x, bottom)), Text("muted", x, bottom + 18, str(nats), "middle"))
    for i, row in enumerate(rows):
        _add_bar(drawing, row, TOP + i * (BAR + GAP), scale)
    return drawing


def _add_bar(drawing: Drawing, row: Mapping[str, str], top: float, scale: float) -> None:
    middle, x = top + BAR / 2 + 4, LEFT
    drawing.add(Text("ink", LEFT - 10, middle, NAMES.get(row["model"], row["model"]), "end", size=12))
    for name, colour in ATTRIBUTES.items():
        width = float(row[name]) * scale
        drawing.add(box(colour, x, top, width, BAR))
        x += width
    drawing.add(Text("ink", x + 7, middle, f"{float(row['nats a note']):.2f}", size=12, bold=True))


def _add_legend(drawing: Drawing) -> None:
    x = LEFT
    for name, colour in ATTRIBUTES.items():
        drawing.add(box(colour, x, 62, 11, 11), Text("muted", x + 17, 72, name, size=12))
        x += 17 + 8 * len(name) + 18


if __name__ == "__main__":
    main()
