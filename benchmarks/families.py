"""All families on one budget: each recipe trained on as many notes of one corpus, then measured alike.

The likelihood is that of whole pieces of the validation split, as `antiphon train` reports it. Speed is that of the
ONNX engine on one thread, drawing notes: the median time of a note alone, and notes a second of 16 pieces at once; of
diffusion, which writes no note alone, the time of 200 notes over their number. What stands with a ≤ is a bound. A
Markov chain counts every note once, whatever the budget. Runs that are done are not trained again; one that was
interrupted goes on, and the minutes of all its parts are added up.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from antiphon.engine import Bundle, Engine, open_bundle, open_engine
from antiphon.engine.base import Filling
from antiphon.generate.stream import streams
from antiphon.generate.task import perform
from antiphon.pictures import draw
from antiphon.training.finish import finish
from antiphon.training.recipe import Recipe, load_recipe
from antiphon.training.run import fit, prepare_run
from record import Value, parser, save

RECIPES = ("markov", "autoregressive", "rnn", "gru", "lstm-small", "cnn", "transformer-small", "diffusion")
SPENT = "minutes.json"  # in a run's folder
ALONE, TOGETHER = 1, 16  # pieces written at once
ROUNDS, NOTES = 5, 200  # timed
SEED, PICTURED_S = 1, 30


def main() -> None:
    """A row for each recipe, trained where it is not yet."""
    options = parser(__doc__ or "", "python benchmarks/families.py --corpus corpora/maestro --passes 0.5")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--passes", type=float, required=True, help="of the training notes, for each network")
    options.add_argument("--runs", type=Path, default=Path("runs/families"), help="where models and runs are kept")
    options.add_argument("--only", nargs="*", choices=RECIPES, default=RECIPES, help="some of them (default: all)")
    options.add_argument("--pictures", type=Path, help="a folder for a picture of half a minute by each")
    args = options.parse_args()
    args.runs.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in args.only:
        print(f"{name} …", file=sys.stderr, flush=True)
        out = args.runs / name
        if not out.exists():
            train(_recipe(name, args.passes), args.corpus, out)
        bundle = open_bundle(out)
        rows.append(_row(bundle, args.runs / f"{name}.run"))
        if args.pictures:
            works = perform(open_engine(bundle), "generate", {"seconds": PICTURED_S}, [(SEED, 0)], None, _ignore)
            piece = works.pieces[0].music
            draw(piece, args.pictures / f"family-{name}.svg", title=f"{name}, seed {SEED}")
        save(args, rows, ("antiphon", "numpy", "onnxruntime", "torch"))


def _recipe(name: str, passes: float) -> Recipe:
    return load_recipe(name, () if name == "markov" else (f"train.passes={passes}",))


def train(recipe: Recipe, corpus: Path, out: Path) -> None:
    """A bundle of a recipe, from the beginning or from where its run stopped."""
    folder = out.with_name(out.name + ".run")
    run, began = prepare_run(recipe, corpus), time.process_time()
    try:
        fit(run, folder, resume=folder.exists())
    finally:
        (folder / SPENT).write_text(json.dumps(_spent(folder) + (time.process_time() - began) / 60) + "\n")
    finish(run, folder, out)


def _spent(folder: Path) -> float:
    """Minutes of a core that a run took so far."""
    path = folder / SPENT
    return float(json.loads(path.read_text())) if path.exists() else 0.0


def _row(bundle: Bundle, folder: Path) -> dict[str, Value]:
    meta = bundle.meta
    found = meta["measured"]["validation"]
    data, passes = meta["data"]["splits"]["train"], meta["recipe"]["train"]["passes"]
    ms, speed = _speed(open_engine(bundle))
    return {
        "recipe": bundle.name,
        "parameters": meta["parameters"],
        "notes heard": round(data["notes"] * passes),
        "nats a note": f"{'≤ ' * meta['measured'].get('bound', False)}{found['nats_per_note']:.2f}",
        **found["nats_per_note_by_attribute"],
        "ms a note": ms,
        "notes/s, 16 pieces": speed,
        "MB": sum(entry["bytes"] for entry in meta["files"].values()) / 1e6,
        "minutes of a core": _spent(folder) or "",
    }


def _speed(engine: Engine) -> tuple[float, Value]:
    """Median ms of a note of one piece, and median notes a second of 16 pieces."""
    seconds: dict[int, list[float]] = {ALONE: [], TOGETHER: []}
    if isinstance(engine, Filling):
        return _filling_ms(engine), ""
    for turn in range(ROUNDS):
        for batch, spent in seconds.items():
            notes = streams(engine, [(turn, i) for i in range(batch)])
            next(notes)
            spent += _timed(notes)
    return float(np.median(seconds[ALONE])) * 1000, TOGETHER / float(np.median(seconds[TOGETHER]))


def _filling_ms(engine: Engine) -> float:
    """Median ms a note of one piece of a model that fills blocks."""
    spent = []
    for turn in range(ROUNDS):
        began = time.perf_counter()
        written = perform(engine, "generate", {"notes": NOTES}, [(turn, 0)], None, _ignore).pieces[0].music
        spent.append((time.perf_counter() - began) / len(written) * 1000)
    return float(np.median(spent))


def _ignore(share: float) -> None:
    """Tell nobody."""


def _timed(notes: Iterator[np.ndarray]) -> list[float]:
    """Seconds that each of the next notes took."""
    return list(np.diff([time.perf_counter(), *(time.perf_counter() for _ in islice(notes, NOTES))]))


if __name__ == "__main__":
    main()
