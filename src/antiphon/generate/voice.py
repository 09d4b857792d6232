"""A voice: one model writing, note by note, that can also listen, be asked where it is, and go back there.

Everything that generates consumes it: a piece is a voice collected, a batch of pieces is several voices at once, a beam
search copies voices, and a live session lets one hear the player and rewinds what it had planned. What a voice writes
depends on the model, on what it heard, on its control and its seed, and on nothing else: not on its neighbours.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import Note, NoteReader
from antiphon.engine.base import Engine, State, prefill
from antiphon.generate.bans import Bans, NewBan
from antiphon.generate.beginning import begin
from antiphon.generate.control import PLAIN, Control
from antiphon.generate.ledger import Ledger
from antiphon.generate.rules import Rules
from antiphon.generate.sampling import Dice, divisor, drawn
from antiphon.generate.watch import Watch

Seed = Sequence[int]


class Choice(NamedTuple):
    """What was chosen for one attribute of the next note."""

    codes: np.ndarray  # (B,)
    share: Sequence[float]  # how probable each was among those it was drawn from
    parents: np.ndarray | None = None  # (B,) which voice each goes on from; None: each from itself


Choose = Callable[[int, np.ndarray, np.ndarray | None], Choice]  # attribute, (B, V) logits, mask or None for all


@dataclass(frozen=True)
class Mark:
    """Where voices were. Nothing in it changes any more, so they may go back to it any number of times."""

    state: State
    features: np.ndarray
    pending: tuple[np.ndarray, ...]
    readers: tuple[NoteReader, ...]
    notes: tuple[Note, ...]
    written: int
    ledger: Ledger | None
    watch: Watch | None
    bans: Bans | None
    recent: np.ndarray
    log_prob: np.ndarray
    cost: np.ndarray


class Voices:
    """B voices of one model, one note of each at a time.

    ``prompt`` (T, A) is what all have heard before; ``kept`` says that the music goes on from what is heard, so that
    onsets count from its start: otherwise the first note written stands at 0. ``scored`` keeps :attr:`log_prob` and
    :attr:`cost`, which takes some microseconds a note. ``ban`` makes a ban for each.
    """

    def __init__(
        self,
        engine: Engine,
        seeds: Sequence[Seed],
        control: Control = PLAIN,
        *,
        prompt: np.ndarray | None = None,
        kept: bool = False,
        scored: bool = False,
        ban: NewBan | None = None,
    ) -> None:
        """Raises OptionError where the control asks for what no music can obey."""
        batch, sampling = len(seeds), control.sampling
        self.codec, self.control = engine.codec, control
        self.log_prob = np.zeros(batch)  # nats: how likely the model finds what was written, under the codec's rules
        self.cost = np.zeros(batch)  # nats: how unlikely it finds what the constraints and the guard leave
        self.written = 0  # notes of each voice
        self.notes: tuple[Note, ...] = ()  # the last note of each voice, heard or written, as its codes say
        self.readers = [self.codec.reader() for _ in seeds]
        self._engine, self._scored, self._kept = engine, scored, kept
        self._dice = Dice(seeds, len(self.codec.attributes))
        self.rules = Rules.of(control, self.codec)
        self._names = [a.name for a in self.codec.attributes]
        self._temperatures = [divisor(sampling.temperature_of(name)) for name in self._names]
        self._window = sampling.repetition_window if sampling.repetition != 1 else 0
        self._penalty = np.array(np.log(sampling.repetition), np.float32)
        self._recent = np.empty((batch, 0), np.int64)  # pitches of the last notes, the newest first
        self.ledger = None if self.rules is None else self.rules.start(batch)
        self._watch = None if control.guard is None else Watch(control.guard, self.codec, batch)
        self.bans = None if ban is None else Bans.start(ban, batch)
        self._certain = [1.0] * batch
        self._state, self._features = begin(engine, seeds), np.empty(0)
        start = np.broadcast_to(self.codec.start_row, (batch, len(self._names)))
        self._pending: tuple[np.ndarray, ...] = (start,)
        for row in () if prompt is None else prompt:
            self.hear(np.broadcast_to(row, (batch, len(row))))

    @property
    def done(self) -> np.ndarray:
        """(B,) bool: whether a voice has written its closing note. What it writes after that is no part of it."""
        return np.zeros(len(self.readers), bool) if self.ledger is None else self.ledger.done

    @property
    def report(self) -> list[dict[str, Any]]:
        """What the guard did to each voice; empty without a guard."""
        return [] if self._watch is None else self._watch.report()

    def hear(self, rows: np.ndarray) -> tuple[Note, ...]:
        """(B, A) rows that somebody else plays, and their notes."""
        if self.rules is not None and self.ledger is not None:
            self.ledger = self.rules.heard(self.ledger, rows, counts=self._kept)
        return self._heard(np.asarray(rows, np.int64), None)

    def next(self) -> np.ndarray:
        """(B, A) int64 rows: the next note of each voice."""
        uniform, sampling, watched = self._dice.throw(self.written), self.control.sampling, self._watch is not None
        raised = self._watch.heat if self._watch is not None and self._watch.hot else None

        def choose(index: int, logits: np.ndarray, allowed: np.ndarray | None) -> Choice:
            temperature = self._temperatures[index] if raised is None else self._temperatures[index] * raised
            return Choice(*drawn(logits, sampling, uniform[:, index], allowed, temperature, shares=watched))

        return self.write(choose)

    def write(self, choose: Choose) -> np.ndarray:
        """(B, A) int64 rows: the next note of each voice, its attributes chosen one after another by ``choose``."""
        self._listen()
        rows, share = np.zeros((len(self.readers), len(self._names)), np.int64), self._certain
        for index, name in enumerate(self._names):
            logits = self._engine.logits(index, self._features, rows)
            valid = self._valid(name, rows)
            times, left = self._allowed(name, valid)
            allowed = left if self._watch is None else self._watch.limit(name, logits, left)
            if self.bans is not None and name == "pitch":
                allowed, self.bans = self.bans.limit(self._onset(rows), allowed)
            penalised = self._penalised(logits) if name == "pitch" and self._window else logits
            codes, chance, parents = choose(index, penalised, allowed)
            gain = self._scores(logits, valid, left, codes, parents) if self._scored else 0.0
            if parents is not None:
                self.take(parents)
                rows, times = rows[parents], None if times is None else times[parents]
                share = [share[i] for i in parents]
            self.log_prob = self.log_prob + gain if self._scored else self.log_prob
            rows[:, index] = codes
            if self._watch is not None:
                share = [before * now for before, now in zip(share, chance, strict=True)]
            if self.rules is not None and self.ledger is not None and times is not None:
                chosen = self.rules.begun if name == "step" else self.rules.ended
                self.ledger = chosen(self.ledger, times, codes)
        if self.rules is not None and self.ledger is not None:
            self.ledger = self.rules.written(self.ledger, rows)
        self.written += 1
        self._heard(rows, share)
        return rows

    def mark(self) -> Mark:
        """Where the voices are, for :meth:`rewind`."""
        readers = tuple(copy.copy(reader) for reader in self.readers)
        watch = None if self._watch is None else self._watch.take()
        return Mark(
            self._state, self._features, self._pending, readers, self.notes, self.written,
            self.ledger, watch, self.bans, self._recent, self.log_prob, self.cost,
        )  # fmt: skip

    def rewind(self, mark: Mark) -> None:
        """Back to a mark of these voices: what they then write is what they would have written there."""
        self._state, self._features, self._pending = mark.state, mark.features, mark.pending
        self.readers = [copy.copy(reader) for reader in mark.readers]
        self.notes, self.written, self.ledger = mark.notes, mark.written, mark.ledger
        self._watch = None if mark.watch is None else mark.watch.take()
        self.bans, self._recent, self.log_prob, self.cost = mark.bans, mark.recent, mark.log_prob, mark.cost

    def take(self, index: np.ndarray) -> None:
        """Voice i becomes a copy of voice ``index[i]``, but keeps its own randomness."""
        self._state = tuple(part[index] for part in self._state)
        self._features = self._features[index] if len(self._features) else self._features
        self._pending = tuple(rows[index] for rows in self._pending)
        self.readers = [copy.copy(self.readers[i]) for i in index]
        self.notes = tuple(self.notes[i] for i in index) if self.notes else ()
        self.ledger = None if self.ledger is None else self.ledger.take(index)
        self._watch = None if self._watch is None else self._watch.take(index)
        self.bans = None if self.bans is None else self.bans.take(index)
        self._recent, self.log_prob, self.cost = self._recent[index], self.log_prob[index], self.cost[index]

    def _listen(self) -> None:
        """Let the model hear what is pending; late, so that what is rewound costs nothing."""
        if len(self._pending) == 1:
            self._features, self._state = self._engine.step(self._pending[0], self._state)
        elif self._pending:
            self._features, self._state = prefill(self._engine, np.stack(self._pending, 1), self._state)
        self._pending = ()

    def _valid(self, name: str, rows: np.ndarray) -> np.ndarray | None:
        """(B, V) codes that the codec allows, or None where it allows all in all voices."""
        if len(self.readers) == 1:
            mask = self.readers[0].allowed(name, rows[0])
            return None if mask is None else mask[None]
        masks = [reader.allowed(name, row) for reader, row in zip(self.readers, rows, strict=True)]
        if all(mask is None for mask in masks):
            return None
        size = self.codec.attributes[self.codec.column[name]].size
        return np.stack([np.ones(size, bool) if mask is None else mask for mask in masks])

    def _allowed(self, name: str, valid: np.ndarray | None) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Of a step and a duration, (B, V) the time each code would mean; and (B, V) which codes are left."""
        if self.rules is None or self.ledger is None:
            return None, valid
        times, mask = self.rules.codes(name, self.ledger)
        if mask is None or valid is None:
            return times, valid if mask is None else mask
        return times, mask & valid

    def _onset(self, rows: np.ndarray) -> np.ndarray:
        """(B,) cells at which the notes at hand begin, by the step in (B, A) ``rows``; exact under constraints."""
        if self.rules is not None and self.ledger is not None and self.rules.timed:
            return np.rint(self.rules.timeline.seconds(self.ledger.now) * 1000 / CELL_MS).astype(np.int64)
        before = [note.onset_ms // CELL_MS for note in self.notes] or [0] * len(rows)
        return np.array(before) + STEP_BINS.middle[rows[:, self.codec.column["step"]]]

    def _penalised(self, logits: np.ndarray) -> np.ndarray:
        """(B, 128) logits, those of the pitches of the last notes lowered by the log of the penalty."""
        lowered = logits.copy()
        for row, heard in zip(lowered, self._recent, strict=True):
            row[heard] -= self._penalty  # of a pitch that was heard twice, once
        return lowered

    def _scores(
        self,
        logits: np.ndarray,
        valid: np.ndarray | None,
        left: np.ndarray | None,
        codes: np.ndarray,
        parents: np.ndarray | None,
    ) -> np.ndarray:
        """(B,) nats that the codes add to the log-likelihood; what the constraints cost is added at once."""
        whole = log_sum(logits, valid)
        if left is not valid:
            self.cost = self.cost + whole - log_sum(logits, left)
        chosen = np.arange(len(codes)) if parents is None else parents
        return logits[chosen, codes] - whole[chosen]

    def _heard(self, rows: np.ndarray, share: Sequence[float] | None) -> tuple[Note, ...]:
        """What every note leaves behind; the model hears it when it is next asked."""
        if self.bans is not None and (share is not None or self._kept):
            self.bans = self.bans.after(self._onset(rows), rows[:, self.codec.column["pitch"]])
        self.notes = tuple([reader.push(row) for reader, row in zip(self.readers, rows, strict=True)])
        if self._watch is not None:
            self._watch.after(rows, self.notes, share)
        if self._window:
            pitch = self.codec.column["pitch"]
            self._recent = np.concatenate([rows[:, pitch : pitch + 1], self._recent[:, : self._window - 1]], 1)
        self._pending = (*self._pending, rows)
        return self.notes


class Voice:
    """One voice, for whoever plays along: rows are (A,), and there is one note at a time."""

    def __init__(
        self,
        engine: Engine,
        seed: Seed,
        control: Control = PLAIN,
        *,
        prompt: np.ndarray | None = None,
        kept: bool = True,
    ) -> None:
        """As for :class:`Voices`; unless ``kept`` is False, what it hears is the beginning of the piece."""
        self._voices = Voices(engine, [seed], control, prompt=prompt, kept=kept)
        self.codec = self._voices.codec

    @property
    def reader(self) -> NoteReader:
        """What has decoded the rows so far."""
        return self._voices.readers[0]

    @property
    def note(self) -> Note | None:
        """The last note, heard or written; None before the first."""
        return self._voices.notes[0] if self._voices.notes else None

    @property
    def done(self) -> bool:
        """Whether the closing note is written."""
        return bool(self._voices.done[0])

    def hear(self, row: np.ndarray) -> Note:
        """A row (A,) that somebody else plays, and its note."""
        return self._voices.hear(np.asarray(row)[None])[0]

    def next(self) -> np.ndarray:
        """The next row (A,) int64, which the voice has then heard itself; :attr:`note` is its note."""
        return self._voices.next()[0]

    def mark(self) -> Mark:
        """Where the voice is, for :meth:`rewind`."""
        return self._voices.mark()

    def rewind(self, mark: Mark) -> None:
        """Back to a mark of this voice: what it then writes is what it would have written there."""
        self._voices.rewind(mark)


def log_sum(logits: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """(B,) log of the summed exponentials of the allowed (B, V) logits."""
    kept = logits if allowed is None else np.where(allowed, logits, -np.inf)
    most = kept.max(-1)
    return most + np.log(np.exp(kept - most[:, None]).sum(-1, dtype=np.float64))
