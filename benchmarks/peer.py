"""Another program in an interpreter of its own, asked line by line: what benchmarks beside a peer share."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def peer(python: str, worker: Path, **environment: str) -> Iterator[Callable[[Any], Any]]:
    """A function that sends a line of JSON to the worker, which has one thread, and gives the JSON that it answers."""
    process = subprocess.Popen(
        [python, str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip
    asked, answers = process.stdin, process.stdout
    assert asked
    assert answers

    def ask(what: Any) -> Any:
        asked.write(json.dumps(what) + "\n")
        asked.flush()
        return json.loads(answers.readline())

    try:
        yield ask
    finally:
        process.kill()
        process.wait()
