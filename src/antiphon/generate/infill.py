"""A passage of a piece written again, so that it leads on to what follows.

A model that writes from left to right cannot see what follows. So it writes several candidates from what comes before,
and the one after which it finds the rest of the piece likeliest is kept. That finds a good way among those it happened
to take: it does not steer towards the rest, and a passage of many bars needs many candidates.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from antiphon import instruments
from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.engine.base import Engine
from antiphon.errors import OptionError
from antiphon.generate.control import Control
from antiphon.generate.finish import Progress, Works, finish
from antiphon.generate.likely import log_probs
from antiphon.generate.options import Value, control
from antiphon.generate.passage import Passage, cut
from antiphon.generate.prompt import joined
from antiphon.generate.voice import Voices
from antiphon.notes import Score, from_seconds

_CANDIDATES = 16
_HEARD, _FOLLOWING = 512, 64  # notes before the passage, and after it, that are looked at
_DENSEST = 50  # notes a second: a candidate that is not through by then is cut


def infill(
    engine: Engine, options: Mapping[str, Value], seeds: Sequence[tuple[int, int]], prompt: Score, progress: Progress
) -> Works:
    """``prompt`` with the notes that begin from ``from`` to ``to`` written anew, on a track of their own; one a seed.

    The best of ``candidates`` is kept. Raises OptionError where nothing follows the passage: that is a continuation.
    """
    began, last, wanted = time.perf_counter(), finish(options), control(options, endless=True)
    candidates = int(options.get("candidates", _CANDIDATES))
    if not 1 <= candidates <= 1000:
        raise OptionError(f"candidates {candidates} is out of range: 1 to 1000")
    passage = cut(engine.codec, prompt, options)
    gap = _Gap(engine, passage)
    pieces, gains = [], []
    for i, seed in enumerate(seeds):

        def show(share: float, i: int = i) -> None:
            progress((i + share) / len(seeds))

        filled, scores = gap.fill(wanted, [(*seed, k) for k in range(candidates)], show)
        gains.append(float(scores.max() - np.median(scores)))
        new = replace(filled.with_program(last.program), tracks=(instruments.name(last.program),))
        music = joined(passage.kept, last.part(new), 0.0)
        pieces.append(last.piece(music, seed, len(new), first_track=len(prompt.tracks)))
    elapsed_s = time.perf_counter() - began
    return Works(pieces, elapsed_s, elapsed_s, {"nats_per_following_note_over_median": gains})


class _Gap:
    """What stands before and after the passage, as the model hears it."""

    def __init__(self, engine: Engine, passage: Passage) -> None:
        self._engine, self._passage = engine, passage
        self._origin_ms, self._length = passage.origin_ms, passage.cells(passage.to_s)
        self._heard = engine.codec.encode(passage.before)

    def fill(self, wanted: Control, seeds: Sequence[Sequence[int]], progress: Progress) -> tuple[Score, np.ndarray]:
        """The best candidate, and for all of them the nats a note that the rest then has."""
        voices = Voices(self._engine, seeds, wanted, prompt=self._heard, kept=bool(len(self._heard)))
        rows: list[list[np.ndarray]] = [[] for _ in seeds]
        times: list[list[tuple[int, int, int]]] = [[] for _ in seeds]  # onset and duration in cells, velocity
        step = self._engine.codec.column["step"]
        loudness = wanted.constraints.velocity_low, wanted.constraints.velocity_high
        clock, through = np.zeros(len(seeds), np.int64), np.zeros(len(seeds), bool)
        while not through.all() and voices.written < _DENSEST * (self._length * CELL_MS / 1000 + 1):
            written = voices.next()
            if voices.written > 1 or len(self._heard):
                clock = clock + STEP_BINS.middle[written[:, step]]
            through |= clock >= self._length
            for i in np.flatnonzero(~through):
                note = voices.notes[i]
                velocity = int(np.clip(note.velocity, *loudness))
                rows[i].append(written[i])
                times[i].append((int(clock[i]), (note.duration_ms or CELL_MS) // CELL_MS, velocity))
            progress(0.5 * min(float(clock.min()) / max(self._length, 1), 1.0))
        scores = np.zeros(len(seeds))
        for k, candidate in enumerate(rows):
            scores[k] = self._leads_on(candidate, times[k])
            progress(0.5 + 0.5 * (k + 1) / len(seeds))
        best = int(scores.argmax())
        return self._score(rows[best], times[best]), scores

    def _leads_on(self, rows: Sequence[np.ndarray], times: Sequence[tuple[int, int, int]]) -> float:
        """Nats a note of the first notes that follow, once the model has heard what comes before and the candidate."""
        codec, width = self._engine.codec, len(self._engine.codec.attributes)
        previous_ms = self._origin_ms + (times[-1][0] * CELL_MS if times else 0)
        following = self._passage.follows(codec, previous_ms)[:_FOLLOWING]
        heard = np.concatenate([self._heard[-_HEARD:], np.array(rows, np.int64).reshape(-1, width)])
        return float(log_probs(self._engine, following[None].astype(np.int64), heard[None]).mean())

    def _score(self, rows: Sequence[np.ndarray], times: Sequence[tuple[int, int, int]]) -> Score:
        table = np.array(times, np.int64).reshape(-1, 3)
        pitch = np.array(rows, np.int64).reshape(len(table), len(self._engine.codec.attributes))[
            :, self._engine.codec.column["pitch"]
        ]
        onset_s = (table[:, 0] * CELL_MS + self._origin_ms) / 1000
        return from_seconds(onset_s, table[:, 1] * CELL_MS / 1000, pitch, table[:, 2])
