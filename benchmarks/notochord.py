"""How long a model takes to hear and to write an event: ours and Notochord, in turns, on one core.

Notochord (Shepardson, Armitage and Magnusson 2022) writes beginnings and ends of notes as events of their own; ours
writes a note at once, which is two events. Notochord runs in an interpreter of its own, ``--python``, made with ``pip
install notochord``. It fetches its trained weights from the network when asked; here it has random weights of its
default size, which take as long.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.engine import Bundle, Engine, open_bundle, open_engine
from antiphon.files.midi import read_midi
from antiphon.generate.sampling import Sampling
from antiphon.live.events import NoteOn
from antiphon.live.simulate import performance
from antiphon.live.voice import LiveVoice
from antiphon.notes import Score
from peer import peer
from record import Value, parser, save

WORKER = Path(__file__).parent / "workers" / "notochord_events.py"
PACKAGES = ("antiphon", "numpy", "onnxruntime")


def main() -> None:
    """One table."""
    options = parser(
        __doc__ or "", "python benchmarks/notochord.py lstm-piano --python venv/bin/python --performance piece.midi"
    )
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--python", required=True, metavar="FILE", help="an interpreter that has Notochord")
    options.add_argument("--performance", type=Path, required=True, metavar="FILE", help="the MIDI file that is heard")
    options.add_argument("--notes", type=int, default=200, help="notes heard and notes written a round (default: 200)")
    options.add_argument("--rounds", type=int, default=10, help="turns of each (default: 10)")
    options.add_argument("--core", type=int, default=0, help="the core that both run on (default: 0)")
    args = options.parse_args()
    os.sched_setaffinity(0, {args.core})
    bundle, score = open_bundle(args.model), read_midi(args.performance)
    score = score.select(np.arange(len(score)) < args.notes)
    engine = open_engine(bundle)
    ours: dict[str, list[float]] = {"hear": [], "write": []}
    theirs: dict[str, list[float]] = {"hear": [], "write": []}
    # Notochord makes a folder for its weights where home is.
    with tempfile.TemporaryDirectory() as home, peer(args.python, WORKER, HOME=home) as ask:
        about = ask(events(score))
        for turn in range(args.rounds + 1):
            found = ask(2 * args.notes), listened(engine, score, turn, args.notes)
            for kept, new in zip((theirs, ours), found, strict=True):
                for what in kept if turn else ():  # the first round warms up
                    kept[what] += new[what]
    args.note.append(f"{about['versions']}, random weights")
    save(args, rows(bundle, ours, about, theirs), PACKAGES)


def events(score: Score) -> list[list[float]]:
    """[seconds since the one before, pitch, velocity] of each beginning and end, an end's velocity 0."""
    found, before = [], 0.0
    for at_s, event in performance(score):
        found.append([at_s - before, event.pitch, event.velocity if isinstance(event, NoteOn) else 0])
        before = at_s
    return found


def listened(engine: Engine, score: Score, seed: int, notes: int) -> dict[str, list[float]]:
    """Milliseconds that each note took to hear, and each to write."""
    voice = LiveVoice(engine, (seed,))
    rows = engine.codec.encode(score).astype(np.int64)
    heard = [_timed(lambda row=row: voice.listen(row[None])) for row in rows]
    written = [_timed(lambda: _write(voice)) for _ in range(notes)]
    return {"hear": heard, "write": written}


def _write(voice: LiveVoice) -> None:
    voice.draw(Sampling(), lambda name, row: None, {"program": 0})
    _ = voice.state  # the model has heard its own note, too


def _timed(act: Any) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def rows(
    bundle: Bundle, ours: dict[str, list[float]], about: dict[str, Any], theirs: dict[str, list[float]]
) -> list[dict[str, Value]]:
    """A row for each model and each thing it does."""
    table: list[dict[str, Value]] = []
    for name, parameters, found, events in (
        (bundle.name, bundle.meta["parameters"], ours, 2),
        ("Notochord", about["parameters"], theirs, 1),
    ):
        for what, ms in found.items():
            row: dict[str, Value] = {"model": name, "parameters": f"{parameters:,}", "what": what, "events": events}
            row |= {f"p{p} ms": float(np.percentile(ms, p)) for p in (50, 95, 99)}
            table.append({**row, "max ms": max(ms), "p50 ms an event": float(np.median(ms)) / events})
    return table


if __name__ == "__main__":
    main()
