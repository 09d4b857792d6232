"""Whole pieces: the note stream collected until each has its length."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.engine.base import Drawing, Engine
from antiphon.engine.rolls import RollEngine
from antiphon.errors import OptionError
from antiphon.generate.bans import NewBan
from antiphon.generate.beams import Beams
from antiphon.generate.book import Book, exact_score
from antiphon.generate.control import PLAIN, Control
from antiphon.generate.length import Length
from antiphon.generate.phrases import draw_pieces
from antiphon.generate.rolls import frame_pieces
from antiphon.generate.sampling import Sampling
from antiphon.generate.stream import prompt_rows
from antiphon.generate.timeline import FAR
from antiphon.generate.voice import Seed, Voices
from antiphon.notes import Score

__all__ = ["Length", "Pieces", "write_pieces"]


@dataclass(frozen=True)
class Pieces:
    """What was written, and how fast."""

    scores: list[Score]
    notes: int  # in all pieces
    first_note_s: float  # until the first note of each was there, the prompt heard
    elapsed_s: float  # until the last
    cost: list[float] = field(default_factory=list)  # of each piece: what the constraints cost, in nats a note
    log_prob: list[float] = field(default_factory=list)  # of each piece, in nats; both are empty where nobody asked
    guard: list[dict[str, Any]] = field(default_factory=list)  # of each piece: what the guard did; empty without one
    bans: list[dict[str, int]] = field(default_factory=list)  # of each piece: notes that a ban was about, if any

    @property
    def notes_per_second(self) -> float:
        """Notes of all pieces written a second, after the first of each."""
        return (self.notes - len(self.scores)) / max(self.elapsed_s - self.first_note_s, 1e-9)


def write_pieces(
    engine: Engine,
    length: Length | None,
    seeds: Sequence[Seed],
    *,
    prompt: Score | None = None,
    keep_prompt: bool = False,
    sampling: Sampling | None = None,
    control: Control = PLAIN,
    program: int = 0,
    progress: Callable[[float], None] = lambda share: None,
    measure: Callable[[Score], float] | None = None,
    ban: NewBan | None = None,
) -> Pieces:
    """One piece a seed. ``progress`` is called with the share done, 0 to 1, of the slowest piece.

    ``length`` and ``sampling``, where given, stand for the control's. With ``keep_prompt`` each piece begins with the
    prompt; otherwise with the first new note. Of ``control.search.best_of`` pieces a seed the one with the highest
    ``measure`` is kept, without one the likeliest a note; ``ban`` makes a ban for each. Raises OptionError where the
    control contradicts itself.
    """
    control = _completed(control, length, sampling)
    if isinstance(engine, Drawing):
        return _drawn(engine, control, seeds, prompt, program, progress)
    if isinstance(engine, RollEngine):
        began = time.perf_counter()
        scores, first_s = frame_pieces(engine, control, seeds, prompt, program, progress)
        return Pieces(scores, sum(map(len, scores)), first_s, time.perf_counter() - began)
    began, codec, search = time.perf_counter(), engine.codec, control.search
    heard = None if prompt is None else prompt_rows(codec, prompt)
    tries = [(*seed, i) if i else tuple(seed) for seed in seeds for i in range(search.best_of)]
    groups = [tries] if search.method == "none" else [[seed] for seed in tries]
    made: list[_Piece] = []
    first_note_s = 0.0
    for done, group in enumerate(groups):
        writer = _Writer(engine, group, control, heard, keep_prompt, program, ban)
        for share in writer.write():
            first_note_s = first_note_s or time.perf_counter() - began
            progress((done + share) / len(groups))
        made += writer.pieces()
    elapsed_s = time.perf_counter() - began
    best = [_best(made[i : i + search.best_of], measure) for i in range(0, len(made), search.best_of)]
    return Pieces(
        [piece.score for piece in best],
        sum(piece.notes for piece in best),
        first_note_s,
        elapsed_s,
        cost=[piece.cost / max(piece.notes, 1) for piece in best if piece.cost is not None],
        log_prob=[piece.log_prob for piece in best if piece.log_prob is not None],
        guard=[piece.guard for piece in best if piece.guard is not None],
        bans=[piece.bans for piece in best if piece.bans is not None],
    )


def _drawn(
    engine: Drawing,
    control: Control,
    seeds: Sequence[Seed],
    prompt: Score | None,
    program: int,
    progress: Callable[[float], None],
) -> Pieces:
    """The pieces of a model that draws whole phrases and hears no prompt."""
    if prompt is not None:
        raise OptionError(
            "this model draws whole phrases and hears no music: leave the prompt out, or take a model of another family"
        )
    scores, first_note_s, elapsed_s = draw_pieces(engine, control, seeds, program, progress)
    return Pieces(scores, sum(map(len, scores)), first_note_s, elapsed_s)


def _completed(control: Control, length: Length | None, sampling: Sampling | None) -> Control:
    if length is not None:
        control = replace(control, length=length)
    if control.length is None:
        raise OptionError("a piece needs a length: give a number of notes, seconds or bars")
    return control if sampling is None else replace(control, sampling=sampling)


@dataclass(frozen=True)
class _Piece:
    score: Score
    notes: int
    cost: float | None
    log_prob: float | None
    guard: dict[str, Any] | None
    bans: dict[str, int] | None


def _best(pieces: Sequence[_Piece], measure: Callable[[Score], float] | None) -> _Piece:
    """The piece with the highest measure, or the likeliest a note; of equals the first."""
    if len(pieces) == 1:
        return pieces[0]
    if measure is not None:
        return max(pieces, key=lambda piece: measure(piece.score))
    return max(pieces, key=lambda piece: (piece.log_prob or 0.0) / max(piece.notes, 1))


class _Writer:
    """Some pieces on their way: several voices at once, or the beams of one."""

    def __init__(
        self,
        engine: Engine,
        seeds: Sequence[Seed],
        control: Control,
        heard: np.ndarray | None,
        kept: bool,
        program: int,
        ban: NewBan | None,
    ) -> None:
        search = control.search
        self._heard, self._kept, self._program, self._control = heard, kept and heard is not None, program, control
        self._beams = None if search.method == "none" else Beams(engine, seeds[0], control, heard, self._kept, ban)
        self._voices = self._beams.voices if self._beams else Voices(
            engine, seeds, control, prompt=heard, kept=self._kept, scored=_is_scored(control), ban=ban
        )  # fmt: skip
        self._book = Book(engine.codec)

    def write(self) -> Iterator[float]:
        """Writes, and yields after every note how much of the slowest piece is there, at most 1."""
        voices = self._voices
        done, share = np.zeros(len(voices.readers), bool), np.zeros(len(voices.readers))
        cells = np.zeros(len(voices.readers), np.int64)
        while not self._is_complete(share, done):
            rows, parents = (voices.next(), None) if self._beams is None else self._beams.next()
            if parents is not None:
                cells, done = cells[parents], done[parents]
            if len(self._book):  # the first note stands at 0
                cells = cells + STEP_BINS.middle[rows[:, voices.codec.column["step"]]]
            share = self._share(cells)
            self._book.add(rows, voices.ledger, ~done & (share <= 1), parents)
            done = voices.done
            yield min(float(share.min()), 1.0)

    def _share(self, cells: np.ndarray) -> np.ndarray:
        """(B,) how much of each piece is there; above 1, the note at hand is beyond the end."""
        length, voices = self._control.length, self._voices
        assert length is not None
        if length.notes is not None:
            return np.full(len(cells), len(self._book) + 1) / length.notes
        if voices.rules is None or not voices.rules.timed or voices.ledger is None:
            assert length.seconds is not None
            return cells * CELL_MS / 1000 / length.seconds
        ledger = voices.ledger
        return (ledger.now - ledger.began) / (voices.rules.over(ledger) - ledger.began)

    def _is_complete(self, share: np.ndarray, done: np.ndarray) -> bool:
        if self._control.ending is not None:
            return bool(done.all())
        assert self._control.length is not None
        return bool(share.min() > 1 or (self._control.length.notes is not None and share.min() >= 1))

    def pieces(self) -> list[_Piece]:
        """What was written: a piece a voice, or the best of the beams."""
        voices = range(len(self._voices.readers)) if self._beams is None else [self._beams.best]
        return [self._piece(voice) for voice in voices]

    def _piece(self, voice: int) -> _Piece:
        voices, scored = self._voices, _is_scored(self._control)
        rows = self._book.rows(voice)
        return _Piece(
            score=self._score(voice, rows),
            notes=len(rows),
            cost=float(voices.cost[voice]) if voices.rules is not None else None,
            log_prob=float(voices.log_prob[voice]) if scored else None,
            guard=voices.report[voice] if voices.report else None,
            bans=None if voices.bans is None else voices.bans.report(voice),
        )

    def _score(self, voice: int, rows: np.ndarray) -> Score:
        """The music of a piece, behind the prompt where that is kept; what would sound too long is cut."""
        voices, codec = self._voices, self._voices.codec
        heard = self._heard if self._kept and self._heard is not None else rows[:0]
        whole = np.concatenate([heard, rows])
        if voices.rules is not None and voices.rules.timed and voices.ledger is not None:
            exact = np.concatenate([voices.rules.exact(heard), self._book.exact(voice)])
            cut = int(voices.rules.over(voices.ledger)[voice]) if voices.rules.plan.length < FAR else FAR
            return exact_score(voices.rules, whole, exact, cut, self._program)
        if not len(heard):
            whole[0, codec.column["step"]] = 0
        score, length = codec.decode(whole, self._program), self._control.length
        if length is None or length.seconds is None:
            return score
        return score.until(float(score.onset_s[len(heard)]) + length.seconds)


def _is_scored(control: Control) -> bool:
    """Whether likelihood and cost are wanted: to say what constraints cost, or to choose between pieces."""
    return control.asks_for_rules or control.search.best_of > 1 or control.search.method != "none"
