"""What each part of the flagship is worth: the same small Transformer, one thing changed a row, the same small budget.

Every row trains recipe ``piano-tiny`` with the settings named, from the same seed, and is measured on the same part of
the validation split as training goes; the best is kept, as in any training. Differences of a small budget are about how
fast a model learns, not about where it ends: what helps here must still be seen to help in a long run. Rows that are
done are not trained again; a row that was interrupted goes on.
"""

from __future__ import annotations

import csv
from pathlib import Path

from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run
from record import Value, parser, save

ROWS: dict[str, tuple[str, ...]] = {
    "base": (),
    "AdamW for matrices too": ("train.optimiser=adamw",),
    "every duration a time of its own": ("codec.ends=0",),
    "no dropout": ("model.dropout=0.0",),
    "in its own keys and tempi": ("augment.transpose=0", "augment.stretch=[1.0, 1.0]", "augment.velocity=0"),
    "half the batch": ("data.batch=8",),
    "told composer, density, dynamics and register": ("model.conditions=true",),
    "positions by time in half of the heads": ("model.seconds=true",),
    "no durations held back": ("augment.held=0.0",),
    "no moving average of the weights": ("train.average=0.0",),
    "one key and value head": ("model.groups=1",),
    "context of 64 notes": ("model.context=64",),
}
SHOWN = ("", "_step", "_pitch", "_velocity", "_duration")


def main() -> None:
    """A row for each change."""
    options = parser(__doc__ or "", "python benchmarks/ablations.py --corpus corpora/maestro")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--runs", type=Path, default=Path("runs/ablations"), help="where the rows are trained")
    options.add_argument("--only", type=int, default=len(ROWS), help="the first so many rows")
    args = options.parse_args()
    args.runs.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (name, settings) in enumerate(list(ROWS.items())[: args.only]):
        rows.append(_row(name, settings, _train(args.runs / f"row{number}.run", args.corpus, settings)))
        save(args, rows, ("antiphon", "torch"))


def _train(folder: Path, corpus: Path, settings: tuple[str, ...]) -> dict[str, float]:
    """The best validation of a run, begun or gone on with."""
    fit(prepare_run(load_recipe("piano-tiny", settings), corpus), folder, resume=folder.exists())
    lines = [line for path in sorted(folder.glob("logs/*/metrics.csv")) for line in csv.DictReader(path.open())]
    best = min((line for line in lines if line.get("validation")), key=lambda line: float(line["validation"]))
    return {key: float(best[f"validation{key}"]) for key in SHOWN}


def _row(name: str, settings: tuple[str, ...], nats: dict[str, float]) -> dict[str, Value]:
    row: dict[str, Value] = {"changed": name, "--set": " ".join(settings), "nats a note": nats[""]}
    return row | {key.removeprefix("_"): nats[key] for key in SHOWN[1:]}


if __name__ == "__main__":
    main()
