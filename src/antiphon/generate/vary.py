"""Variations: a piece played through note by note, some attributes of some notes drawn anew by the model.

A model that writes from left to right has heard all that came before the note at hand, changed or not, and knows
nothing of what comes after it. So a variation follows from its own past, and what is kept holds it to the piece.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import HELD, milliseconds
from antiphon.engine.base import Engine
from antiphon.errors import OptionError, unknown
from antiphon.generate.control import Control
from antiphon.generate.finish import Progress, Works, finish
from antiphon.generate.options import Value, control
from antiphon.generate.prompt import seconds
from antiphon.generate.sampling import draw
from antiphon.generate.stream import prompt_rows
from antiphon.generate.voice import Choice, Voices
from antiphon.notes import DRUMS, Score, score

CHANGEABLE = ("pitch", "step", "velocity", "duration")
_FAR = np.iinfo(np.int64).max
_DEFAULT, _AMOUNT = "pitch,velocity,duration", 0.3


def vary(
    engine: Engine, options: Mapping[str, Value], seeds: Sequence[tuple[int, int]], prompt: Score, progress: Progress
) -> Works:
    """A variation of ``prompt`` for each seed.

    ``change`` names what is drawn anew (by default pitch, velocity and duration, so that the rhythm stays), ``amount``
    the share of the notes, drawn by lot, ``from`` and ``to`` the passage. Of ``best-of`` variations the likeliest is
    kept. Where the constraints leave nothing to draw, a note stays as it is.
    """
    began, last = time.perf_counter(), finish(options)
    wanted = replace(control(options, endless=True), guard=None)  # a piece's own repeats are no collapse
    tries = [(*seed, k) for seed in seeds for k in range(wanted.search.best_of)]
    varied = _Varied(engine, prompt, wanted, tries, options)
    for count in range(varied.played):
        varied.note(count)
        progress((count + 1) / varied.played)
    best = varied.log_prob.reshape(len(seeds), -1).argmax(1) + np.arange(len(seeds)) * wanted.search.best_of
    pieces = [last.piece(varied.music(i), seed, len(varied.rows)) for i, seed in zip(best, seeds, strict=True)]
    report = {"changed_notes": varied.redraw[best].sum(1).tolist(), "kept_for_constraints": varied.stuck[best].tolist()}
    elapsed_s = time.perf_counter() - began
    return Works(pieces, elapsed_s / max(varied.played, 1), elapsed_s, report)


def _changed(options: Mapping[str, Value]) -> set[str]:
    names = [name.strip() for name in str(options.get("change", _DEFAULT)).split(",")]
    if names == ["all"]:
        return set(CHANGEABLE)
    for name in names:
        if name not in CHANGEABLE:
            raise OptionError(unknown("attribute to change", name, [*CHANGEABLE, "all"]))
    return set(names)


@dataclass
class _Note:
    """What a choice needs of the note at hand."""

    codes: np.ndarray  # (A,) of the piece
    cells: int  # it sounds so long in the piece
    pitch_before: np.ndarray  # (B,)
    redraw: np.ndarray  # (B,) bool


class _Varied:
    """B variations on their way."""

    def __init__(
        self,
        engine: Engine,
        prompt: Score,
        wanted: Control,
        seeds: Sequence[Sequence[int]],
        options: Mapping[str, Value],
    ) -> None:
        amount = float(options.get("amount", _AMOUNT))
        if not 0 <= amount <= 1:
            raise OptionError(f"amount {amount} is out of range: 0 to 1, all notes")
        self.change = _changed(options)
        codec = engine.codec
        heard = codec.programs | (prompt.notes["program"] != DRUMS)
        audible, self._silent = prompt.select(heard), prompt.select(~heard)
        self.rows = prompt_rows(codec, audible).astype(np.int64)
        onset_ms, duration_ms = milliseconds(audible)
        order = np.lexsort((audible.notes["pitch"], (onset_ms + CELL_MS // 2) // CELL_MS))  # as the codec orders them
        self._prompt, self._audible = prompt, replace(audible, notes=audible.notes[order])
        self._onset_ms, self._cells = onset_ms[order], np.maximum(np.rint(duration_ms[order] / CELL_MS), 1).astype(int)
        self._loudness = wanted.constraints.velocity_low, wanted.constraints.velocity_high
        self._sampling, self._column = wanted.sampling, codec.column
        self._voices = Voices(engine, seeds, wanted, kept=True, scored=wanted.search.best_of > 1)
        self._uniform = np.stack([np.random.default_rng(list(s)).random((len(self.rows), 5)) for s in seeds])
        self.redraw = (self._uniform[:, :, 4] < amount) & self._passage(options)
        self.stuck = np.zeros(len(seeds), np.int64)
        self._steps = np.zeros(len(seeds), np.int64)  # codes of the note at hand
        whole = len(self.rows), len(seeds)
        self._drawn = np.zeros((*whole, self.rows.shape[1]), np.int64)  # of each note played, as are the next two
        self._length, self._velocity = np.zeros(whole, np.int64), np.zeros(whole, np.int64)  # in ms; as in MIDI
        self._judged = wanted.search.best_of > 1

    @property
    def played(self) -> int:
        """Notes to play through: all where one variation is to be chosen, else those up to the last that changes."""
        return len(self.rows) if self._judged else int(np.flatnonzero(self.redraw.any(0)).max(initial=-1)) + 1

    @property
    def log_prob(self) -> np.ndarray:
        """(B,) how likely the model finds each variation; 0 where there is only one to choose from."""
        return self._voices.log_prob

    def _passage(self, options: Mapping[str, Value]) -> np.ndarray:
        low = seconds(str(options["from"]), "from") if "from" in options else 0.0
        high = seconds(str(options["to"]), "to") if "to" in options else np.inf
        inside: np.ndarray = (self._onset_ms >= low * 1000) & (self._onset_ms < high * 1000)
        if not inside.any():
            raise OptionError(f"no note begins from {low:g} s to {high:g} s, so there is nothing to vary")
        return inside

    def note(self, count: int) -> None:
        """Play the next note in all variations."""
        voices, codes = self._voices, self.rows[count]
        before = np.array([note.pitch for note in voices.notes] or [0] * len(voices.readers))
        note = _Note(codes, int(self._cells[count]), before, self.redraw[:, count])
        rows = voices.write(lambda index, logits, allowed: self._choose(note, count, index, logits, allowed))
        self._drawn[count] = rows
        self._length[count] = [note.duration_ms or CELL_MS for note in voices.notes]
        self._velocity[count] = np.clip([note.velocity for note in voices.notes], *self._loudness)

    def _choose(self, note: _Note, count: int, index: int, logits: np.ndarray, allowed: np.ndarray | None) -> Choice:
        """Codes as they were, or drawn where they are to change and something may be drawn."""
        name = next(n for n, column in self._column.items() if column == index)
        kept = self._kept(note, name)
        if name not in self.change or not note.redraw.any():
            return self._chosen(name, kept)
        mask = np.ones(logits.shape, bool) if allowed is None else allowed.copy()
        if name == "step" and "pitch" not in self.change:  # a pitch that is kept may not fall within a chord
            mask[:, 0] &= note.codes[self._column["pitch"]] > note.pitch_before
        if name == "pitch":  # in a chord that can rise no further
            mask |= ~mask.any(1, keepdims=True) & self._unison(note)
        possible = mask.any(1)
        self.stuck += note.redraw & ~possible
        mask[~possible] = True
        uniform = self._uniform[:, count, CHANGEABLE.index(name)]
        codes = draw(logits, self._sampling, uniform, mask, self._sampling.temperature_of(name))
        return self._chosen(name, np.where(note.redraw & possible, codes, kept))

    def _unison(self, note: _Note) -> np.ndarray:
        """(B, 128) bool: the pitch of the note before, where it may be played again."""
        again = np.arange(128) == note.pitch_before[:, None]
        rules, ledger = self._voices.rules, self._voices.ledger
        return again if rules is None or ledger is None else again & rules.pitches(ledger)

    def _chosen(self, name: str, codes: np.ndarray) -> Choice:
        if name == "step":
            self._steps = codes
        return Choice(codes, [1.0] * len(codes))

    def _kept(self, note: _Note, name: str) -> np.ndarray:
        """(B,) codes of an attribute as the piece has it; of durations those that come nearest, behind any steps."""
        if name != "duration":
            return np.full(len(note.redraw), note.codes[self._column[name]])
        found = []
        for reader, step in zip(self._voices.readers, self._steps, strict=True):
            row = note.codes.copy()
            row[self._column["step"]] = step
            lengths = reader.lengths(row)
            away = np.where(lengths > 0, np.abs(lengths - note.cells), _FAR)
            back = int(away[HELD:].argmin())  # what points back is exact: better than a plain code that is as near
            found.append(HELD + back if away[HELD + back] <= away[:HELD].min() else int(away[:HELD].argmin()))
        return np.array(found)

    def music(self, b: int) -> Score:
        """Variation ``b``: notes that were not drawn are those of the piece, to the tick, but for where they stand."""
        column, redrawn = self._column, self.redraw[b]
        rows = self._drawn[:, b]
        notes = self._audible.notes.copy()
        if "pitch" in self.change:
            notes["pitch"] = np.where(redrawn, rows[:, column["pitch"]], notes["pitch"])
        if "velocity" in self.change:
            notes["velocity"] = np.where(redrawn, self._velocity[:, b], notes["velocity"])
        onset_s, length_s = self._audible.onset_s, self._audible.end_s - self._audible.onset_s
        if "duration" in self.change:
            length_s = np.where(redrawn, self._length[:, b] / 1000, length_s)
        if "step" in self.change:
            step_s = STEP_BINS.middle[rows[:, column["step"]]] * CELL_MS / 1000
            step_s = np.where(redrawn, step_s, np.diff(onset_s, prepend=0.0))
            step_s[0] = onset_s[0]
            onset_s = np.cumsum(step_s)
            notes["onset"] = np.maximum(self._prompt.ticks(onset_s), 0)
        end_s = onset_s + length_s
        if "step" not in self.change:
            end_s = np.minimum(end_s, self._prompt.length_s)  # no drawn note rings on when all is over
        notes["duration"] = np.maximum(self._prompt.ticks(end_s) - notes["onset"], 1)
        whole = np.concatenate([notes, self._silent.notes])
        return score(whole, self._prompt.tempos, self._prompt.metres, self._prompt.tracks)
