"""How fast a piece is measured, here and in MusPy, on the same notes.

Pieces are runs of 1,000 notes of the corpus's validation split, and of its training split where those do not suffice.
The ten measures that both have are timed one by one, in seconds of the processor; MusPy's on fewer pieces, in an
interpreter of its own, at 24 ticks a quarter note, which its papers use, and at 480, as MIDI files have. Building its
objects is not timed. "all" are all of our measures, MusPy's or not. ``--muspy`` names an interpreter: python -m venv E
&& E/bin/pip install muspy.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np

from antiphon.corpus.store import Corpus, open_corpus
from antiphon.evaluate.measures import MEASURES
from antiphon.notes import TICKS_PER_QUARTER, Score, from_seconds
from record import Value, parser, save

WORKER = Path(__file__).parent / "workers" / "muspy_measures.py"
RESOLUTIONS = (24, 480)  # ticks a quarter note


def main() -> None:
    """A row for each measure that both have, one for their sum and one for all of ours."""
    options = parser(__doc__ or "", "python benchmarks/measures.py --corpus corpora/maestro --muspy E/bin/python")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--muspy", type=Path, help="an interpreter that has MusPy; without it ours alone is timed")
    options.add_argument("--pieces", type=int, default=1000, help="that we measure (default: 1000)")
    options.add_argument("--muspy-pieces", type=int, default=20, help="of them, that MusPy measures (default: 20)")
    options.add_argument("--notes", type=int, default=1000, help="of a piece (default: 1000)")
    args = options.parse_args()
    pieces = list(islice(passages(open_corpus(args.corpus), args.notes), args.pieces))
    ours = {name: _timed(function, pieces) / len(pieces) for name, function in MEASURES.items()}
    theirs = [_muspy(args.muspy, pieces[: args.muspy_pieces], r) for r in RESOLUTIONS] if args.muspy else []
    shared = list(theirs[0]) if theirs else []
    rows = [_row(name, ours[name], [t[name] for t in theirs]) for name in shared]
    if theirs:
        rows.append(_row("these together", sum(ours[n] for n in shared), [sum(t.values()) for t in theirs]))
    rows.append(_row(f"all {len(ours)}", sum(ours.values()), []))
    args.note.append(f"{len(pieces)} pieces of {args.notes} notes; all measures of all of them took "
                     f"{sum(ours.values()) * len(pieces):.1f} s")  # fmt: skip
    save(args, rows, ("antiphon", "numpy"))


def passages(corpus: Corpus, notes: int) -> chain[Score]:
    """Runs of so many notes of every piece, held-out ones first."""
    pieces = chain(corpus.split("validation"), corpus.split("train"))
    return chain.from_iterable(_cut(corpus.score(piece), notes) for piece in pieces)


def _cut(score: Score, notes: int) -> list[Score]:
    onset_s, length_s = score.onset_s, score.end_s - score.onset_s
    cuts = [slice(i, i + notes) for i in range(0, len(score) - notes + 1, notes)]
    found = score.notes
    return [
        from_seconds(onset_s[c] - onset_s[c.start], length_s[c], found["pitch"][c], found["velocity"][c]) for c in cuts
    ]


def _timed(function: Callable[[Score], float], pieces: Sequence[Score]) -> float:
    began = time.process_time()
    for piece in pieces:
        function(piece)
    return time.process_time() - began


def _muspy(python: Path, pieces: Sequence[Score], resolution: int) -> dict[str, float]:
    """Seconds a piece of each of MusPy's measures."""
    cell = TICKS_PER_QUARTER // resolution
    notes = [_ticks(score, cell) for score in pieces]
    given = json.dumps({"resolution": resolution, "pieces": notes})
    done = subprocess.run([python, WORKER], input=given, capture_output=True, text=True, check=True)
    return {name: seconds / len(pieces) for name, seconds in json.loads(done.stdout)["seconds"].items()}


def _ticks(score: Score, cell: int) -> list[list[int]]:
    """[onset, duration, pitch, velocity] of each note, at least a tick long."""
    onset, end = score.notes["onset"] // cell, (score.notes["onset"] + score.notes["duration"]) // cell
    columns = [onset, np.maximum(end - onset, 1), score.notes["pitch"], score.notes["velocity"]]
    return np.column_stack([c.astype(int) for c in columns]).tolist()


def _row(name: str, ours: float, theirs: Sequence[float]) -> dict[str, Value]:
    """Milliseconds a piece, and how many times longer MusPy takes."""
    row: dict[str, Value] = {"measure": name.replace("_", " "), "ms a piece": ours * 1e3}
    for resolution, seconds in zip(RESOLUTIONS, [*theirs, *[None] * 2], strict=False):
        row[f"MusPy at {resolution}, ms"] = "" if seconds is None else seconds * 1e3
        row[f"× at {resolution}"] = "" if seconds is None else seconds / ours
    return row


if __name__ == "__main__":
    main()
