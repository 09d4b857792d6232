"""Progress bars on stderr, for people only: a share of something, or files and bytes with their speed."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 2.0


@contextmanager
def progress(description: str, total: float = 1.0) -> Iterator[Callable[[float], None]]:
    """A function that is told how much of ``total`` is done; draws only once it has taken two seconds."""
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
    console = Console(stderr=True)
    with rich.Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task, began_s = shown.add_task(what, total=None, speed=""), time.monotonic()

        def tell(done: int, total: int) -> None:
            speed = f"{done / (time.monotonic() - began_s):.0f} {unit}/s"
            shown.update(task, completed=done, total=total, speed=speed)

        yield tell
