"""The guard at work: what it has seen of each voice, what it then does, and what it tells of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import Note, NoteCodec
from antiphon.generate.guard import Guard
from antiphon.generate.ledger import pushed

_SILENCE_MS = STEP_BINS.middle * CELL_MS  # after each code of a step, if nothing else sounds


@dataclass(frozen=True)
class Watch:
    """What the guard remembers of B voices; the batch is each array's first dimension, and arrays never change."""

    keys: np.ndarray  # (B, L) the last notes without their velocity, each as one number, the newest first; -1: none
    runs: np.ndarray  # (B, L) notes in a row that were each the same as the one 1 … L before
    struck: np.ndarray  # (B,) times in a row that the last pitch was struck
    surprise: np.ndarray  # (B, W) nats of each of the last notes written, the newest first
    seen: int  # notes written
    sounding: np.ndarray  # (B,) milliseconds for which something still sounds after the onset of the last note
    heat: np.ndarray  # (B, 1) the factor of the temperature
    heated: np.ndarray  # (B,) notes drawn at a raised temperature
    hottest: np.ndarray  # (B,) the highest factor so far
    blocked: np.ndarray  # (B,) notes at which the way on was blocked
    shortened: np.ndarray  # (B,) silences of which the likeliest was too long

    def take(self, index: np.ndarray) -> Watch:
        """Voice i becomes voice ``index[i]``."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "seen"}
        return Watch(seen=self.seen, **{name: array[index] for name, array in arrays.items()})

    def report(self) -> list[dict[str, Any]]:
        """What was done to each voice, in numbers."""
        return [
            {
                "heated_notes": int(h),
                "hottest": round(float(t), 3),
                "blocked_notes": int(b),
                "shortened_silences": int(s),
            }
            for h, t, b, s in zip(self.heated, self.hottest, self.blocked, self.shortened, strict=True)
        ]


@dataclass(frozen=True)
class Watcher:
    """Applies a guard. It only ever narrows what others allow, and never to nothing."""

    guard: Guard
    codec: NoteCodec

    def start(self, batch: int) -> Watch:
        """Nothing seen yet."""
        none = np.zeros(batch, np.int64)
        length = self.guard.longest_block
        return Watch(
            keys=np.full((batch, length), -1), runs=np.zeros((batch, length), np.int64), struck=none,
            surprise=np.zeros((batch, self.guard.window)), seen=0,
            sounding=none, heat=np.ones((batch, 1), np.float32),
            heated=none, hottest=np.ones(batch), blocked=none, shortened=none,
        )  # fmt: skip

    def limit(
        self, name: str, watch: Watch, logits: np.ndarray, allowed: np.ndarray | None
    ) -> tuple[np.ndarray | None, Watch]:
        """What remains allowed, (B, V) bool or None for all, and the watch with what was done."""
        if name == "step":
            longest_ms = watch.sounding[:, None] + self.guard.silence_s * 1000
            wanted: np.ndarray = longest_ms >= _SILENCE_MS
            acted = ~wanted[np.arange(len(wanted)), logits.argmax(-1)]
        elif name == "pitch":
            looping = self._looping(watch)
            if looping is None:
                return allowed, watch
            wanted = _without(looping, watch.keys)
            acted = looping.any(-1)
        else:
            return allowed, watch
        both = wanted if allowed is None else wanted & allowed
        left = np.logical_or.reduce(both, -1)
        if not left.all():  # what others allow comes first
            acted = acted & left
            both = np.where(left[:, None], both, True if allowed is None else allowed)
        if not acted.any():
            return both, watch
        if name == "step":
            return both, replace(watch, shortened=watch.shortened + acted)
        return both, replace(watch, blocked=watch.blocked + acted)

    @cached_property
    def _most(self) -> np.ndarray:
        """(L,) notes that may be as the one 1 … L before; a single note is a matter of its pitch."""
        most = np.arange(1, self.guard.longest_block + 1) * (self.guard.repeats - 1)
        most[0] = np.iinfo(most.dtype).max
        return most

    def _looping(self, watch: Watch) -> np.ndarray | None:
        """(B, L) whether the last notes are a block of that length over and over; None where nothing loops."""
        looping: np.ndarray = watch.runs >= self._most
        same = watch.struck >= self.guard.same_pitch
        if not (looping.any() or same.any()):
            return None
        looping[:, 0] = same
        return looping

    def after(self, watch: Watch, rows: np.ndarray, notes: tuple[Note, ...], share: np.ndarray | None) -> Watch:
        """The watch after (B, A) rows; ``share`` (B,) is how probable each was, None where others played it."""
        column = self.codec.column
        pitch, step = rows[:, column["pitch"]].astype(np.int64), rows[:, column["step"]].astype(np.int64)
        key = (step * 256 + rows[:, column["duration"]]) * 128 + pitch
        struck = np.where(watch.keys[:, 0] & 127 == pitch, watch.struck, 0) + 1
        lasts = np.array([note.duration_ms or 0 for note in notes])
        before = watch.sounding - STEP_BINS.middle[step] * CELL_MS
        surprise, seen, heat = watch.surprise, watch.seen, watch.heat
        heated, hottest = watch.heated, watch.hottest
        if share is not None:
            surprise, seen = pushed(surprise, -np.log(share)), seen + 1
            heated = heated + (heat[:, 0] > 1)
            if seen >= self.guard.window:
                heat = self._heat(surprise)
                hottest = np.maximum(hottest, heat[:, 0])
        return Watch(
            keys=pushed(watch.keys, key), runs=(watch.runs + 1) * (watch.keys == key[:, None]), struck=struck,
            surprise=surprise, seen=seen, sounding=np.maximum(np.maximum(before, 0), lasts), heat=heat,
            heated=heated, hottest=hottest, blocked=watch.blocked, shortened=watch.shortened,
        )  # fmt: skip

    def _heat(self, surprise: np.ndarray) -> np.ndarray:
        """(B, 1) the factor of the temperature: above 1 where the average surprise is below what the guard asks for."""
        if not self.guard.entropy:
            return np.ones((len(surprise), 1), np.float32)
        mean = np.add.reduce(surprise, -1, keepdims=True) / surprise.shape[1]
        lack = np.clip(1 - mean / self.guard.entropy, 0, 1)
        return (1 + lack * (self.guard.hottest - 1)).astype(np.float32)


def _without(looping: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """(B, 128) the pitches that go on with none of the loops."""
    free = np.ones((len(looping), 128), bool)
    voice, back = np.nonzero(looping)
    free[voice, keys[voice, back] & 127] = False
    return free
