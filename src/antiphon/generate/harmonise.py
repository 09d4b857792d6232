"""Chords below a melody: its notes stay, and under some of them notes are added that begin with them.

The added notes are rows before the melody's own in a chord: when they begin is known, and what else they are is masked.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from antiphon import instruments
from antiphon.bins import CELL_MS, DURATION_BINS
from antiphon.codec import VELOCITY_WIDTH, milliseconds
from antiphon.engine.base import Engine, Filling
from antiphon.errors import OptionError
from antiphon.generate.filled import masked_rows
from antiphon.generate.finish import Progress, Works, finish
from antiphon.generate.options import Value, control
from antiphon.generate.prompt import joined
from antiphon.generate.revoice import Below, times
from antiphon.generate.unmask import brush, filling
from antiphon.notes import DRUMS, Score, from_seconds

VOICES, _MOST_VOICES = 3, 10
_EVERY_S = 0.5
_GAP = 0  # semitones kept free below the melody


def harmonise(
    engine: Engine, options: Mapping[str, Value], seeds: Sequence[tuple[int, int]], prompt: Score, progress: Progress
) -> Works:
    """The melody ``prompt`` with ``voices`` notes below its notes, on a track of their own; one piece a seed.

    A chord is added where one of its notes begins, not sooner than ``every`` seconds after the one before; ``gap``
    semitones stay free. Raises OptionError where there is no room under it.
    """
    began, last, model = time.perf_counter(), finish(options), filling(engine)
    how, c = brush(model, options), control(options, endless=True).constraints
    voices, every_s, gap = _asked(options)
    melody = prompt.select(prompt.notes["program"] != DRUMS)
    if not len(melody):
        raise OptionError("the melody has no notes but drums; give one that has")
    laid = _lay(model, melody, _Wish(how.pitches, voices, every_s, gap))
    pieces = []
    for i, seed in enumerate(seeds):

        def show(share: float, i: int = i) -> None:
            progress((i + share) / len(seeds))

        below = Below(model, how, laid.rows, laid.onset, laid.added, laid.lowest)
        below.draw(np.random.default_rng(seed), show)
        new = laid.score(below.rows[laid.added], model.codec.column, (c.velocity_low, c.velocity_high))
        new = replace(new.with_program(last.program), tracks=(instruments.name(last.program),))
        pieces.append(last.piece(joined(prompt, last.part(new), 0.0), seed, len(new), first_track=len(prompt.tracks)))
    elapsed_s = time.perf_counter() - began
    return Works(pieces, elapsed_s, elapsed_s)


def _asked(options: Mapping[str, Value]) -> tuple[int, float, int]:
    voices, every_s = int(options.get("voices", VOICES)), float(options.get("every", _EVERY_S))
    gap = int(options.get("gap", _GAP))
    if not 1 <= voices <= _MOST_VOICES:
        raise OptionError(f"voices {voices} is out of range: 1 to {_MOST_VOICES} notes below the melody's")
    if not 0 <= every_s <= 60:
        raise OptionError(f"every {every_s} is out of range: 0 to 60 seconds from chord to chord")
    if not 0 <= gap <= 48:
        raise OptionError(f"gap {gap} is out of range: 0 to 48 semitones")
    return voices, every_s, gap


class _Wish(NamedTuple):
    pitches: np.ndarray  # (128,) bool: what may be added
    voices: int
    every_s: float
    gap: int


class _Laid(NamedTuple):
    """A melody's rows with those of notes below it, which are masked."""

    rows: np.ndarray  # (N, A)
    onset: np.ndarray  # (N,) cells
    onset_ms: np.ndarray  # (N,) the same, as the melody has it
    added: np.ndarray  # (N,) bool
    lowest: np.ndarray  # (N,) which pitch an added note must not reach

    def score(self, rows: np.ndarray, column: Mapping[str, int], loudness: tuple[int, int]) -> Score:
        """The added notes, given their rows."""
        velocity = np.clip(rows[:, column["velocity"]] * VELOCITY_WIDTH + VELOCITY_WIDTH // 2, *loudness)
        length_s = DURATION_BINS.middle[rows[:, column["duration"]]] * CELL_MS / 1000
        return from_seconds(self.onset_ms[self.added] / 1000, length_s, rows[:, column["pitch"]], velocity)


def _lay(engine: Filling, melody: Score, wish: _Wish) -> _Laid:
    """Masked rows before those of the melody's notes that get a chord."""
    codec, parts, chord_ms = engine.codec, [], -np.inf
    onset, end, order = times(melody)
    rows, notes = codec.encode(melody).astype(np.int64), melody.select(order)
    onset_ms, pitch = milliseconds(notes)[0], notes.notes["pitch"].astype(np.int64)
    starts = np.flatnonzero(np.diff(onset, prepend=onset[0] - 1))
    for first, stop in zip(starts, [*starts[1:], len(onset)], strict=True):
        sounding = (onset <= onset[first]) & ((end > onset[first]) | (onset == onset[first]))
        lowest = int(pitch[sounding].min()) - wish.gap
        room = int(wish.pitches[: max(lowest, 0)].sum())
        due = onset_ms[first] - chord_ms >= wish.every_s * 1000
        count = min(wish.voices, room) if due else 0
        chord_ms = onset_ms[first] if count else chord_ms
        group = np.concatenate([masked_rows(engine, count), rows[first:stop]])
        group[:, codec.column["step"]] = 0
        group[0, codec.column["step"]] = rows[first, codec.column["step"]]
        times_ms = np.concatenate([np.full(count, onset_ms[first]), onset_ms[first:stop]])
        added = np.arange(len(group)) < count
        parts.append(_Laid(group, np.full(len(group), onset[first]), times_ms, added, np.where(added, lowest, 128)))
    laid = _Laid(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    if not laid.added.any():
        raise OptionError(
            "there is no room below the melody for a note that the range and the key allow: lower the range or the gap"
        )
    return laid
