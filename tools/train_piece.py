"""One piece of a long training, for machines that are lent for minutes: trains, stops in time, reports, and resumes.

    PYTHONPATH=src python3 tools/train_piece.py piano --corpus maestro.corpus --run /tmp/piano --out $OUT --minutes 8.5

The same line again goes on where the piece before stopped. Needs torch, lightning, numpy, safetensors, pyarrow, rich.
"""

import argparse
import csv
import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from antiphon.models.base import count_parameters
from antiphon.training.callbacks import BEST, CHECKPOINT, Stopped
from antiphon.training.checkpoint import load_tensors
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run

LARGEST_MB = 15  # of a file of weights, so that each can travel alone


def main() -> None:
    """Train one piece and print what it brought."""
    args = _arguments()
    recipe = load_recipe(args.recipe, args.set)
    recipe = replace(recipe, train=replace(recipe.train, max_minutes=args.minutes))
    run = prepare_run(recipe, args.corpus)
    began, before = time.monotonic(), _steps(args.run)
    try:
        fit(run, args.run, resume=args.run.exists())
        done = "finished"
    except Stopped as stopped:
        done = str(stopped)
    elapsed_s, after = time.monotonic() - began, _steps(args.run)
    notes = (after - before) * recipe.data.batch * recipe.data.window
    flops = 6 * count_parameters(run.model) * notes / elapsed_s  # forward and backward, a multiply and an add a weight
    _print(
        {
            "ended": done,
            "steps": f"{before:,} → {after:,} of {run.steps:,}",
            "notes a second, start-up and validation included": f"{notes / elapsed_s:,.0f}",
            "share of the peak": f"{flops / 1e12 / args.peak:.1%} of {args.peak:.0f} TFLOP/s",
        }
    )
    _curve(args.run)
    if args.out and (args.run / BEST).exists():
        _weights(args.run / BEST, args.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--corpus", type=Path, required=True, help="a corpus, packed or not")
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and logs, kept between pieces")
    parser.add_argument("--out", type=Path, help="folder for the best weights, in files that can travel")
    parser.add_argument("--minutes", type=float, default=8.5)
    parser.add_argument("--peak", type=float, default=800, help="TFLOP/s of the device in bfloat16, as measured")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C")
    return parser.parse_args()


def _steps(folder: Path) -> int:
    """Optimiser steps that the checkpoint has behind it."""
    from antiphon.training.checkpoint import SafeCheckpointIO

    path = folder / CHECKPOINT
    return int(SafeCheckpointIO().load_checkpoint(path)["global_step"]) if path.exists() else 0


def _curve(folder: Path) -> None:
    """Print the validations so far."""
    rows = [row for file in sorted(folder.glob("logs/*/metrics.csv")) for row in csv.DictReader(file.open())]
    for row in rows:
        if row.get("validation"):
            found = [(k.removeprefix("validation_"), float(v)) for k, v in row.items() if k.startswith("validation")]
            print(f"step {row['step']:>7}:", *(f"{name} {value:.3f}" for name, value in found))


def _weights(best: Path, out: Path) -> None:
    """The best weights in bfloat16, in as many files as keep each below LARGEST_MB."""
    files: list[dict[str, torch.Tensor]] = [{}]
    room = LARGEST_MB * 1e6
    for name, tensor in load_tensors(best).items():
        kept = tensor.bfloat16() if tensor.dim() > 1 else tensor
        size = kept.numel() * kept.element_size()
        if size > room and files[-1]:
            files.append({})
            room = LARGEST_MB * 1e6
        files[-1][name] = kept
        room -= size
    out.mkdir(parents=True, exist_ok=True)
    for i, tensors in enumerate(files):
        save_file(tensors, out / f"weights-{i + 1}-of-{len(files)}.safetensors")


def _print(rows: dict[str, str]) -> None:
    for name, value in rows.items():
        print(f"{name:50} {value}")


if __name__ == "__main__":
    main()
