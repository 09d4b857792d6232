"""The guard at work: what it has seen of each voice, what it then does, and what it tells of it.

Plain Python numbers and bytes, voice by voice: a handful of comparisons a note cost less so than the same in arrays.
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
_BYTES = [bytes((number,)) for number in range(128)]
_LEAST = 1e-30  # a chance that rounding has made 0 counts as this


class _Voice:
    """What the guard remembers of one voice; ``copy.copy`` forks it, as lists in it are replaced, never changed."""

    def __init__(self, guard: Guard) -> None:
        self.keys = [-1] * guard.longest_block  # the last notes without velocity, as numbers, newest first; -1: none
        # Notes in a row that were each the same as the one 1 … L before; empty where the last was the same as none.
        self.runs: list[int] = []
        self.struck = 0  # times in a row that the last pitch was struck
        self.pitches = bytes(GRAM - 1)  # of the window's runs, the newest last; silence comes before the first
        self.stale = b""  # for each of those runs 1 if it was among those before it, else 0
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
        self._silence_ms = guard.silence_s * 1000
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
        # Codes up to these are allowed, of which 0 always is one.
        last = [bisect_right(_STEP_MS, voice.sounding_ms + self._silence_ms) - 1 for voice in self._voices]
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
        pitches = [voice.keys[0] & 127] if voice.struck >= self.guard.same_pitch else []
        if voice.runs:
            runs = zip(voice.keys, voice.runs, self._most, strict=True)
            pitches += [key & 127 for key, run, most in runs if run >= most]
        return pitches

    def after(self, rows: np.ndarray, notes: Sequence[Note], share: Sequence[float] | None) -> None:
        """Take in (B, A) rows and their notes; ``share`` is how probable each was, None where others played it."""
        step, pitch, duration = self._columns
        chances = [None] * len(notes) if share is None else share
        for voice, row, note, chance in zip(self._voices, rows.tolist(), notes, chances, strict=True):
            self._notice(voice, row[pitch], (row[step] * 256 + row[duration]) * 128 + row[pitch])
            left_ms, own_ms = voice.sounding_ms - _STEP_MS[row[step]], note.duration_ms or 0
            voice.sounding_ms = left_ms if left_ms > own_ms else own_ms
            if chance is not None:
                self._warm(voice, chance)

    def _notice(self, voice: _Voice, pitch: int, key: int) -> None:
        keys, pitches, window = voice.keys, voice.pitches, self.guard.window
        voice.struck = voice.struck + 1 if keys[0] & 127 == pitch else 1
        if key in keys:
            runs = voice.runs or [0] * len(keys)
            voice.runs = [run + 1 if key == old else 0 for run, old in zip(runs, keys, strict=True)]
        elif voice.runs:
            voice.runs = []
        voice.keys = [key, *keys[:-1]]
        longer = pitches + _BYTES[pitch]
        voice.stale = (voice.stale + _BYTES[longer[-GRAM:] in pitches])[-window:]
        voice.pitches = longer[1 - GRAM - window :]

    def _warm(self, voice: _Voice, chance: float) -> None:
        """How hot the next note of a voice is to be drawn."""
        guard = self.guard
        voice.surprise = surprise = (*voice.surprise, -math.log(max(chance, _LEAST)))[-guard.window :]
        voice.heated += voice.heat > 1
        if len(surprise) < guard.window:
            return
        dull = 1 - sum(surprise) / guard.window / guard.entropy if guard.entropy else 0.0
        share = voice.stale.count(1) / guard.window
        stale = (share - guard.repeated) / (1 - guard.repeated) if guard.repeated < 1 else 0.0
        if dull <= 0 >= stale:
            voice.heat = 1.0
        else:
            voice.heat = 1 + min(max(dull, stale), 1.0) * (guard.hottest - 1)
            voice.hottest = max(voice.hottest, voice.heat)


def _both(wanted: np.ndarray, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(B, V) what both allow, what others do where that is nothing; and (B,) bool whether anything was left."""
    if allowed is None:
        return wanted, np.logical_or.reduce(wanted, -1)
    both = wanted & allowed
    left = np.logical_or.reduce(both, -1)
    return (both if left.all() else np.where(left[:, None], both, allowed)), left
