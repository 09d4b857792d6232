"""Progress bars on stderr, for people only: a share of something, or files and bytes with their speed."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 2.0


@contextmanager
def progress(description: str, total: float = 1.0) -> Iterator[Callable[[float], None]]:
    """A function that is told how much of ``total`` is done; draws only once it has taken two seconds.

    Until it is told something the bar shows that work goes on, not how much of it. A screen that cannot redraw a line
    gets none.
    """
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True, disable=not on_screen())
    task = bar.add_task(description, total=None)
    patience = threading.Timer(PATIENCE_S, bar.start)
    patience.daemon = True
    patience.start()
    try:
        yield lambda done: bar.update(task, completed=done, total=total)
    finally:
        patience.cancel()
        patience.join()  # lest it starts what has been stopped
        bar.stop()


def on_screen() -> bool:
    """Whether stderr is a screen on which a line can be drawn again."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


@contextmanager
def adding(description: str, total: float) -> Iterator[Callable[[int], None]]:
    """As :func:`progress`, but the function is told how much more is done."""
    done = 0
    with progress(description, total) as show:

        def add(more: int) -> None:
            nonlocal done
            done += more
            show(done)

        yield add


@contextmanager
def counter(what: str, unit: str = "files") -> Iterator[Callable[[int, int], None]]:
    """Gives a function to be told (done, in all), in ``unit`` files or bytes; draws only where stderr is a screen."""
    from rich import progress as rich
    from rich.console import Console

    amount = rich.DownloadColumn() if unit == "bytes" else rich.MofNCompleteColumn()
    speed = rich.TransferSpeedColumn() if unit == "bytes" else rich.TextColumn("{task.fields[speed]}")
    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), amount, speed, rich.TimeRemainingColumn())
    with rich.Progress(*columns, console=Console(stderr=True), disable=not on_screen()) as shown:
        task, began_s = shown.add_task(what, total=None, speed=""), time.monotonic()

        def tell(done: int, total: int) -> None:
            speed = f"{done / (time.monotonic() - began_s):.0f} {unit}/s"
            shown.update(task, completed=done, total=total, speed=speed)

        yield tell
