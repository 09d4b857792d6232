"""Music from a model of piano rolls: frame after frame, in each the keys that sound.

A model of scores counts frames in sixteenths, so its music lies on the beats of any tempo; one of performances has a
time of its own. Rolls say nothing of loudness, and only when keys sound, so of the options of writing those about
notes, their order and their loudness have no meaning here; such an option is refused, not passed over.

Shapes: B pieces, K keys.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.engine.base import prefill
from antiphon.engine.rolls import RollEngine
from antiphon.errors import OptionError
from antiphon.generate.chords import at_tempo
from antiphon.generate.control import Control
from antiphon.generate.finish import Finish, Progress, Works, finish
from antiphon.generate.options import GROUPS, LENGTHS, Value, control
from antiphon.generate.prompt import joined
from antiphon.generate.rules import Rules
from antiphon.generate.sampling import Dice, drawn
from antiphon.generate.voice import log_sum
from antiphon.notes import TICKS_PER_QUARTER, Score, score
from antiphon.rolls import FRAMES_A_QUARTER, RollCodec

KNOWN = {
    *LENGTHS, "temperature", "top-k", "top-p", "min-p", "typical", "greedy", "key", "range", "forbid", "tempo", "metre",
    "from", "to", "tracks", "continue", "no-guard", *GROUPS["output"][1],
} - {"render"}  # fmt: skip
REST = 32  # frames of silence after which the guard wants a note
STAND = 64  # frames that one chord may stand before the guard ends it
RING = 16  # frames that the last notes may sound beyond the end
_TEMPO = 120.0  # beats a minute, where none is said
_FRAMES_A_NOTE, _FRAMES = 64, 1024  # what is written at most for so many notes: a model may fall silent


class Until(NamedTuple):
    """How much is written: so many notes, or all notes that begin within so many frames."""

    notes: float
    frames: float

    @staticmethod
    def of(wanted: Control, codec: RollCodec, tempo: float) -> Until:
        """What a control asks for, which has a length, at so many beats a minute."""
        length, c = wanted.length, wanted.constraints
        assert length is not None
        if length.notes is not None:
            return Until(length.notes, length.notes * _FRAMES_A_NOTE + _FRAMES)
        beats, unit = map(int, c.metre.split("/"))
        a_beat = FRAMES_A_QUARTER * 4 / unit if codec.beats else 60_000 / tempo / codec.frame_ms
        count = length.bars * beats if length.bars is not None else (length.seconds or 0.0) * tempo / 60
        return Until(np.inf, round(count * a_beat, 6))  # what lies on a frame is not beyond it by rounding


class Written(NamedTuple):
    """What a model wrote for each of B seeds."""

    frames: list[np.ndarray]  # (T, K) each
    cost: np.ndarray  # (B,) nats: how unlikely the model finds what the constraints leave
    first_note_s: float  # until all pieces had one


def write_frames(
    engine: RollEngine,
    options: Mapping[str, Value],
    seeds: Sequence[tuple[int, int]],
    prompt: Score | None = None,
    progress: Progress = lambda share: None,
    *,
    kept: bool = False,
) -> Works:
    """One piece a seed; with ``kept`` each begins with the prompt. Raises OptionError for what rolls do not know."""
    began, wanted, last = time.perf_counter(), control(options), finish(options)
    for name in options:
        if name not in KNOWN:
            raise OptionError(
                f"a model of piano rolls does not know {name}: leave it out, or choose a model of notes; of the "
                "options about pitch it knows key, range and forbid"
            )
    codec, heard = engine.rolls, None if prompt is None else _heard(engine.rolls, prompt)
    until = Until.of(wanted, codec, _tempo(wanted, codec, prompt if kept else None))
    written = drawn_frames(engine, wanted, seeds, until, heard, progress)
    pieces = [_new(codec, frames, last, wanted) for frames in written.frames]
    works = [
        last.piece(_timed(codec, new, wanted), seed, len(new))
        if prompt is None or not kept
        else last.piece(_after(codec, prompt, new), seed, len(new), first_track=len(prompt.tracks))
        for new, seed in zip(pieces, seeds, strict=True)
    ]
    elapsed_s = time.perf_counter() - began
    cost = written.cost / [max(len(new), 1) for new in pieces]
    report = {"cost_nats_per_note": cost.tolist()} if wanted.asks_for_rules else {}
    return Works(works, written.first_note_s, elapsed_s, report)


def frame_pieces(
    engine: RollEngine,
    wanted: Control,
    seeds: Sequence[Sequence[int]],
    prompt: Score | None = None,
    program: int = 0,
    progress: Progress = lambda share: None,
) -> tuple[list[Score], float]:
    """What the model alone writes, after a prompt if there is one: no steps after it, and the tempo of a control.

    And the seconds until all pieces had a note.
    """
    codec, last = engine.rolls, Finish(program=program)
    until = Until.of(wanted, codec, _tempo(wanted, codec, None))
    heard = None if prompt is None else _heard(codec, prompt)
    written = drawn_frames(engine, wanted, seeds, until, heard, progress)
    return [_timed(codec, _new(codec, frames, last, wanted), wanted) for frames in written.frames], written.first_note_s


def drawn_frames(
    engine: RollEngine,
    wanted: Control,
    seeds: Sequence[Sequence[int]],
    until: Until,
    heard: np.ndarray | None = None,
    progress: Progress = lambda share: None,
) -> Written:
    """Frames of each seed, after (T, K) frames heard if there are any; what sounds at the end may ring on."""
    codec, batch, began, first_s = engine.rolls, len(seeds), time.perf_counter(), 0.0
    dice, keys = Dice(seeds, codec.keys + 1), _keys(wanted, codec)
    start = np.broadcast_to(codec.start_row, (batch, 1, codec.keys)).astype(np.int64)
    music = start if heard is None else np.concatenate([start, np.repeat(heard[None], batch, 0)], 1)
    features, state = prefill(engine, music, engine.start(batch))
    line = _Line(batch, codec.keys, wanted.guard is not None, None if heard is None else heard[-1])
    rows: list[np.ndarray] = []
    while line.sounds(until):
        left = np.where(line.over[:, None], line.ringing, keys)
        row, spent = _frame(engine, features, wanted, dice.throw(len(rows)), left, line.must)
        row = line.heard(row, spent, until)
        rows.append(row)
        if not first_s and line.ends.all():
            first_s = time.perf_counter() - began
        progress(line.share(until))
        features, state = engine.step(row, state)
    ends = [int(end) for end in line.ends]
    return Written([np.stack(rows)[:end, i] for i, end in enumerate(ends)], line.cost, first_s)


class _Line:
    """Where each of B pieces is: what it has written, and what the guard and the end make of it."""

    def __init__(self, batch: int, keys: int, guarded: bool, before: np.ndarray | None) -> None:
        self._guarded, self._now = guarded, 0
        self._before = np.zeros((batch, keys), bool) if before is None else np.repeat(before[None] > 0, batch, 0)
        self._quiet = np.full(batch, REST if before is None else 0)  # frames of silence so far
        self._same = np.zeros(batch, np.int64)  # frames for which the chord has stood
        self._count = np.zeros(batch, np.int64)  # notes
        self._end = np.full(batch, np.inf)  # the frame with which each is over
        self.cost = np.zeros(batch)
        self.ends = np.zeros(batch, np.int64)  # one past the last frame in which each sounds

    @property
    def over(self) -> np.ndarray:
        """(B,) whether all is written but what rings on."""
        return self._end <= self._now

    @property
    def ringing(self) -> np.ndarray:
        """(B, K) the keys that may sound when a piece is over: those that do, for a while."""
        return self._before & (self._now - self._end < RING)[:, None]

    @property
    def must(self) -> np.ndarray:
        """(B,) whether a note must sound in this frame: where a piece begins from nothing, or the guard wants one."""
        return (self._quiet >= REST) & (self._guarded or not self._now) & ~self.over

    def sounds(self, until: Until) -> bool:
        """Whether anything is left to write."""
        self._end = np.where((self._now >= until.frames) & ~self.over, self._now, self._end)
        return bool((~self.over | self.ringing.any(1)).any())

    def share(self, until: Until) -> float:
        """What part of the work is done."""
        done = np.maximum(self._count / until.notes, self._now / until.frames)
        return float(np.where(self.over, 1, np.minimum(done, 1)).min())

    def heard(self, row: np.ndarray, spent: np.ndarray, until: Until) -> np.ndarray:
        """(B, K) the next frame, as the guard leaves it."""
        on = row > 0
        self._same = np.where((on == self._before).all(1), self._same + 1, 0)
        if self._guarded:
            on[self._same >= STAND] = False
        struck, over = (on & ~self._before).sum(1), self.over
        self._now += 1
        self._quiet = np.where(on.any(1), 0, self._quiet + 1)
        self._count += np.where(over, 0, struck)
        self.cost += np.where(over, 0, spent)
        self._end = np.where(~over & (self._count >= until.notes), self._now, self._end)
        self.ends = np.where(on.any(1), self._now, self.ends)
        self._before = on
        return on.astype(np.int64)


def _frame(
    engine: RollEngine, features: np.ndarray, wanted: Control, uniform: np.ndarray, keys: np.ndarray, must: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(B, K) the next frame of each piece, of the ``keys`` it may have, and (B,) nats that the other keys cost."""
    return (_joint if engine.joint else _apart)(engine, features, wanted, uniform, keys, must & keys.any(1))


