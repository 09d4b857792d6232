"""How fast a model writes: the ONNX engine against the same bundle stepped in torch, one thread each.

A note is all it takes: the four heads, sampling under the codec's rules, and a step of the network. Engines and batch
sizes take turns in one process. Cold start is a new process, from its launch to its first note in hand. The long piece
shows whether speed or memory depend on how much was written.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from antiphon.engine import Bundle, Engine, open_bundle, open_engine
from antiphon.generate.stream import streams
from record import Value, parser, save

BATCHES = (1, 16)
LONG, PART = 10_000, 1000  # notes of the long piece, and of the parts compared
COLD = """
import sys, time
from antiphon.generate.stream import stream
from {module} import {name}
from antiphon.engine import open_bundle
next(stream({name}(open_bundle(sys.argv[1])), (0,)))
print(time.time())
"""
ENGINES = {
    "onnxruntime": COLD.format(module="antiphon.engine.onnx_engine", name="OnnxEngine"),
    "torch": COLD.format(module="antiphon.engine.torch_engine", name="TorchEngine"),
}


def main() -> None:
    """Three tables: speed, cold start, a long piece."""
    options = parser(__doc__ or "", "python benchmarks/generate.py lstm-piano")
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--notes", type=int, default=200, help="notes a piece in each round (default: 200)")
    options.add_argument("--rounds", type=int, default=10, help="turns of each engine and batch (default: 10)")
    options.add_argument("--starts", type=int, default=7, help="cold starts of each engine (default: 7)")
    args = options.parse_args()
    bundle = open_bundle(args.model)
    packages = ("antiphon", "numpy", "onnxruntime", "torch")
    save(args, long_piece(open_engine(bundle)), packages, "long")  # first: torch would fill the memory measured
    save(args, cold_starts(bundle, args.starts), packages, "cold")
    save(args, speeds(bundle, args), packages)


def speeds(bundle: Bundle, args: argparse.Namespace) -> list[dict[str, Value]]:
    """A row for each engine and batch size."""
    import torch

    from antiphon.engine.torch_engine import TorchEngine

    torch.set_num_threads(1)
    engines: dict[str, Engine] = {"onnxruntime": open_engine(bundle), "torch": TorchEngine(bundle)}
    spent: dict[tuple[str, int], list[np.ndarray]] = {(n, b): [] for n in engines for b in BATCHES}
    for turn in range(args.rounds):
        for (name, batch), rounds in spent.items():
            notes = streams(engines[name], [(turn, i) for i in range(batch)])
            next(notes)
            rounds.append(_timed(notes, args.notes))
    rows = {key: _speed(*key, np.stack(rounds)) for key, rounds in spent.items()}
    for (_, batch), row in rows.items():
        row["× torch"] = float(row["notes/s"]) / float(rows["torch", batch]["notes/s"])
    return list(rows.values())


def _timed(notes: Iterator[np.ndarray], count: int) -> np.ndarray:
    """(count,) seconds that each note of a batch took."""
    return np.diff([time.perf_counter(), *(time.perf_counter() for _ in islice(notes, count))])


def _speed(name: str, batch: int, seconds: np.ndarray) -> dict[str, Value]:
    """``seconds`` (rounds, notes); the median round's speed, and how long single notes took."""
    ms = np.quantile(seconds, [0.5, 0.95, 0.99, 1], axis=None) * 1000
    row: dict[str, Value] = {"engine": name, "batch": batch}
    row["notes/s"] = float(np.median(batch * seconds.shape[1] / seconds.sum(1)))
    return row | {f"{which} ms": float(value) for which, value in zip(("p50", "p95", "p99", "max"), ms, strict=True)}


def cold_starts(bundle: Bundle, starts: int) -> list[dict[str, Value]]:
    """A row for each engine."""
    spent: dict[str, list[float]] = {name: [] for name in ENGINES}
    for turn in range(starts + 1):
        for name, script in ENGINES.items():
            began = time.time()
            process = [sys.executable, "-c", script, str(bundle.path)]
            done = subprocess.run(process, check=True, capture_output=True, text=True, env=os.environ)
            if turn:  # the first fills the disk cache
                spent[name].append(float(done.stdout) - began)
    return [
        {"engine": n, "starts": starts, "median s": float(np.median(s)), "fastest s": min(s), "slowest s": max(s)}
        for n, s in spent.items()
    ]


def long_piece(engine: Engine) -> list[dict[str, Value]]:
    """Speed and memory in the first and the last part of a long piece."""
    notes = streams(engine, [(0, 0)])
    next(notes)
    rows: list[dict[str, Value]] = []
    for first in range(1, LONG, PART):
        seconds = _timed(notes, PART)
        if first in (1, LONG - PART + 1):
            part = f"{first:,} to {first + PART - 1:,}"
            ms = np.quantile(seconds, 0.99) * 1000
            rows.append({"notes": part, "notes/s": PART / seconds.sum(), "p99 ms": ms, "memory MB": _memory_mb()})
    return rows


def _memory_mb() -> float:
    """Resident memory of this process in units of 2**20 bytes; Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
