"""A progress bar on stderr that counts files or bytes and says how many a second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic


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
        task, began_s = shown.add_task(what, total=None, speed=""), monotonic()

        def tell(done: int, total: int) -> None:
            speed = f"{done / (monotonic() - began_s):.0f} {unit}/s"
            shown.update(task, completed=done, total=total, speed=speed)

        yield tell
