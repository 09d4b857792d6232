"""The guard at work: what it has seen of each voice, what it then does, and what it tells of it.

Plain Python numbers, voice by voice: a handful of comparisons a note cost less so than the same in arrays.
"""

from __future__ import annotations

import copy
import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import Note, NoteCodec
from antiphon.generate.guard import GRAM, Guard

_SILENCE_MS = STEP_BINS.middle * CELL_MS  # after each code of a step, if nothing else sounds
_UP_TO = np.tri(STEP_BINS.size, dtype=bool)  # row k: codes 0 to k
_STEP_MS = _SILENCE_MS.tolist()
_LEAST = 1e-30  # a chance that rounding has made 0 counts as this


class _Voice:
    """What the guard remembers of one voice; ``copy.copy`` forks it, as lists in it are replaced, never changed."""

    def __init__(self, guard: Guard) -> None:
        self.keys = [-1] * guard.longest_block  # the last notes without velocity, as numbers, newest first; -1: none
        self.runs = [0] * guard.longest_block  # notes in a row that were each the same as the one 1 … L before
        self.struck = 0  # times in a row that the last pitch was struck
        self.grams: tuple[int, ...] = ()  # the last runs of pitches, each as one number, the newest last
        self.stale: tuple[bool, ...] = ()  # whether each of the window's was among those before it
        self.surprise: tuple[float, ...] = ()  # nats of the last notes written, the newest last
        self.sounding_ms = 0  # for which something still sounds after the onset of the last note
        self.heat = 1.0  # the factor of the temperature
        self.heated, self.hottest, self.blocked, self.shortened = 0, 1.0, 0, 0  # what was done so far

    def report(self) -> dict[str, Any]:
        return {
            "heated_notes": self.heated,
            "hottest": round(self.hottest, 3),
            "blocked_notes": self.blocked,
            "shortened_silences": self.shortened,
        }


class Watch:
    """Applies a guard to B voices. It only ever narrows what others allow, and never to nothing."""

    def __init__(self, guard: Guard, codec: NoteCodec, batch: int) -> None:
        self.guard = guard
        self._columns = codec.column["step"], codec.column["pitch"], codec.column["duration"]
        self._voices = [_Voice(guard) for _ in range(batch)]
        # Notes that may be as the one 1 … L before; a single note is a matter of its pitch.
        self._most = [math.inf, *((block + 1) * (guard.repeats - 1) for block in range(1, guard.longest_block))]

    def take(self, index: Sequence[int] | np.ndarray | None = None) -> Watch:
        """A watch whose voice i is a copy of voice ``index[i]``; of the voice i without an index."""
        taken = copy.copy(self)
        chosen = self._voices if index is None else [self._voices[i] for i in index]
        taken._voices = [copy.copy(voice) for voice in chosen]
        return taken

    @property
    def hot(self) -> bool:
        """Whether any voice is to be drawn at a raised temperature."""
        return any(voice.heat > 1 for voice in self._voices)

    @property
    def heat(self) -> np.ndarray:
        """(B, 1) float32 factors of the temperature."""
        return np.array([[voice.heat] for voice in self._voices], np.float32)

    def report(self) -> list[dict[str, Any]]:
        """What was done to each voice, in numbers."""
        return [voice.report() for voice in self._voices]

    def limit(self, name: str, logits: np.ndarray, allowed: np.ndarray | None) -> np.ndarray | None:
        """What remains allowed of an attribute, (B, V) bool or None for all."""
        if name == "step":
            return self._without_silence(logits, allowed)
        return self._without_loops(allowed) if name == "pitch" else allowed

    def _without_silence(self, logits: np.ndarray, allowed: np.ndarray | None) -> np.ndarray | None:
        silence_ms = self.guard.silence_s * 1000
        # Codes up to these are allowed, of which 0 always is one.
        last = [bisect_right(_STEP_MS, voice.sounding_ms + silence_ms) - 1 for voice in self._voices]
        wanted = _UP_TO[last[0] : last[0] + 1] if len(last) == 1 else _UP_TO[last]
        both, left = (wanted, None) if allowed is None else _both(wanted, allowed)
        for i, likeliest in enumerate(logits.argmax(-1).tolist()):
            self._voices[i].shortened += likeliest > last[i] and (left is None or bool(left[i]))
        return both

    def _without_loops(self, allowed: np.ndarray | None) -> np.ndarray | None:
        looping = [self._looping(voice) for voice in self._voices]
        if not any(looping):
            return allowed
        free = np.ones((len(looping), 128), bool)
        for row, pitches in zip(free, looping, strict=True):
            row[pitches] = False
        both, left = _both(free, allowed)
        for voice, pitches, possible in zip(self._voices, looping, left, strict=True):
            voice.blocked += bool(possible and pitches)
        return both

    def _looping(self, voice: _Voice) -> list[int]:
        """The pitches that would go on with a loop."""
        pitches = [key & 127 for key, run, most in zip(voice.keys, voice.runs, self._most, strict=True) if run >= most]
        return [*pitches, voice.keys[0] & 127] if voice.struck >= self.guard.same_pitch else pitches

    def after(self, rows: np.ndarray, notes: Sequence[Note], share: np.ndarray | None) -> None:
        """Take in (B, A) rows and their notes; ``share`` (B,) is how probable each was, None where others played it."""
        step, pitch, duration = self._columns
        for i, row in enumerate(rows.tolist()):
            voice = self._voices[i]
            self._notice(voice, row[pitch], (row[step] * 256 + row[duration]) * 128 + row[pitch])
            voice.sounding_ms = max(voice.sounding_ms - _STEP_MS[row[step]], notes[i].duration_ms or 0, 0)
            if share is not None:
                self._warm(voice, share.item(i))

    def _notice(self, voice: _Voice, pitch: int, key: int) -> None:
        voice.struck = voice.struck + 1 if voice.keys[0] & 127 == pitch else 1
        voice.runs = [run + 1 if key == old else 0 for run, old in zip(voice.runs, voice.keys, strict=True)]
        voice.keys = [key, *voice.keys[:-1]]
        gram = ((voice.grams[-1] if voice.grams else 0) << 7 | pitch) & (1 << 7 * GRAM) - 1
        window = self.guard.window
        voice.stale = (*voice.stale, gram in voice.grams)[-window:]
        voice.grams = (*voice.grams, gram)[-window:]

    def _warm(self, voice: _Voice, chance: float) -> None:
        """How hot the next note of a voice is to be drawn."""
        guard = self.guard
        voice.surprise = (*voice.surprise, -math.log(max(chance, _LEAST)))[-guard.window :]
        voice.heated += voice.heat > 1
        if len(voice.surprise) < guard.window:
            return
        dull = 1 - sum(voice.surprise) / guard.window / guard.entropy if guard.entropy else 0.0
        stale = (sum(voice.stale) / guard.window - guard.repeated) / (1 - guard.repeated) if guard.repeated < 1 else 0.0
        voice.heat = 1 + min(max(dull, stale, 0.0), 1.0) * (guard.hottest - 1)
        voice.hottest = max(voice.hottest, voice.heat)


def _both(wanted: np.ndarray, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(B, V) what both allow, what others do where that is nothing; and (B,) bool whether anything was left."""
    if allowed is None:
        return wanted, np.logical_or.reduce(wanted, -1)
    both = wanted & allowed
    left = np.logical_or.reduce(both, -1)
    return (both if left.all() else np.where(left[:, None], both, allowed)), left
