"""How many pieces collapse with the guard and without it: of a good model, of the same drawn too cold, of a bad one.

A piece has collapsed if in one of FAULTS it goes beyond what all but one in 500 held-out real passages of as many notes
do: a pitch struck over and over, a figure that comes round and round, a long silence, few pitches, nothing new. The
last row says how many real passages would be called so. Seeds are the same with and without the guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from antiphon.corpus.store import open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.evaluate.measures import MEASURES
from antiphon.generate.control import Control
from antiphon.generate.guard import Guard
from antiphon.generate.length import Length
from antiphon.generate.pieces import Pieces, write_pieces
from antiphon.generate.sampling import Sampling
from antiphon.notes import Score
from measures import passages
from record import Value, parser, save

FAULTS = {"longest_repeat": 1, "longest_loop": 1, "longest_silence_s": 1, "pitch_entropy": -1, "novelty": -1}
RARE = 1 / 500  # of real passages are beyond a limit
BATCH = 50


def main() -> None:
    """A row for each model and temperature with and without the guard, and one for real music."""
    options = parser(__doc__ or "", "python benchmarks/guard.py piano piano@0.6 models/barely-trained")
    options.add_argument("model", nargs="+", metavar="MODEL[@T]", help="a model's name or folder, and a temperature")
    options.add_argument("--corpus", type=Path, default=Path("corpora/maestro"), help="(default: corpora/maestro)")
    options.add_argument("--pieces", type=int, default=200, help="of each row (default: 200)")
    options.add_argument("--notes", type=int, default=300, help="of a piece (default: 300)")
    args = options.parse_args()
    held_out = open_corpus(args.corpus)
    count = sum(piece.count // args.notes for piece in held_out.split("validation"))
    real = [score for score, _ in zip(passages(held_out, args.notes), range(count), strict=False)]
    limits = {name: float(np.quantile(_measured(real, name) * sign, 1 - RARE)) for name, sign in FAULTS.items()}
    rows: list[dict[str, Value]] = []
    for name in args.model:
        folder, _, temperature = name.partition("@")
        for guarded in (False, True):
            written = _written(folder, float(temperature or 1), args.pieces, args.notes, guarded)
            rows.append(_row(f"{Path(folder).name} at {temperature or 1}", guarded, written, limits))
            print(rows[-1], flush=True)
    rows.append({**_row("real passages", False, real, limits), "guard": ""})
    said = ", ".join(f"{name} {limit * FAULTS[name]:.3g}" for name, limit in limits.items())
    args.note.append(f"Beyond these limits a piece has collapsed: {said}")
    save(args, rows, ("antiphon", "numpy", "onnxruntime"))


def _written(model: str, temperature: float, pieces: int, notes: int, guarded: bool) -> list[Pieces]:
    control = Control(sampling=Sampling(temperature=temperature), guard=Guard() if guarded else None)
    engine, seeds = open_engine(open_bundle(model)), [(seed, 0) for seed in range(pieces)]
    groups = [seeds[i : i + BATCH] for i in range(0, pieces, BATCH)]
    return [write_pieces(engine, Length(notes=notes), group, control=control) for group in groups]


def _measured(scores: Sequence[Score], name: str) -> np.ndarray:
    return np.array([MEASURES[name](score) for score in scores])


def _row(
    name: str, guarded: bool, written: Sequence[Pieces] | Sequence[Score], limits: dict[str, float]
) -> dict[str, Value]:
    scores = [s for part in written for s in (part.scores if isinstance(part, Pieces) else [part])]
    told = [one for part in written if isinstance(part, Pieces) for one in part.guard]
    beyond = {fault: _measured(scores, fault) * sign > limits[fault] for fault, sign in FAULTS.items()}
    helped = [any(one[key] for key in ("heated_notes", "blocked_notes", "shortened_silences")) for one in told]
    return {
        "music": name,
        "guard": "on" if guarded else "off",
        "pieces": len(scores),
        "collapsed %": 100 * float(np.logical_or.reduce(list(beyond.values())).mean()),
        **{f"{MEASURES[fault].title} %": 100 * float(found.mean()) for fault, found in beyond.items()},
        "stepped in %": 100 * float(np.mean(helped)) if helped else 0.0,
    }


if __name__ == "__main__":
    main()
