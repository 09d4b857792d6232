"""The chord codec: a Score becomes rows of small integers, one row a chord, and rows become a Score again.

A row is ``(step, velocity, pitch 1, duration 1, … pitch K, duration K)``: the time since the chord before, how loud all
of its notes are, and the notes from the highest down; after the last one stands STOP. Times have the bins of the
note codec. What is a chord depends on the music. Of a performance it is the notes that begin within 50 ms of the first
of them, and time is counted in cells of 10 ms. Of a score it is what sounds on a beat where anything begins, and time
is counted in beats; one is half a second, whatever the tempo.

What a row does not say is lost: how loud each note of a chord is beside the others, which comes first within the 50 ms,
notes beyond K (the highest and the lowest are kept), and, of a score, what lies between its beats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from antiphon.bins import CELL_MS, DURATION_BINS, STEP_BINS
from antiphon.codec import (
    VELOCITY_BINS,
    VELOCITY_WIDTH,
    Attribute,
    NoteCodec,
    codec_from_spec,
    milliseconds,
)
from antiphon.errors import ModelError
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score, from_seconds
from antiphon.rolls import NAME as ROLL
from antiphon.rolls import RollCodec, roll_from_spec

NAME = "chords"  # of the codec, in a model's spec
STOP = 128  # the pitch code that says that a chord has no further note
NONE = DURATION_BINS.size  # the duration code of a note that there is not
APART_MS = 50  # notes that begin so soon after the first one of a chord belong to it
BEAT_MS = 500  # a beat of a score
MOST_NOTES = 16  # of a chord
_SOON = 8  # the part of a beat by which a note of a score may miss it


class Chords(NamedTuple):
    """N chords of up to K notes, in order of time; whole milliseconds."""

    onset_ms: np.ndarray  # (N,)
    velocity: np.ndarray  # (N,) of all notes of a chord, 1 to 127
    pitch: np.ndarray  # (N, K) falling; -1 after the last note
    duration_ms: np.ndarray  # (N, K) from the chord's onset; 0 after the last note
    dropped: int = 0  # notes that had no place: beyond K, doubled, or between beats

    @property
    def notes(self) -> int:
        """All notes of all chords."""
        return int((self.pitch >= 0).sum())


@dataclass(frozen=True)
class ChordCodec:
    """Encodes chords of up to ``notes`` notes as rows; with ``beats`` those of a score, else of a performance."""

    notes: int = 6  # of MAESTRO's validation notes 0.65 % are beyond; with 8 it would be 0.06 %
    beats: bool = False

    ends: ClassVar[int] = 0  # no duration points back

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """The columns of a row, in the order in which they are predicted."""
        notes = [
            Attribute(f"{name}{i}", size)
            for i in range(1, self.notes + 1)
            for name, size in (("pitch", STOP + 1), ("duration", NONE + 1))
        ]
        return (Attribute("step", STEP_BINS.size), Attribute("velocity", VELOCITY_BINS), *notes)

    @property
    def start_row(self) -> np.ndarray:
        """(A,) the row before the first: one past the last code of each attribute."""
        return np.array([attribute.size for attribute in self.attributes], np.uint8)

    @property
    def cell_ms(self) -> int:
        """The unit of time of the rows."""
        return BEAT_MS if self.beats else CELL_MS

    def spec(self) -> dict[str, Any]:
        """What a model saves to find its codec again; see :func:`rows_from_spec`."""
        times = {"cell_ms": self.cell_ms} if self.beats else {"cell_ms": self.cell_ms, "apart_ms": APART_MS}
        said = {"name": NAME, "notes": self.notes, "beats": self.beats, **times}
        return {**said, "attributes": dict(self.attributes)}

    @cached_property
    def log_cells(self) -> tuple[np.ndarray, ...]:
        """For each attribute, (size,) float64: log of the number of cells a code stands for; 0 if it is no time.

        As in :class:`~antiphon.codec.NoteCodec`, so that likelihoods have the same unit.
        """
        step, velocity = np.log(STEP_BINS.width), np.zeros(VELOCITY_BINS)
        pitch, duration = np.zeros(STOP + 1), np.append(np.log(DURATION_BINS.width), 0.0)
        return (step, velocity, *(pitch, duration) * self.notes)

    def chords(self, music: Score) -> Chords:
        """The chords of a score, without its drums."""
        heard = music.select(music.notes["program"] != DRUMS)
        if self.beats:
            return by_beat(heard, self.notes)
        return by_onset(*milliseconds(heard), heard.notes["pitch"], heard.notes["velocity"], self.notes)

    def encode(self, music: Score) -> np.ndarray:
        """(N, A) uint8 rows of a score's chords; the first has step 0."""
        return self.rows(self.chords(music))

    def rows(self, chords: Chords, previous_ms: int | None = None) -> np.ndarray:
        """(N, A) uint8 rows of chords; ``previous_ms`` is the onset of the chord before the first."""
        onset = self._cells(chords.onset_ms)
        rows = np.empty((len(onset), len(self.attributes)), np.uint8)
        if not len(onset):
            return rows
        first = onset[0] if previous_ms is None else self._cells(np.array(previous_ms))
        there = chords.pitch >= 0
        length = self._cells(chords.onset_ms[:, None] + chords.duration_ms) - onset[:, None]
        rows[:, 0] = STEP_BINS.index(np.diff(onset, prepend=first))
        rows[:, 1] = chords.velocity // VELOCITY_WIDTH
        rows[:, 2::2] = np.where(there, chords.pitch, STOP)
        rows[:, 3::2] = np.where(there, DURATION_BINS.index(length), NONE)
        return rows

    def _cells(self, time_ms: np.ndarray) -> np.ndarray:
        """The cell nearest to each time."""
        return (np.asarray(time_ms, np.int64) + self.cell_ms // 2) // self.cell_ms

    def read(self, rows: np.ndarray) -> Chords:
        """The chords of (N, A) rows; what stands after a STOP is nothing."""
        rows = np.asarray(rows, np.int64).reshape(-1, len(self.attributes))
        pitch, duration = rows[:, 2::2], rows[:, 3::2]
        there = np.logical_and.accumulate(pitch < STOP, axis=1)
        length_ms = DURATION_BINS.middle[np.minimum(duration, NONE - 1)] * self.cell_ms
        return Chords(
            onset_ms=np.cumsum(STEP_BINS.middle[rows[:, 0]]) * self.cell_ms,
            velocity=rows[:, 1] * VELOCITY_WIDTH + VELOCITY_WIDTH // 2,
            pitch=np.where(there, pitch, -1),
            duration_ms=np.where(there, length_ms, 0),
        )

    def decode(self, rows: np.ndarray, program: int = 0) -> Score:
        """The music of (N, A) rows, at 120 bpm: the notes of each chord begin together."""
        return as_score(self.read(rows), program)

    def allowed(self, index: int, rows: np.ndarray) -> np.ndarray | None:
        """Which codes of attribute ``index`` may follow ``rows[:, :index]`` (B, A), as (B, V) bool; None for all.

        Pitches fall, a chord has at least one note, and after STOP nothing comes. Chords of a performance are more than
        50 ms apart, of a score a beat at least; the first step of a piece counts for nothing.
        """
        if index == 0:
            late = np.arange(STEP_BINS.size) >= (1 if self.beats else APART_MS // CELL_MS + 1)
            return np.broadcast_to(late, (len(rows), STEP_BINS.size))
        if index == 1:
            return None
        if index % 2:
            there = rows[:, index - 1, None] < STOP
            return there == (np.arange(NONE + 1) < NONE)
        code = np.arange(STOP + 1)
        if index == 2:
            return np.broadcast_to(code < STOP, (len(rows), STOP + 1))
        above = np.asarray(rows[:, index - 2, None], np.int64)
        return (code == STOP) | ((code < above) & (above < STOP))


def rows_from_spec(spec: Mapping[str, Any]) -> NoteCodec | ChordCodec | RollCodec:
    """The codec a model was trained with, whatever its rows are; ModelError if this version makes different codes."""
    if spec.get("name") == ROLL:
        return roll_from_spec(spec)
    if spec.get("name") != NAME:
        return codec_from_spec(spec)
    notes = spec.get("notes")
    codec = ChordCodec(notes if isinstance(notes, int) and 1 <= notes <= MOST_NOTES else 1, bool(spec.get("beats")))
    if spec != codec.spec():
        raise ModelError(
            f"the model's codec is {dict(spec)}, this version makes {codec.spec()}; install the version it names"
        )
    return codec


def by_onset(
    onset_ms: np.ndarray, duration_ms: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, most: int
) -> Chords:
    """The chords of a performance, (notes,) arrays in any order: what begins within 50 ms of a chord's first note."""
    order = np.argsort(onset_ms, kind="stable")
    onset = np.asarray(onset_ms, np.int64)[order]
    end = onset + np.asarray(duration_ms, np.int64)[order]
    reach = np.searchsorted(onset, onset + APART_MS, side="right")
    first = [0] if len(onset) else []
    while first and (following := int(reach[first[-1]])) < len(onset):
        first.append(following)
    begins = np.zeros(len(onset), np.int64)
    begins[first] = 1
    chord = np.cumsum(begins) - 1
    return _gathered(onset[first], chord, np.asarray(pitch)[order], end, np.asarray(velocity)[order], most)


def by_beat(music: Score, most: int) -> Chords:
    """The chords of a score: all that sounds on a beat where any of it begins, until the next such beat or its end."""
    lines, beat = _beats(music)
    notes = music.notes
    soon = notes["onset"].astype(np.int64) - beat // _SOON
    late = notes["onset"].astype(np.int64) + notes["duration"] - beat // _SOON
    first, last = np.searchsorted(lines, soon), np.searchsorted(lines, late)  # sounds on the beats [first, last)
    on_beat = first < last
    struck = np.unique(first[on_beat])
    low, high = np.searchsorted(struck, first), np.searchsorted(struck, last)
    count = np.where(on_beat, high - low, 0)
    which = np.repeat(np.arange(len(notes)), count)  # a note stands in every chord that it sounds in
    chord = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + low[which]
    following = np.append(struck[1:], np.iinfo(np.int32).max)
    end = np.minimum(last[which], following[chord]) * BEAT_MS
    made = _gathered(struck * BEAT_MS, chord, notes["pitch"][which], end, notes["velocity"][which], most)
    return made._replace(dropped=made.dropped + int((~on_beat).sum()))


def _beats(music: Score) -> tuple[np.ndarray, int]:
    """The ticks of all beats of a score, and the shortest beat; in 6/8, 9/8 and 12/8 three quavers are a beat."""
    end = int((music.notes["onset"].astype(np.int64) + music.notes["duration"]).max(initial=0)) + 1
    lines: list[int] = []
    beats = []
    until = [*music.metres["tick"][1:].tolist(), end]
    for (tick, numerator, denominator), stop in zip(music.metres.tolist(), until, strict=True):
        compound = denominator >= 8 and numerator > 3 and numerator % 3 == 0
        beats.append(TICKS_PER_QUARTER * 4 // denominator * (3 if compound else 1))
        lines += range(tick, min(stop, end), beats[-1])
    return np.array(lines, np.int64), min(beats)


def _gathered(
    onset_ms: np.ndarray, chord: np.ndarray, pitch: np.ndarray, end_ms: np.ndarray, velocity: np.ndarray, most: int
) -> Chords:
    """Notes, each with the index of its chord, as chords; of doubled pitches the longest note stays."""
    pitch = pitch.astype(np.int64)
    order = np.lexsort((-end_ms, -pitch, chord))
    chord, pitch, end_ms, velocity = (x[order] for x in (chord, pitch, end_ms, velocity))
    doubled = (np.diff(chord, prepend=-1) == 0) & (np.diff(pitch, prepend=-1) == 0)
    chord, pitch, end_ms, velocity = (x[~doubled] for x in (chord, pitch, end_ms, velocity))
    size = np.bincount(chord, minlength=len(onset_ms))
    rank = np.arange(len(chord)) - (np.cumsum(size) - size)[chord]
    kept = (rank < most - 1) | (rank == size[chord] - 1)  # the highest, and the lowest
    place = chord[kept], np.minimum(rank[kept], most - 1)
    pitches = np.full((len(onset_ms), most), -1)
    durations = np.zeros((len(onset_ms), most), np.int64)
    pitches[place] = pitch[kept]
    durations[place] = np.maximum(end_ms[kept] - onset_ms[place[0]], 1)
    loud = np.bincount(place[0], velocity[kept], len(onset_ms)) / np.maximum(np.bincount(place[0]), 1)
    dropped = int(doubled.sum() + (~kept).sum())
    return Chords(onset_ms, np.rint(loud).astype(np.int64), pitches, durations, dropped)


def as_score(chords: Chords, program: int = 0) -> Score:
    """Chords as music at 120 bpm, the notes of each beginning together."""
    chord, place = np.nonzero(chords.pitch >= 0)
    return from_seconds(
        chords.onset_ms[chord] / 1000,
        chords.duration_ms[chord, place] / 1000,
        chords.pitch[chord, place],
        chords.velocity[chord],
        program,
    )
