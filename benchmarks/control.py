"""What each control of writing does to the music: the same seeds with it and without, measured on what comes out.

A row is a command, ``antiphon generate --notes N OPTIONS``. *Nats a note* is how unlikely the model finds the written
notes as its own codes, whatever made it write them; *cost* is what the constraints took from its distribution. The
other columns are means over the pieces, by ``antiphon.evaluate.measures``.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping

import numpy as np

from antiphon.cli.performing import performed
from antiphon.engine import Bundle, open_bundle, open_engine
from antiphon.evaluate.measures import MEASURES
from antiphon.generate.finish import Works
from antiphon.generate.likely import log_probs
from antiphon.generate.options import OPTIONS
from record import Value, parser, save

SHOWN = {  # measures, and how columns call them
    "density": "notes/s", "polyphony": "polyphony", "pitch_entropy": "pitch entropy, bits", "pitch_range": "range",
    "pitch_classes_used": "pitch classes", "velocity_mean": "velocity", "duration_median_s": "duration, s",
    "novelty": "novelty",
}  # fmt: skip
ROWS = (
    "", "--no-guard",
    "--temperature 0.7", "--temperature 0.85", "--temperature 1.15", "--temperature pitch=0.7",
    "--temperature step=0.7,duration=0.7", "--top-k 5", "--top-p 0.9", "--min-p 0.05", "--typical 0.9",
    "--repetition-penalty 1.5", "--repetition-penalty 3", "--greedy",
    "--beam 8", "--beam 8 --search stochastic", "--beam 8 --search diverse",
    "--best-of 8", "--best-of 8 --best-by density=5",
    "--key 'D minor'", "--key 'C E G'", "--range C3..C5", "--max-polyphony 2", "--min-step 0.1", "--max-step 0.1",
    "--min-duration 0.5", "--max-duration 0.2", "--velocity 40..60",
    "--notes-per-second ..4", "--notes-per-second 12..",
    "--tempo 96 --grid 1/16", "--tempo 96 --grid 1/8 --swing 0.62", "--tempo 96 --chords 'Am F C G'",
    "--tempo 96 --grid 1/8 --chords 'Am F C G' --passing", "--drone D2,A2", "--key C --ending tonic",
    "--quantise 1/16", "--humanise timing=15,velocity=8",
    *(f"--preset {name}" for name in ("nocturne", "walking", "sparse", "chorale", "etude", "waltz")),
)  # fmt: skip


def main() -> None:
    """A row for each of ROWS."""
    options = parser(__doc__ or "", "python benchmarks/control.py piano")
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--pieces", type=int, default=16, help="of each row, fewer of searches (default: 16)")
    options.add_argument("--notes", type=int, default=300, help="of a piece (default: 300)")
    args = options.parse_args()
    bundle, rows = open_bundle(args.model), []
    for text in ROWS:
        searches = any(word in text for word in ("--beam", "--best-of"))
        count = max(args.pieces // 4, 1) if searches else args.pieces
        rows.append(_row(bundle, text, count, args.notes))
        print(".", end="", file=sys.stderr, flush=True)
    args.note.append(f"{args.pieces} pieces of {args.notes} notes, a quarter of them where pieces are searched for")
    save(args, rows, ("antiphon", "numpy", "onnxruntime"))


def typed(text: str) -> dict[str, Value]:
    """Options as they are typed, with those of a preset below."""
    from antiphon.generate.options import over
    from antiphon.generate.presets import preset

    words, found = shlex.split(text), {}
    while words:
        name = words.pop(0).removeprefix("--")
        kind = str if name == "preset" else OPTIONS[name].kind
        found[name] = True if kind is bool else kind(words.pop(0))
    below = preset(str(found.pop("preset"))).options if "preset" in found else {}
    return over(below, found)


def _row(bundle: Bundle, text: str, count: int, notes: int) -> dict[str, Value]:
    given = {**typed(text), "notes": notes}
    works = performed(bundle, "generate", given, [(seed, 0) for seed in range(count)], None, lambda share: None)
    measured = {title: float(np.mean(_each(works, name))) for name, title in SHOWN.items()}
    return {"options": text or "(none)", "nats a note": _nats(bundle, works), "cost": _cost(works.report), **measured}


def _each(works: Works, name: str) -> list[float]:
    return [MEASURES[name](piece.music) for piece in works.pieces]


def _nats(bundle: Bundle, works: Works) -> float:
    engine = open_engine(bundle)
    rows = [engine.codec.encode(piece.music).astype(np.int64) for piece in works.pieces]
    shortest = min(map(len, rows))
    return float(-log_probs(engine, np.stack([one[:shortest] for one in rows])).mean())


def _cost(report: Mapping[str, list[float]]) -> Value:
    costs = report.get("cost_nats_per_note")
    return float(np.mean(costs)) if costs else ""


if __name__ == "__main__":
    main()
