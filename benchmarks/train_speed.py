"""Training speed on the CPU: the ``lstm`` recipe's network here and in Keras 3, in notes a second.

The same embeddings, LSTM layers, chained heads, dropout, batch, window, AdamW and clipping on both sides, in float32
and, here, in bfloat16 too (which ``precision = "auto"`` picks where the processor multiplies it). A worker process,
held to so many cores, steps over random rows of the codec and tells the time of each step after a warm-up; workers take
turns. What is not measured: cutting and augmenting windows, validation, the moving average.

Keras needs a Python of its own that has keras and one of tensorflow, jax and torch: give one or more with --keras.
Without, only our side is timed. Linux only, for its way to hold a process to cores.
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

from antiphon.codec import NoteCodec
from record import ROOT, Value, parser, save

WORKERS = Path(__file__).parent / "workers"


def main() -> None:
    """A row for each side, precision and number of cores."""
    options = parser(__doc__ or "", "python benchmarks/train_speed.py --cores 1 2 --keras tensorflow=keras/bin/python")
    options.add_argument("--cores", type=int, nargs="+", default=[1], help="numbers of cores to try (default: 1)")
    options.add_argument("--first-core", type=int, default=0, help="the first core to use (default: 0)")
    options.add_argument("--steps", type=int, default=5, help="steps that are timed in each turn (default: 5)")
    options.add_argument("--rounds", type=int, default=3, help="turns of each worker (default: 3)")
    options.add_argument(
        "--keras",
        action="append",
        default=[],
        metavar="BACKEND=PYTHON",
        help="a Python with keras and that backend",
    )
    args = options.parse_args()
    contenders = {("antiphon", p): [sys.executable, str(WORKERS / "torch_steps.py"), p] for p in ("fp32", "bf16")}
    for backend, _, python in (pair.partition("=") for pair in args.keras):
        contenders[f"keras on {backend}", "fp32"] = [python, str(WORKERS / "keras_steps.py"), backend]
    save(args, measured(contenders, args), ("antiphon", "torch"))


def measured(contenders: dict[tuple[str, str], list[str]], args: argparse.Namespace) -> list[dict[str, Value]]:
    """The median step of all turns, in notes a second; "×" is against ours in float32 on as many cores."""
    job = network() | {"steps": args.steps, "first_core": args.first_core}
    seconds: dict[tuple[str, str, int], list[float]] = {(*c, n): [] for n in args.cores for c in contenders}
    told: dict[str, dict[str, Any]] = {}
    for _ in range(args.rounds):
        for (side, precision, cores), spent in seconds.items():
            told[side] = worker(contenders[side, precision], job | {"cores": cores})
            spent += told[side]["seconds"]
    notes = job["batch"] * job["window"]
    speed = {key: notes / float(np.median(spent)) for key, spent in seconds.items()}
    return [
        {
            "side": f"{side} ({told[side]['version']})",
            "parameters": told[side]["parameters"],
            "precision": precision,
            "cores": cores,
            "notes/s": value,
            "× antiphon fp32": value / speed["antiphon", "fp32", cores],
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
