"""What students are told to try, each on one small LSTM: one thing changed a row, the same notes, the same seed.

Every row trains recipe ``lstm-small`` with one layer, durations as times of their own, no dropout and no augmentation,
and with the settings named. Its best weights are measured on the part of the validation split that chose them. The
budget is small, so what guards against learning by heart (dropout, transposition, stretching) can only cost here unless
the pieces are few. Rows that are done are not trained again; a row that was interrupted goes on.
"""

from __future__ import annotations

from pathlib import Path

import torch

from antiphon.corpus.windows import columns_for, fixed_batches
from antiphon.models.base import Model
from antiphon.training.batches import as_batch
from antiphon.training.recipe import load_recipe
from antiphon.training.run import Run, best_model, fit, prepare_run
from record import Value, parser, save

BASE = ("model.layers=1", "model.dropout=0.0", "codec.ends=0", "augment.held=0.0")
FIVE = ("data.pieces=5",)
SQUARED = 'model.kinds={pitch="gaussian", step="gaussian", duration="gaussian"}'
CHANGES: dict[str, tuple[str, ...]] = {
    "base: all pieces, cross-entropy, chained heads, velocity": (),
    "squared error for pitch, step and duration": (SQUARED,),
    "five pieces": FIVE,
    "five pieces, transposed by up to 6": (*FIVE, "augment.transpose=6"),
    "five pieces, stretched to 0.8 … 1.25": (*FIVE, "augment.stretch=[0.8, 1.25]"),
    "five pieces, dropout 0.3": (*FIVE, "model.dropout=0.3"),
    "no velocity: a histogram": ('model.kinds={velocity="marginal"}',),
    "two layers": ("model.layers=2",),
    "three layers": ("model.layers=3",),
    "attention over the last 64 states": ("model.attention=64",),
    "layers normalised": ("model.layer_norm=true",),
    "dropout 0.1": ("model.dropout=0.1",),
    "transposed by up to 6": ("augment.transpose=6",),
    "stretched to 0.8 … 1.25": ("augment.stretch=[0.8, 1.25]",),
    "independent heads": ('model.heads="independent"',),
    "durations that end together, the past counted": ("codec.ends=8",),
}


def main() -> None:
    """A row for each change."""
    options = parser(__doc__ or "", "python benchmarks/improvements.py --corpus corpora/maestro --passes 0.2")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--passes", type=float, required=True, help="of all training notes, for each row")
    options.add_argument("--runs", type=Path, default=Path("runs/improvements"), help="where the rows are trained")
    options.add_argument("--only", type=int, default=len(CHANGES), help="the first so many rows")
    args = options.parse_args()
    args.runs.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Value]] = []
    for number, (name, settings) in enumerate(list(CHANGES.items())[: args.only]):
        nats = _nats(args.runs / f"row{number}.run", args.corpus, (*BASE, *settings), args.passes)
        whole = sum(nats.values())
        effect = whole - float(rows[0]["nats a note"]) if rows else 0.0
        rows.append({"changed": name, "nats a note": whole, "effect": f"{effect:+.2f}", **nats})
        save(args, rows, ("antiphon", "torch"))


def _nats(folder: Path, corpus: Path, settings: tuple[str, ...], passes: float) -> dict[str, float]:
    """Nats a note by attribute of a run's best weights; five pieces are heard again until the notes are as many."""
    run = prepare_run(load_recipe("lstm-small", (*settings, f"train.passes={passes}")), corpus)
    if run.recipe.data.pieces:
        whole = run.corpus.split("train")
        again = sum(p.count for p in whole) / sum(p.count for p in whole[: run.recipe.data.pieces])
        run = prepare_run(load_recipe("lstm-small", (*settings, f"train.passes={passes * again}")), corpus)
    fit(run, folder, resume=folder.exists())
    return _measured(run, best_model(run, folder))


@torch.inference_mode()
def _measured(run: Run, model: Model) -> dict[str, float]:
    """On the windows that validate a run, after squared errors got their deviations."""
    data, codec = run.recipe.data, run.codec
    columns, spans = columns_for(codec, run.corpus.columns(), run.corpus.split("validation"))
    length, share = data.validation_window, data.validation_share
    cells = [torch.from_numpy(table) for table in codec.log_cells]
    total, notes = torch.zeros(len(cells), dtype=torch.float64), 0
    for batch in map(as_batch, fixed_batches(columns, spans, codec, length=length, batch=8, share=share)):
        heard = batch.weight > 0
        found, targets = model.log_prob(batch)[heard].double(), batch.targets[heard]
        spread = [table[codes].sum() for table, codes in zip(cells, targets.T, strict=True)]
        total += torch.stack(spread) - found.sum(0)
        notes += len(targets)
    return {a.name: float(nats) / notes for a, nats in zip(codec.attributes, total, strict=True)}


if __name__ == "__main__":
    main()
