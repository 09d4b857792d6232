"""What fine-tuning against a critic changes: nats a note, and how far what is written is from real music.

Written pieces are those of seeds 0, 1, …, without guard or constraints. The Fréchet distance is over that of real music
from real music; the area is that of a classifier which tells written from real, 0.5 if it cannot. Nothing is kept from
earlier runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from antiphon.corpus.store import open_corpus
from antiphon.evaluate.cache import Cache
from antiphon.evaluate.comparison import Comparison, Study
from antiphon.evaluate.contestants import Contestant, open_contestants
from record import Value, parser, save


def main() -> None:
    """Measure every model named, print the table, write the CSV."""
    options = parser(__doc__ or "", "benchmarks/sparring.py lstm-piano tuned control --corpus corpora/maestro")
    options.add_argument("models", nargs="+", help="models by name or folder")
    options.add_argument("--corpus", type=Path, required=True, help="what `antiphon prepare` wrote")
    options.add_argument("--pieces", type=int, default=8, help="of the validation split, evenly spread, for the nats")
    options.add_argument("--samples", type=int, default=64, help="pieces that each model writes")
    options.add_argument("--notes", type=int, default=200, help="of each")
    args = options.parse_args()
    study = Study(pieces=args.pieces, samples=args.samples, notes=args.notes)
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(
            open_contestants(args.models), open_corpus(args.corpus), study, Cache(Path(folder), False)
        )
        rows = [_row(comparison, one) for one in comparison.contestants]
    save(args, rows)


def _row(comparison: Comparison, one: Contestant) -> dict[str, Value]:
    nats, found = comparison.likelihood(one)["summary"], comparison.distances(one)
    far, told = found["frechet"], found["two_sample"]
    return {
        "model": one.name,
        "notes": nats["notes"],
        "nats_per_note": round(nats["nats_per_note"], 4),
        **{f"frechet_{key}": round(far[key], 3) for key in ("ratio", "ratio_low", "ratio_high") if key in far},
        **{f"told_apart_{key}": round(told[key], 3) for key in ("auc", "auc_low", "auc_high") if key in told},
    }


if __name__ == "__main__":
    main()
