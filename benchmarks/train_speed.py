"""Training speed on the CPU: the ``lstm`` recipe's network here and in Keras 3, in notes a second.

The same embeddings, LSTM layers, chained heads, dropout, batch, window, AdamW and clipping on both sides, in float32 and,
here, in bfloat16 too (which ``precision = "auto"`` picks where the processor multiplies it). A worker process, held to
so many cores, steps over random rows of the codec and tells the time of each step after a warm-up; workers take turns.
What is not measured: cutting and augmenting windows, validation, the moving average.

Keras needs a Python of its own that has keras and one of tensorflow, jax and torch: give it with --keras-python. Without,
only our side is timed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from record import ROOT, Value, parser, save

from antiphon.codec import NoteCodec

WORKERS = Path(__file__).parent / "workers"


def main() -> None:
    """A row for each side, precision and number of cores."""
    options = parser(__doc__ or "", "python benchmarks/train_speed.py --cores 1 2 --keras-python keras/bin/python")
    options.add_argument("--cores", type=int, nargs="+", default=[1], help="numbers of cores to try (default: 1)")
    options.add_argument("--first-core", type=int, default=0, help="the first core to use (default: 0)")
    options.add_argument("--steps", type=int, default=5, help="steps that are timed in each turn (default: 5)")
    options.add_argument("--rounds", type=int, default=3, help="turns of each worker (default: 3)")
    options.add_argument("--keras-python", type=Path, help="a Python that has keras and a backend")
    options.add_argument("--keras-backend", default="tensorflow", choices=("tensorflow", "jax", "torch"))
    args = options.parse_args()
    contenders = {("antiphon", p): [sys.executable, str(WORKERS / "torch_steps.py"), p] for p in ("fp32", "bf16")}
    if args.keras_python:
        worker = [str(args.keras_python), str(WORKERS / "keras_steps.py"), args.keras_backend]
        contenders[f"keras on {args.keras_backend}", "fp32"] = worker
    save(args, measured(contenders, args), ("antiphon", "torch"))


def measured(contenders: dict[tuple[str, str], list[str]], args: argparse.Namespace) -> list[dict[str, Value]]:
    """The median step of all turns, in notes a second; "×" is against the last contender on as many cores."""
    job = network() | {"steps": args.steps, "first_core": args.first_core}
    seconds: dict[tuple[str, str, int], list[float]] = {(*c, n): [] for n in args.cores for c in contenders}
    told: dict[str, dict[str, Any]] = {}
    for _ in range(args.rounds):
        for (side, precision, cores), spent in seconds.items():
            told[side] = worker(contenders[side, precision], job | {"cores": cores})
            spent += told[side]["seconds"]
    notes = job["batch"] * job["window"]
    speed = {key: notes / float(np.median(spent)) for key, spent in seconds.items()}
    base = list(contenders)[-1]
    return [
        {
            "side": f"{side} ({told[side]['version']})",
            "parameters": told[side]["parameters"],
            "precision": precision,
            "cores": cores,
            "notes/s": value,
            f"× {base[0]} {base[1]}": value / speed[*base, cores],
        }
        for (side, precision, cores), value in speed.items()
    ]


def network() -> dict[str, Any]:
    """The recipe's network and batch as plain numbers, for a worker that knows nothing of ours."""
    recipe = tomllib.loads((ROOT / "recipes" / "lstm.toml").read_text(encoding="utf-8"))
    return {
        "sizes": [a.size for a in NoteCodec().attributes],
        **{key: recipe["model"][key] for key in ("size", "layers", "dropout", "head_size")},
        **{key: recipe["data"][key] for key in ("window", "batch")},
        **{key: recipe["train"][key] for key in ("learning_rate", "weight_decay")},
    }


def worker(command: list[str], job: dict[str, Any]) -> dict[str, Any]:
    """What a worker tells in the last line of its output."""
    done = subprocess.run([*command, json.dumps(job)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
