"""The beat: of a MIDI clock while one runs, else of a tempo that was set, else what the player's onsets suggest.

The player's pulse is the period whose beats and halves the onsets of the last seconds lie on best: the length of the
mean of their phases as unit vectors, summed over the beat and its subdivisions, times a preference for tempi near
100 (Fisher 1993 for the statistic; Parncutt 1994 for the preference). It is refined by a line through the onsets.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

TICKS = 24  # of a MIDI clock in a quarter note
CLOCK_LOST_S = 2.0  # a clock that is silent for so long has stopped
CHORD_S = 0.04  # onsets closer than this are one
ONSETS = 24  # that are looked at
MEMORY_S = 12.0  # older ones say nothing about the tempo now
FEWEST = 5  # onsets without which there is no pulse
SURE = 0.6  # how well onsets must lie on the beat's grid, 0 to 1, to be called a pulse
PERIODS_S = 60 / np.geomspace(45, 190, 160)
_LIKED = np.exp(-0.5 * (np.log2(PERIODS_S / 0.6) / 0.7) ** 2)  # 100 beats a minute, within most of an octave
_PARTS = (1, 2, 3, 4)  # subdivisions of the beat on which onsets may lie
_WORTH = np.array([1.0, 0.6, 0.25, 0.35])


@dataclass(frozen=True, slots=True)
class Beat:
    """A regular beat: ``origin_s`` is a bar line."""

    period_s: float
    origin_s: float

    @property
    def bpm(self) -> float:
        """Beats a minute."""
        return 60 / self.period_s

    def after(self, time_s: float, beats: int = 1) -> float:
        """The first beat at or after ``time_s``; with ``beats`` those of a bar, the first bar line."""
        span_s = self.period_s * beats
        return self.origin_s + math.ceil((time_s - self.origin_s) / span_s - 1e-6) * span_s

    def number(self, time_s: float) -> int:
        """How many beats after the origin the one nearest to ``time_s`` is."""
        return round((time_s - self.origin_s) / self.period_s)


class Pulse:
    """Hears onsets and clock ticks; says where the beat is."""

    def __init__(self) -> None:
        self._onsets: deque[float] = deque(maxlen=ONSETS)
        self._bar_s = 0.0  # the first onset of the phrase, taken for a bar line
        self._ticks: deque[float] = deque(maxlen=TICKS + 1)
        self._count = 0  # ticks since the clock started
        self._running = False
        self._found: Beat | None = None
        self._stale = False

    def onset(self, time_s: float) -> None:
        """A key went down."""
        if not self._onsets or time_s - self._onsets[-1] > CHORD_S:
            self._onsets.append(time_s)
            self._stale = True

    def phrase(self, time_s: float) -> None:
        """A phrase begins: the beat of a set tempo is counted from here."""
        self._bar_s = time_s
        self._stale = True

    def tick(self, kind: str, time_s: float) -> None:
        """A message of a MIDI clock."""
        if kind == "tick":
            if self._ticks and not 0 < time_s - self._ticks[-1] < CLOCK_LOST_S:
                self._ticks.clear()
            self._ticks.append(time_s)
            self._count += 1
            self._running = True
        else:
            self._running = kind != "stop"
            self._ticks.clear()
            self._count = 0 if kind == "start" else self._count

    def beat(self, now_s: float, tempo: float) -> Beat | None:
        """The beat at ``now_s``, where there is one; ``tempo`` in beats a minute, 0: the player's."""
        if self._running and len(self._ticks) > TICKS // 4 and now_s - self._ticks[-1] < CLOCK_LOST_S:
            return self._clock()
        if tempo:
            return Beat(60 / tempo, self._bar_s)
        if self._stale:
            self._found, self._stale = self._follow(), False
        return self._found

    def _clock(self) -> Beat:
        """The newest tick is number ``count``, the first after a start number 1 and a bar line."""
        period_s = (self._ticks[-1] - self._ticks[0]) / (len(self._ticks) - 1) * TICKS
        return Beat(period_s, self._ticks[-1] - (self._count - 1) * period_s / TICKS)

    def _follow(self) -> Beat | None:
        onsets = np.array([t for t in self._onsets if t > self._onsets[-1] - MEMORY_S])
        if len(onsets) < FEWEST:
            return None
        since = onsets - onsets[-1]  # near 0, or a day's seconds would cost precision
        turns = since[None, :, None] * np.array(_PARTS)[:, None, None] / PERIODS_S  # (parts, onsets, periods)
        weight = np.exp(since / MEMORY_S)[None, :, None]
        vectors = (weight * np.exp(2j * np.pi * turns)).sum(1) / weight.sum()
        fit = np.abs(vectors)
        best = int(np.argmax(_LIKED * (_WORTH[:, None] * fit).sum(0)))
        if fit[:, best].max() < SURE:
            return None
        parts = int(np.argmax(fit[:, best] > SURE)) + 1
        phase_s = float(np.angle(vectors[parts - 1, best])) / (2 * np.pi) * PERIODS_S[best] / parts
        return self._refined(since, float(PERIODS_S[best]) / parts, phase_s, parts)

    def _refined(self, since: np.ndarray, part_s: float, phase_s: float, parts: int) -> Beat:
        """Fit a line through the onsets over their number on the grid of parts of a beat."""
        place = np.round((since - phase_s) / part_s)
        if np.ptp(place) > 0:
            slope, start = np.polyfit(place, since, 1)
            part_s, phase_s = float(slope), float(start)
        last_s = self._onsets[-1] + phase_s
        number = round((last_s - self._bar_s) / part_s)  # what is nearest to the start of the phrase is a bar line
        return Beat(part_s * parts, last_s - number * part_s)
