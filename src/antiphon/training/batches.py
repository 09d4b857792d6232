"""Corpus windows as torch batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch.utils.data import IterableDataset, get_worker_info

from antiphon.corpus.windows import Arrays
from antiphon.models.base import Batch


class Batches(Protocol):
    """Endless training batches."""

    per_pass: int  # batches that together show every note once

    def batch(self, index: int) -> Arrays:
        """Batch ``index`` ≥ 0; always the same for the same index."""


class Phased:
    """Batches of ``plain`` music, and between the passes ``after`` and ``until`` of ``changed`` music."""

    def __init__(self, plain: Batches, changed: Batches, after: float, until: float) -> None:
        self._plain, self._changed = plain, changed
        self._after, self._until = after, until
        self.per_pass = plain.per_pass

    def batch(self, index: int) -> Arrays:
        """Batch ``index`` ≥ 0; always the same for the same index."""
        changes = self._after <= index / self.per_pass < self._until
        return (self._changed if changes else self._plain).batch(index)


class Endless(IterableDataset[Batch]):
    """Training batches from the step that ``position`` names when iteration begins: where a resumed run goes on.

    Of several processes, each takes every ``world``-th batch.
    """

    def __init__(self, windows: Batches, position: Callable[[], int], rank: int = 0, world: int = 1) -> None:
        self._windows, self._position, self._rank, self._world = windows, position, rank, world

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()  # of several, each takes its turn; the loader keeps their order
        step, stride = self._position() + (worker.id if worker else 0), worker.num_workers if worker else 1
        while True:
            yield as_batch(self._windows.batch(step * self._world + self._rank))
            step += stride


class Listed(IterableDataset[Batch]):
    """Batches kept in memory as small integers, for validation."""

    def __init__(self, arrays: Sequence[Arrays]) -> None:
        self._arrays = arrays

    def __iter__(self) -> Iterator[Batch]:
        return map(as_batch, self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def as_batch(arrays: Arrays) -> Batch:
    """Small integers become the int64 that embeddings want."""
    inputs, targets, weight, conditions = (torch.from_numpy(x) for x in arrays[:4])
    call = None if arrays.call is None else torch.from_numpy(arrays.call).long()
    return Batch(inputs.long(), targets.long(), weight, conditions.long(), call)
