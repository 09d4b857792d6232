"""An accompaniment below a melody: the melody's notes are given, the model writes what the left hand plays.

The model proposes its next note, as if it wrote the whole piece. A proposal in the melody's register is not taken:
that is the melody's business, and the model is asked for a later one. A proposal below is written. When the melody's
next note comes before any such proposal, that note is what the model hears next. So the model has heard both hands, and
the melody sounds exactly as given. It does not look ahead: it knows the melody up to now, not where that goes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from antiphon import instruments, theory
from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import milliseconds
from antiphon.engine.base import Engine
from antiphon.errors import OptionError
from antiphon.generate.control import Control
from antiphon.generate.finish import Progress, Works, finish
from antiphon.generate.options import Value, control
from antiphon.generate.palette import contradiction
from antiphon.generate.prompt import joined
from antiphon.generate.sampling import draw
from antiphon.generate.voice import Choice, Voices
from antiphon.notes import DRUMS, Score, from_seconds

_GAP = 2  # semitones kept free below the melody
_RESTRIKE = 5  # cells within which no hand strikes a key again
_MOST = 64  # notes between two of the melody: a model that never stops is stopped


def accompany(
    engine: Engine, options: Mapping[str, Value], seeds: Sequence[tuple[int, int]], prompt: Score, progress: Progress
) -> Works:
    """The melody ``prompt`` with an accompaniment for each seed, on a track of its own.

    ``gap`` semitones are kept free below the melody. The constraints bind the accompaniment alone.
    """
    began, last = time.perf_counter(), finish(options)
    gap = int(options.get("gap", _GAP))
    if not 0 <= gap <= 48:
        raise OptionError(f"gap {gap} is out of range: 0 to 48 semitones")
    wanted = control(options, endless=True)
    melody = prompt.select(prompt.notes["program"] != DRUMS)
    if not len(melody):
        raise OptionError("the melody has no notes but drums; give one that has")
    pieces = []
    for i, seed in enumerate(seeds):

        def show(share: float, i: int = i) -> None:
            progress((i + share) / len(seeds))

        hand = _Hand(engine, melody, wanted, seed, gap).play(show)
        hand = last.part(replace(hand, tracks=(instruments.name(last.program),)).with_program(last.program))
        pieces.append(last.piece(joined(prompt, hand, 0.0), seed, len(hand), first_track=len(prompt.tracks)))
    elapsed_s = time.perf_counter() - began
    return Works(pieces, elapsed_s / max(sum(piece.notes for piece in pieces), 1), elapsed_s)


class _Hand:
    """One accompaniment on its way; times are 10 ms cells from the melody's first onset."""

    def __init__(self, engine: Engine, melody: Score, wanted: Control, seed: Sequence[int], gap: int) -> None:
        onset_ms, duration_ms = milliseconds(melody)
        self._start_ms = int(onset_ms.min())
        cell = (onset_ms - self._start_ms + CELL_MS // 2) // CELL_MS
        order = np.lexsort((melody.notes["pitch"], cell))
        self._onset, self._end = cell[order], ((onset_ms - self._start_ms + duration_ms) // CELL_MS)[order]
        self._length_ms = duration_ms[order]
        self._notes = melody.notes[order]
        self._gap, self._sampling, self._codec = gap, wanted.sampling, engine.codec
        self._loudness = wanted.constraints.velocity_low, wanted.constraints.velocity_high
        self._voices = Voices(engine, [seed], wanted, kept=True)
        self._check_room()
        self._rng = np.random.default_rng(list(seed))
        self._written: list[tuple[int, int, int, int]] = []  # onset, duration in cells; pitch, velocity

    def _check_room(self) -> None:
        """Raise OptionError where no pitch that may be written lies below the melody."""
        rules, highest = self._voices.rules, int(self._notes["pitch"].max())
        lowest = 0 if rules is None else int(rules.palette.base.argmax())
        if lowest >= highest - self._gap:
            raise contradiction(
                f"a lowest pitch of {theory.pitch_name(lowest)}",
                f"a melody that reaches {theory.pitch_name(highest)} with {self._gap} semitones kept free below it",
                "lower the range, or transpose the melody",
            )

    def play(self, progress: Progress) -> Score:
        """All of it; the last notes end with the melody."""
        for i in range(len(self._notes)):
            self._before(i)
            self._hear(i)
            progress((i + 1) / len(self._notes))
        rows = np.array(self._written, np.int64).reshape(-1, 4)
        onset, end = rows[:, 0], np.minimum(rows[:, 0] + rows[:, 1], max(int(self._end.max()), 1))
        scale, start_s = CELL_MS / 1000, self._start_ms / 1000
        return from_seconds(onset * scale + start_s, np.maximum(end - onset, 1) * scale, rows[:, 2], rows[:, 3])

    @property
    def _now(self) -> int:
        """Where the model's clock stands; long steps are rounded, but each is taken from here, so nothing adds up."""
        return self._voices.notes[0].onset_ms // CELL_MS if self._voices.notes else 0

    def _hear(self, i: int) -> None:
        """The melody's note ``i``."""
        note, previous = self._notes[i], self._now * CELL_MS
        row = self._codec.encode_ms(
            np.array([max(int(self._onset[i]) * CELL_MS, previous)]), self._length_ms[[i]],
            note["pitch"][None], note["velocity"][None], note["program"][None], previous,
        )  # fmt: skip
        self._voices.hear(row.astype(np.int64))

    def _before(self, i: int) -> None:
        """What the left hand plays before the melody's note ``i`` and together with it."""
        earliest = 0  # code of a step
        for _ in range(_MOST):
            place = self._voices.mark()
            tried = _Proposal(self, i, earliest)
            row = self._voices.write(tried.choose)[0]
            if tried.taken:
                note = self._voices.notes[0]
                velocity = int(np.clip(note.velocity, *self._loudness))
                length = (note.duration_ms or CELL_MS) // CELL_MS
                self._written.append((tried.onset, length, int(row[self._codec.column["pitch"]]), velocity))
                earliest = 0
                continue
            self._voices.rewind(place)
            if tried.onset >= self._onset[i]:
                return
            earliest = tried.step + 1  # the note belonged to the melody, which has none here: ask for a later one

    def lowest(self, onset: int, i: int) -> int:
        """The lowest pitch of the melody that sounds at ``onset``, its note ``i`` counted in if none does."""
        near = slice(max(i - 64, 0), i)  # a note that sounds through 64 others is no melody
        sounding = self._notes["pitch"][near][self._end[near] > onset]
        if onset >= self._onset[i] or not len(sounding):
            sounding = np.append(sounding, self._notes["pitch"][i])
        return int(sounding.min())

    def just_struck(self, onset: int) -> list[int]:
        """Pitches of the left hand that began too shortly before ``onset`` to begin again."""
        return [pitch for begun, _, pitch, _ in self._written[-_MOST:] if begun > onset - _RESTRIKE]

    def draw(self, logits: np.ndarray, mask: np.ndarray | None, name: str) -> int:
        """A code of one attribute."""
        uniform = self._rng.random(1)
        return int(draw(logits, self._sampling, uniform, mask, self._sampling.temperature_of(name))[0])

    @property
    def gap(self) -> int:
        """Semitones kept free below the melody."""
        return self._gap

    def place(self, i: int) -> tuple[int, int]:
        """The model's clock, and the melody's next onset, which is never before it."""
        return self._now, max(int(self._onset[i]), self._now)

    @property
    def names(self) -> list[str]:
        """The attributes of a row."""
        return [attribute.name for attribute in self._codec.attributes]


class _Proposal:
    """A note that the model proposes before the melody's next; once it is refused, what is drawn does not matter."""

    def __init__(self, hand: _Hand, following: int, earliest: int) -> None:
        self._hand, self._following, self._earliest = hand, following, earliest
        self._now, self._next = hand.place(following)
        self.taken, self.step, self.onset = True, 0, self._now

    def choose(self, index: int, logits: np.ndarray, allowed: np.ndarray | None) -> Choice:
        """A code of the next attribute."""
        name = self._hand.names[index]
        mask = np.ones(logits.shape, bool) if allowed is None else allowed.copy()
        if name == "step":
            code = self._step(logits, mask)
        elif name == "pitch" and self.taken:
            mask[:, self._hand.just_struck(self.onset)] = False
            if not mask.any():
                self.taken = False
                mask[:] = True
            code = self._hand.draw(logits, mask, name)
            limit = self._hand.lowest(self.onset, self._following) - self._hand.gap
            self.taken = self.taken and code < limit
        else:
            code = self._hand.draw(logits, mask, name)
        return Choice(np.array([code]), [1.0])

    def _step(self, logits: np.ndarray, mask: np.ndarray) -> int:
        """A step from where the last proposal was refused on; one that reaches the melody's next note stands there."""
        mask[:, : self._earliest] = False
        left = self._next - self._now
        if not mask.any():
            self.taken, self.onset = False, self._next
            return 0
        self.step = code = self._hand.draw(logits, mask, "step")
        self.onset = min(self._now + int(STEP_BINS.middle[code]), self._next)
        beyond = int(STEP_BINS.edges[code]) > left
        if beyond:
            self.taken, self.onset = False, self._next
        return code