def _joint(
    engine: RollEngine, features: np.ndarray, wanted: Control, uniform: np.ndarray, keys: np.ndarray, must: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Note by note from the lowest, until each piece says that its frame ends."""
    batch, count = keys.shape
    row, cost, highest = np.zeros((batch, count), np.int64), np.zeros(batch), np.full(batch, -1)
    goes_on, temperature = np.ones(batch, bool), wanted.sampling.temperature_of("pitch")
    for turn in range(count + 1):
        logits = engine.scores(features, row)
        above = np.arange(count + 1) > highest[:, None]
        left = above & np.column_stack([keys, np.ones(batch, bool)])
        cost += np.where(goes_on, log_sum(logits, above) - log_sum(logits, left), 0)
        left[:, -1] &= ~must | (turn > 0)
        note, _ = drawn(logits, wanted.sampling, uniform[:, turn], left, temperature)
        goes_on &= note < count
        if not goes_on.any():
            break
        row[goes_on, note[goes_on]] = 1
        highest = np.where(goes_on, note, highest)
    return row, cost


def _apart(
    engine: RollEngine, features: np.ndarray, wanted: Control, uniform: np.ndarray, keys: np.ndarray, must: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Every key by itself; where a note must sound and none does, the likely ones are drawn from."""
    temperature = wanted.sampling.temperature_of("pitch")
    odds = engine.scores(features, np.zeros(keys.shape, np.int64))
    both = np.stack([np.zeros_like(odds), odds], -1).reshape(-1, 2)
    left = np.stack([np.ones_like(keys), keys], -1).reshape(-1, 2)
    cost = (log_sum(both, np.ones_like(left)) - log_sum(both, left)).reshape(keys.shape).sum(1)
    row, _ = drawn(both, wanted.sampling, uniform[:, :-1].reshape(-1), left, temperature)
    row = row.reshape(keys.shape).astype(np.int64)
    for i in np.flatnonzero(must & ~row.any(1)):
        note, _ = drawn(odds[i : i + 1], wanted.sampling, uniform[i : i + 1, -1], keys[i : i + 1], temperature)
        row[i, note] = 1
    return row, cost


def _keys(wanted: Control, codec: RollCodec) -> np.ndarray:
    """(K,) bool: the keys that key, range and forbidden pitches leave."""
    rules = Rules.of(wanted, NoteCodec())
    pitches = np.ones(128, bool) if rules is None else rules.palette.base
    keys = pitches[codec.lowest : codec.lowest + codec.keys]
    if not keys.any():
        raise OptionError(
            f"key, range and forbid leave none of the {codec.keys} keys of this model, from pitch {codec.lowest} up"
        )
    return keys


def _tempo(wanted: Control, codec: RollCodec, kept: Score | None) -> float:
    """Beats a minute: as said, or as a kept prompt goes on where frames are sixteenths."""
    if wanted.constraints.tempo is not None:
        return wanted.constraints.tempo
    return _TEMPO if kept is None or not codec.beats else 60e6 / int(kept.tempos["tempo"][-1])


def _new(codec: RollCodec, frames: np.ndarray, last: Finish, wanted: Control) -> Score:
    """The music of frames on its instruments, of so many notes as are wanted."""
    music = codec.decode(frames, last.program)
    if wanted.length is not None and wanted.length.notes is not None:
        music = music.select(np.arange(min(wanted.length.notes, len(music))))
    return last.part(music)


def _timed(codec: RollCodec, new: Score, wanted: Control) -> Score:
    """New music at the tempo that is wanted: of a score note for note on the same beats."""
    return at_tempo(new, wanted.constraints.tempo, wanted.constraints.metre) if codec.beats else new


def _after(codec: RollCodec, before: Score, new: Score) -> Score:
    """A kept prompt and what follows, from the first frame after it; of a score on its own beats and at its tempo."""
    frames = len(codec.encode(before))
    if not codec.beats:
        return joined(before, new, frames * codec.frame_ms / 1000)
    notes = new.notes.copy()
    notes["onset"] += frames * TICKS_PER_QUARTER // FRAMES_A_QUARTER
    notes["track"] += len(before.tracks)
    tracks = (*before.tracks, *new.tracks)
    return score(np.concatenate([before.notes, notes]), before.tempos, before.metres, tracks)


def _heard(codec: RollCodec, prompt: Score) -> np.ndarray:
    """(T, K) frames of a prompt from its first note."""
    rows = codec.encode(prompt).astype(np.int64)
    if not rows.any():
        raise OptionError("the prompt has no notes that this model hears (it hears no drums); give one that has")
    return rows[int(rows.any(1).argmax()) :]
