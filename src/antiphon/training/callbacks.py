"""What goes on around the steps of a training run: progress, checkpoints, the best weights, and stopping cleanly."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from antiphon.files.paths import written
from antiphon.models.base import Batch
from antiphon.training.checkpoint import save_tensors
from antiphon.training.recipe import Train

CHECKPOINT = "last.safetensors"
BEST = "best.safetensors"


class Stopped(Exception):
    """The run stopped at the person's wish or its time limit, with a checkpoint written."""


class Keeper(pl.Callback):
    """Writes checkpoints by the clock, keeps the best weights by validation, and ends a run that no longer improves."""

    def __init__(self, folder: Path, train: Train) -> None:
        self._folder, self._train = folder, train
        self._saved = self._started = time.monotonic()
        self.best = float("inf")  # nats a note
        self._waited = 0  # validations without a better one
        self._wish: str | None = None

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self._waited}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self._waited = state_dict["best"], state_dict["waited"]

    @contextmanager
    def signals(self) -> Iterator[None]:
        """While open, the first Ctrl-C or SIGTERM ends the run after the step at hand; the second at once."""

        def stop(number: int, _: FrameType | None) -> None:
            self._wish = "interrupted"
            signal.signal(number, signal.default_int_handler)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step % trainer.val_check_batch:  # else validation comes first: a resumed run would skip it
            self._checkpoint(trainer)

    def _checkpoint(self, trainer: pl.Trainer) -> None:
        """Write a checkpoint if it is time for one, and stop if that is wished."""
        now = time.monotonic()
        if self._train.max_minutes and now - self._started > 60 * self._train.max_minutes:
            self._wish = self._wish or "time limit reached"
        if self._wish or now - self._saved > 60 * self._train.checkpoint_minutes:
            trainer.save_checkpoint(self._folder / CHECKPOINT)
            self._saved = time.monotonic()
        if self._wish:
            raise Stopped(self._wish)

    def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        value = float(trainer.callback_metrics["validation"])
        if value < self.best:
            self.best, self._waited = value, 0
            if trainer.is_global_zero:
                tensors = {name: t.contiguous() for name, t in module.best.state_dict().items()}
                with written(self._folder / BEST) as path:
                    save_tensors(tensors, path, {"validation": str(value), "step": str(trainer.global_step)})
        else:
            self._waited += 1
            trainer.should_stop = self._waited >= self._train.patience
        self._checkpoint(trainer)


class Bar(pl.Callback):
    """A progress bar on stderr with the loss, the best validation and the notes learned a second.

    Where stderr is no terminal, a line after each validation.
    """

    def __init__(self, steps: int) -> None:
        self._console = Console(stderr=True)
        columns = (
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=self._console, disable=not sys.stderr.isatty())
        self._task = self._progress.add_task("", total=steps)
        self._notes, self._since = 0.0, time.monotonic()
        self._text = ""

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self._progress.start()

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        self._notes += float(batch.weight.sum()) * trainer.world_size

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, *_: Any) -> None:
        metrics = trainer.callback_metrics
        speed = self._notes / (time.monotonic() - self._since)
        self._text = f"loss {float(metrics.get('loss', 0)):.3f}  {speed:,.0f} notes/s"
        if "validation" in metrics:
            self._text += f"  validation {float(metrics['validation']):.3f} {module.unit}"
        self._progress.update(self._task, completed=trainer.global_step, description=self._text)

    def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if self._progress.disable and trainer.is_global_zero:
            value = float(trainer.callback_metrics["validation"])
            self._console.print(f"step {trainer.global_step}: {self._text}; now {value:.4f}", highlight=False)
        self._notes, self._since = 0.0, time.monotonic()

    def on_exception(self, trainer: pl.Trainer, module: pl.LightningModule, exception: BaseException) -> None:
        self._progress.stop()

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self._progress.stop()
