"""A progress bar on stderr, for people only, and only once something has taken two seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 2.0


@contextmanager
def progress(description: str, total: float = 1.0) -> Iterator[Callable[[float], None]]:
    """A function that is told how much of ``total`` is done."""
    from rich.console import Console
    from rich.progress import Progress

    began = time.monotonic()
    bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    task = bar.add_task(description, total=total)

    def show(done: float) -> None:
        if time.monotonic() - began > PATIENCE_S:
            bar.start()
        bar.update(task, completed=done)

    try:
        yield show
    finally:
        bar.stop()
