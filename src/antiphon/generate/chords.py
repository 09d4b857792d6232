"""Music from a model of chords: whole chords, one after another, struck together or broken.

A model of scores counts time in beats, so its music lies on the beats of any tempo; one of performances has a time of
its own. Of the options of writing, those about notes, their order and their density have no meaning here; such an
option is refused, not passed over.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from antiphon.bins import STEP_BINS
from antiphon.chords import BEAT_MS, STOP, ChordCodec, Chords, as_score
from antiphon.codec import NoteCodec
from antiphon.engine.base import prefill
from antiphon.engine.encoding import ChordEngine
from antiphon.errors import OptionError, unknown
from antiphon.generate.control import Control
from antiphon.generate.finish import Finish, Progress, Work, Works, finish
from antiphon.generate.options import GROUPS, LENGTHS, Value, control
from antiphon.generate.prompt import joined
from antiphon.generate.rules import Rules
from antiphon.generate.sampling import Dice, drawn
from antiphon.generate.voice import log_sum
from antiphon.notes import Score, score

RENDERS = ("block", "arpeggio")
KNOWN = {
    *LENGTHS, "temperature", "top-k", "top-p", "min-p", "typical", "greedy", "key", "range", "forbid", "velocity",
    "tempo", "metre", "from", "to", "tracks", "continue", "no-guard", *GROUPS["output"][1],
}  # fmt: skip
_TEMPO = 120.0  # beats a minute, where none is said
_BROKEN_MS = 2000  # the longest time over which a chord is broken


class Written(NamedTuple):
    """What a model wrote for each of B seeds."""

    chords: list[Chords]
    cost: np.ndarray  # (B,) nats: how unlikely the model finds what the constraints leave


def write_chords(
    engine: ChordEngine,
    options: Mapping[str, Value],
    seeds: Sequence[tuple[int, int]],
    prompt: Score | None = None,
    progress: Progress = lambda share: None,
    *,
    kept: bool = False,
) -> Works:
    """One piece a seed; with ``kept`` each begins with the prompt. Raises OptionError for what chords do not know."""
    began, wanted, last = time.perf_counter(), control(options), finish(options)
    _check(options)
    if kept and engine.chords.beats:
        raise OptionError("this model writes chords on beats, at a tempo of its own: leave --continue out")
    heard = None if prompt is None else _heard(engine.chords, prompt)
    written = drawn_chords(engine, wanted, seeds, Until.of(wanted, engine.chords), heard, progress, kept=kept)
    works = [
        _work(made, last, seed, wanted, options, engine.chords, prompt if kept else None)
        for made, seed in zip(written.chords, seeds, strict=True)
    ]
    elapsed_s = time.perf_counter() - began
    cost = written.cost / [max(chords.notes, 1) for chords in written.chords]
    report = {"cost_nats_per_note": cost.tolist()} if wanted.asks_for_rules else {}
    return Works(works, elapsed_s, elapsed_s, report)


class Until(NamedTuple):
    """How much is written: so many notes, or all chords that begin before a time."""

    notes: float
    ms: float  # of the model's own clock

    @staticmethod
    def bars(bars: float, tempo: float, metre: str, codec: ChordCodec) -> Until:
        """So many bars: of a model of scores by its beats, which are quarter notes."""
        beats, unit = map(int, metre.split("/"))
        return Until(np.inf, bars * beats * (BEAT_MS * 4 / unit if codec.beats else 60_000 / tempo))

    @staticmethod
    def of(wanted: Control, codec: ChordCodec) -> Until:
        """What a control asks for, which has a length."""
        length, c = wanted.length, wanted.constraints
        assert length is not None
        if length.notes is not None:
            return Until(length.notes, np.inf)
        if length.bars is not None:
            return Until.bars(length.bars, c.tempo or _TEMPO, c.metre, codec)
        seconds = length.seconds or 0.0
        bar_s = int(c.metre.split("/")[0]) * 60 / (c.tempo or _TEMPO)
        return Until.bars(seconds / bar_s, c.tempo or _TEMPO, c.metre, codec)


def drawn_chords(
    engine: ChordEngine,
    wanted: Control,
    seeds: Sequence[Sequence[int]],
    until: Until,
    heard: np.ndarray | None = None,
    progress: Progress = lambda share: None,
    *,
    kept: bool = False,
) -> Written:
    """Chords of each seed, after (T, A) rows heard if there are any; unless ``kept`` they begin at 0."""
    codec, batch = engine.chords, len(seeds)
    dice, rules = Dice(seeds, len(codec.attributes)), Rules.of(wanted, NoteCodec())
    start = np.broadcast_to(codec.start_row, (batch, 1, len(codec.attributes))).astype(np.int64)
    music = start if heard is None else np.concatenate([start, np.repeat(heard[None], batch, 0)], 1)
    features, state = prefill(engine, music, engine.start(batch))
    rows: list[np.ndarray] = []
    count, cost, now_ms = np.zeros(batch, np.int64), np.zeros(batch), np.zeros(batch)
    done = np.zeros(batch, bool)
    while not done.all():
        row, spent = _row(engine, features, wanted, dice.throw(len(rows)), rules)
        if not rows and not kept:
            row[:, 0] = 0
        if rows:
            now_ms += STEP_BINS.middle[row[:, 0]] * codec.cell_ms
        rows.append(row)
        done = done | (now_ms >= until.ms)
        count += np.where(done, 0, (row[:, 2::2] < STOP).sum(1))
        cost += np.where(done, 0, spent)
        done = done | (count >= until.notes)
        progress(float(np.where(done, 1, np.maximum(count / until.notes, now_ms / until.ms)).min()))
        features, state = engine.step(row, state)
    return Written([_cut(codec.read(np.stack([row[i] for row in rows])), until) for i in range(batch)], cost)


def _row(
    engine: ChordEngine, features: np.ndarray, wanted: Control, uniform: np.ndarray, rules: Rules | None
) -> tuple[np.ndarray, np.ndarray]:
    """(B, A) the next chord of each piece, and (B,) nats that the constraints cost."""
    codec = engine.chords
    row, cost = np.zeros((len(features), len(codec.attributes)), np.int64), np.zeros(len(features))
    for i, attribute in enumerate(codec.attributes):
        name = attribute.name.rstrip("0123456789")
        logits, valid = engine.logits(i, features, row), codec.allowed(i, row)
        left = valid
        if rules is not None and name == "pitch" and valid is not None:
            left = valid & np.append(rules.palette.base, True)
        if rules is not None and name == "velocity" and rules.velocities is not None:
            left = np.broadcast_to(rules.velocities, logits.shape)
        if left is not valid:
            cost += log_sum(logits, valid) - log_sum(logits, left)
        row[:, i], _ = drawn(logits, wanted.sampling, uniform[:, i], left, wanted.sampling.temperature_of(name))
    return row, cost


def _cut(chords: Chords, until: Until) -> Chords:
    """The chords that begin before a time, counted from the first, or so many that they have all notes wanted."""
    before = np.cumsum((chords.pitch >= 0).sum(1)) - (chords.pitch >= 0).sum(1)
    inside = (chords.onset_ms - chords.onset_ms[0] < until.ms) & (before < until.notes)
    return Chords(chords.onset_ms[inside], chords.velocity[inside], chords.pitch[inside], chords.duration_ms[inside])


def _work(
    chords: Chords,
    last: Finish,
    seed: tuple[int, int],
    wanted: Control,
    options: Mapping[str, Value],
    codec: ChordCodec,
    before: Score | None,
) -> Work:
    c, length = wanted.constraints, wanted.length
    chords = chords._replace(velocity=np.clip(chords.velocity, c.velocity_low, c.velocity_high))
    music = rendered(chords, str(options.get("render", "block")), last.program)
    if length is not None and length.notes is not None:
        music = music.select(np.arange(min(length.notes, len(music))))
    if codec.beats:
        music = at_tempo(music, c.tempo, c.metre)
    music = last.part(music)
    if before is None:
        return last.piece(music, seed, len(music))
    at_s = codec.chords(before).onset_ms[-1] / 1000
    return last.piece(joined(before, music, at_s), seed, len(music), first_track=len(before.tracks))


def rendered(chords: Chords, render: str, program: int = 0) -> Score:
    """Chords as music at 120 bpm: ``block``, each struck together, or ``arpeggio``, each from its lowest note up.

    A broken chord takes until the next begins, or until its longest note ends; all notes end where they would.
    """
    if render not in RENDERS:
        raise OptionError(unknown("way to render chords", render, RENDERS))
    return as_score(chords, program) if render == "block" else _broken(chords, program)


def _broken(chords: Chords, program: int) -> Score:
    there = chords.pitch >= 0
    count = there.sum(1, keepdims=True)
    following = np.append(np.diff(chords.onset_ms), _BROKEN_MS)
    share = np.minimum(np.minimum(following, chords.duration_ms.max(1, initial=0)), _BROKEN_MS)[:, None] / count
    late = np.where(there, np.rint((count - 1 - np.arange(chords.pitch.shape[1])) * share), 0).astype(np.int64)
    return as_score(
        Chords(
            onset_ms=(chords.onset_ms[:, None] + late)[there],
            velocity=np.repeat(chords.velocity, count[:, 0]),
            pitch=chords.pitch[there][:, None],
            duration_ms=np.maximum(chords.duration_ms - late, np.rint(share).astype(np.int64))[there][:, None],
        ),
        program,
    )


def at_tempo(music: Score, tempo: float | None, metre: str) -> Score:
    """Music at 120 bpm at another tempo, note for note in the same beats; a beat is what the metre says."""
    numerator, denominator = map(int, metre.split("/"))
    quarter = round(60e6 / (tempo or _TEMPO) * denominator / 4)
    return score(music.notes, [(0, quarter)], [(0, numerator, denominator)], music.tracks)


def _heard(codec: ChordCodec, prompt: Score) -> np.ndarray:
    rows = codec.encode(prompt).astype(np.int64)
    if not len(rows):
        raise OptionError("the prompt has no chords that this model hears (it hears no drums); give one that has")
    return rows


def _check(options: Mapping[str, Value]) -> None:
    for name in options:
        if name not in KNOWN:
            raise OptionError(
                f"a model of chords does not know {name}: leave it out, or choose a model of notes; of the options "
                f"about pitch it knows key, range and forbid"
            )
    rendered(Chords(*np.zeros((2, 0), np.int64), *np.zeros((2, 0, 1), np.int64)), str(options.get("render", "block")))
