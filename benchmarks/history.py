"""How fast a model hears and writes after much music: ours and a Llama of transformers, in turns, on one core.

Ours hears real music and writes notes; the Llama has as many parameters and random weights, which take as long, and is
fed flat tokens, four a note, by its own ``generate``. It runs in an interpreter of its own, ``--python``, made with
``pip install transformers torch``. Both have one thread.
"""

from __future__ import annotations

import math
import os
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.engine import Bundle, Engine, open_bundle, open_engine
from antiphon.files.midi import read_midi
from antiphon.generate.stream import streams
from peer import peer
from record import Value, parser, save

WORKER = Path(__file__).parent / "workers" / "llama_tokens.py"
FLAT = 4  # tokens a note
VOCABULARY = 512  # of codes of steps, pitches, velocities and durations together
HEAD = 64
HISTORIES = (0, 256, 512, 1024, 4096)  # notes heard before
THEIRS = (256, 512)  # of these, what the other is asked: at 4,096 notes a round of it takes minutes


def main() -> None:
    """A row for each model and history."""
    options = parser(
        __doc__ or "", "python benchmarks/history.py piano --python venv/bin/python --performance piece.midi"
    )
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--python", required=True, metavar="FILE", help="an interpreter that has transformers")
    options.add_argument("--performance", type=Path, required=True, metavar="FILE", help="the MIDI file that is heard")
    options.add_argument("--notes", type=int, default=200, help="notes written a round (default: 200)")
    options.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")
    options.add_argument("--core", type=int, default=0, help="the core that both run on (default: 0)")
    args = options.parse_args()
    os.sched_setaffinity(0, {args.core})
    bundle = open_bundle(args.model)
    engine, music = open_engine(bundle), _rows(bundle, args.performance)
    ours: dict[int, list[dict[str, Any]]] = {history: [] for history in HISTORIES}
    theirs: dict[int, list[dict[str, Any]]] = {history: [] for history in THEIRS}
    with peer(args.python, WORKER) as ask:
        about = ask(_shape(bundle.meta["parameters"]))
        for turn in range(args.rounds + 1):
            for history, rounds in ours.items():
                found = written(engine, music[:history], turn, args.notes)
                rounds += [found] if turn else []  # the first warms up
            for history, rounds in theirs.items():
                found = ask([FLAT * history, FLAT * args.notes // 4]) if turn else ask([FLAT, FLAT])
                rounds += [found] if turn else []
    args.note.append(f"{about['versions']}, random weights")
    rows = [_row(bundle.name, bundle.meta["parameters"], h, _ours(found, args.notes)) for h, found in ours.items()]
    rows += [_row("Llama", about["parameters"], h, _theirs(found, args.notes)) for h, found in theirs.items()]
    save(args, _compared(rows), ("antiphon", "numpy", "onnxruntime"))


def _rows(bundle: Bundle, path: Path) -> np.ndarray:
    """Real music, played again and again until it is long enough."""
    rows = bundle.codec.encode(read_midi(path)).astype(np.int64)
    return np.tile(rows, (math.ceil(max(HISTORIES) / len(rows)), 1))


def _shape(parameters: int) -> dict[str, int]:
    """Some 16 width² parameters a layer, as is usual; the inner width makes up what is missing."""
    layers = 4 if parameters < 8e6 else 6
    width = max(int(math.sqrt(parameters / (16 * layers)) / HEAD) * HEAD, HEAD)
    inner = (parameters - 2 * VOCABULARY * width - layers * 4 * width**2) // (layers * 3 * width)
    return {
        "vocab_size": VOCABULARY, "hidden_size": width, "intermediate_size": inner, "num_hidden_layers": layers,
        "num_attention_heads": width // HEAD, "num_key_value_heads": width // HEAD,
        "max_position_embeddings": 2 * FLAT * max(HISTORIES),
    }  # fmt: skip


def written(engine: Engine, heard: np.ndarray, seed: int, notes: int) -> dict[str, Any]:
    """Seconds to the first note, the prompt heard, and (notes,) seconds of each after it."""
    began = time.perf_counter()
    stream = streams(engine, [(seed, 0)], prompt=heard if len(heard) else None)
    next(stream)
    first_s = time.perf_counter() - began
    times = np.array([time.perf_counter(), *(time.perf_counter() for _ in islice(stream, notes))])
    return {"hear": first_s, "write": np.diff(times)}


def _ours(found: list[dict[str, Any]], notes: int) -> dict[str, Value]:
    each = np.concatenate([one["write"] for one in found]) * 1000
    speeds = [notes / one["write"].sum() for one in found]
    return _numbers(found, speeds) | {"p99 ms a note": float(np.quantile(each, 0.99))}


def _theirs(found: list[dict[str, Any]], notes: int) -> dict[str, Value]:
    return _numbers(found, [notes / 4 / one["write"] for one in found])


def _numbers(found: list[dict[str, Any]], speeds: list[float]) -> dict[str, Value]:
    hear_ms = float(np.median([one["hear"] for one in found])) * 1000
    return {"notes/s": float(np.median(speeds)), "hears in ms": hear_ms, "p99 ms a note": ""}


def _row(name: str, parameters: int, history: int, numbers: dict[str, Value]) -> dict[str, Value]:
    return {"model": name, "parameters": f"{parameters:,}", "notes before": history, **numbers}


def _compared(rows: list[dict[str, Value]]) -> list[dict[str, Value]]:
    """The same rows with how many times faster each is than the Llama after as many notes."""
    slow = {row["notes before"]: float(row["notes/s"]) for row in rows if row["model"] == "Llama"}
    for row in rows:
        base = slow.get(row["notes before"])
        row["× Llama"] = float(row["notes/s"]) / base if base else ""
    return rows


if __name__ == "__main__":
    main()
