"""States of which the largest parts change only now and then.

A Transformer remembers megabytes, and a note adds a few hundred numbers to them. So its graph writes each note's into a
small part of the state, a block of N notes, and reads the large one, a ring of S slots. When a block is full, its notes
are put into the ring: note p into slot p mod S, in place of note p - S. Nothing is changed that somebody else may hold,
so states may be kept and gone back to, and those of one block share their rings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from antiphon.engine.base import State


class Rings:
    """The rings of a model's states, as the state in its ``meta.json`` tells of them."""

    def __init__(self, spec: Sequence[Mapping[str, Any]]) -> None:
        """``spec`` has a "ring" where a part is one: the places of its block and of what counts notes.

        Raises KeyError, TypeError or ValueError where it does not fit.
        """
        places = {i: (int(entry["ring"][0]), int(entry["ring"][1])) for i, entry in enumerate(spec) if "ring" in entry}
        self._rings = places
        self._block, self._count = next(iter(self._rings.values()), (0, 0))
        for ring, (block, count) in places.items():
            if not 0 <= min(block, count) <= max(block, count) < len(spec) or count != self._count:
                raise ValueError(f"the ring {ring} is said to be made of {block} and {count}")
        self.given = [i for i in range(len(spec)) if i not in self._rings]  # the parts that a graph gives

    def room(self, state: State, most: int) -> int:
        """How many of ``most`` notes each piece can hear before a block is full."""
        if not self._rings:
            return most
        size = state[self._block].shape[2] - 1
        return min(most, size - int((state[self._count][:, 0] % size).max()))

    def after(self, state: State, given: Sequence[np.ndarray]) -> State:
        """The state after what a graph has given, full blocks put into their rings."""
        if not self._rings:
            return tuple(given)
        parts = list(state)
        for i, part in zip(self.given, given, strict=True):
            parts[i] = part
        size, count = parts[self._block].shape[2] - 1, parts[self._count][:, 0]
        full = np.flatnonzero(count % size == 0)
        if len(full):
            for ring, (block, _) in self._rings.items():
                parts[ring] = _filed(parts[ring], parts[block], count, full)
        return tuple(parts)


def _filed(ring: np.ndarray, block: np.ndarray, count: np.ndarray, full: np.ndarray) -> np.ndarray:
    """A copy of a ring (B, G, S, D) with the notes of the ``full`` among the blocks (B, G, N + 1, D) in it."""
    size, ring = block.shape[2] - 1, ring.copy()
    for piece in full:
        slots = np.arange(count[piece] - size, count[piece]) % ring.shape[2]
        ring[piece, :, slots] = block[piece, :, :size].swapaxes(0, 1)
    return ring
