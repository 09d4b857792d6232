"""A worker of notochord.py, run by an interpreter that has Notochord: milliseconds to hear and to write an event.

stdin: a line of JSON, events as [seconds since the one before, pitch, velocity], velocity 0 for an end; then a line for
each round, the number of events to write. stdout: a line of JSON each; the first says what the model is.
"""

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from notochord import Notochord

PIANO = 1  # its number for the instrument
KEYS = set(range(21, 109))
ANSWERS, sys.stdout = sys.stdout, sys.stderr  # it prints what it thinks


def main() -> None:
    """Hear all events and write some, once for each line that comes in."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Notochord().eval()  # its default size; it finds its trained weights on the network only
    events = json.loads(sys.stdin.readline())
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("notochord", "torch"))
    tell({"versions": versions, "parameters": sum(p.numel() for p in model.parameters())})
    for line in sys.stdin:
        model.reset()
        heard = [timed(lambda event=event: model.feed(PIANO, event[1], event[0], event[2])) for event in events]
        tell({"hear": heard, "write": [timed(lambda: write(model)) for _ in range(int(line))]})


def write(model: Notochord) -> None:
    """One more event of the model's own."""
    event = model.query_vtip(note_on_map={PIANO: KEYS}, note_off_map={PIANO: KEYS})
    model.feed(event["inst"], event["pitch"], event["time"], event["vel"])


def timed(act: Callable[[], Any]) -> float:
    """How long it takes, in milliseconds."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def tell(answer: dict) -> None:
    """A line of JSON."""
    print(json.dumps(answer), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
