"""The note codec: a Score becomes rows of small integers, one row a note, and rows become a Score again.

A row is ``(program?, step, pitch, velocity, duration)``. The step is the time since the onset of the note before, 0
inside a chord; notes of one 10 ms cell are in order of pitch. The duration comes last and has one more value, HELD: the
key of a live player that is still down. Every row whose values are in range decodes to valid music.

With ``ends`` above 0 the codes after HELD point back: code HELD + j says that the note ends together with the one j
rows before it, to the 10 ms cell, as notes do when a pedal is lifted or a chord is let go: 42 % of MAESTRO's notes do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from antiphon.bins import CELL_MS, DURATION_BINS, STEP_BINS
from antiphon.errors import ModelError
from antiphon.notes import DRUMS, Score, from_seconds

VELOCITY_BINS = 32
VELOCITY_WIDTH = 128 // VELOCITY_BINS
HELD = DURATION_BINS.size  # the duration code of a key that is still down
MOST_ENDS = 32  # notes back that a duration may point to: rows are bytes
_STEP_CELLS, _LENGTHS = STEP_BINS.middle.tolist(), DURATION_BINS.middle.tolist()  # for each code
_TIMES = bytes([True] * HELD + [False])  # which durations a writer may choose of those that are no pointers
_RISING = np.tri(128, k=-1, dtype=bool).T  # row p: the pitches above p
_RISING[127, 127] = True  # nothing is above it, and something must be allowed


class Attribute(NamedTuple):
    """One column of a row: its name and how many codes it has."""

    name: str
    size: int


class Note(NamedTuple):
    """A decoded note as it leaves the streaming reader; times in milliseconds from the start."""

    onset_ms: int
    duration_ms: int | None  # None: held, its end is not known yet
    pitch: int
    velocity: int
    program: int


@dataclass(frozen=True)
class NoteCodec:
    """Encodes notes as rows; with ``programs`` each row begins with its instrument."""

    programs: bool = False
    ends: int = 0  # notes back that a duration may point to; 0: every duration is a time of its own

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """The columns of a row, in the order in which they are predicted."""
        program = (Attribute("program", DRUMS + 1),) if self.programs else ()
        return (
            *program,
            Attribute("step", STEP_BINS.size),
            Attribute("pitch", 128),
            Attribute("velocity", VELOCITY_BINS),
            Attribute("duration", DURATION_BINS.size + 1 + self.ends),
        )

    @cached_property
    def column(self) -> dict[str, int]:
        """Where each attribute stands in a row."""
        return {attribute.name: i for i, attribute in enumerate(self.attributes)}

    @property
    def start_row(self) -> np.ndarray:
        """(A,) the row before the first: one past the last code of each attribute."""
        return np.array([attribute.size for attribute in self.attributes], np.uint8)

    def spec(self) -> dict[str, Any]:
        """What a model saves to find its codec again; see :func:`codec_from_spec`."""
        spec = {"name": "notes", "programs": self.programs, "cell_ms": CELL_MS, "attributes": dict(self.attributes)}
        return {**spec, "ends": self.ends} if self.ends else spec

    def encode(self, score: Score) -> np.ndarray:
        """(N, A) uint8 rows of all notes of ``score``; the first note has step 0."""
        onset_ms, duration_ms = milliseconds(score)
        notes = score.notes
        return self.encode_ms(onset_ms, duration_ms, notes["pitch"], notes["velocity"], notes["program"])

    def encode_ms(
        self,
        onset_ms: np.ndarray,
        duration_ms: np.ndarray,
        pitch: np.ndarray,
        velocity: np.ndarray,
        program: np.ndarray | None = None,
        previous_ms: int | None = None,
    ) -> np.ndarray:
        """(N, A) uint8 rows from whole milliseconds, in any order.

        ``previous_ms`` is the onset of the note before the first, which then has a step of its own.
        """
        if not len(onset_ms):
            return np.empty((0, len(self.attributes)), np.uint8)
        start = _cells(onset_ms)
        end = _cells(np.asarray(onset_ms) + duration_ms)
        order = np.lexsort((pitch, start))
        first = start[order[0]] if previous_ms is None else _cells(np.array(previous_ms))
        start, end = start[order], end[order]
        step, duration = STEP_BINS.index(np.diff(start, prepend=first)), DURATION_BINS.index(end - start)
        columns = {
            "step": step,
            "pitch": np.asarray(pitch)[order],
            "velocity": np.asarray(velocity)[order] // VELOCITY_WIDTH,
            "duration": _pointed(start, end, step, duration, self.ends) if self.ends else duration,
        }
        if self.programs:
            columns["program"] = np.zeros(len(order)) if program is None else np.asarray(program)[order]
        return np.stack([columns[a.name] for a in self.attributes], axis=-1).astype(np.uint8)

    def decode(self, rows: np.ndarray, program: int = 0) -> Score:
        """The music of (N, A) rows, at 120 bpm; ``program`` is the instrument of rows that name none.

        A held note lasts until its pitch is struck again or the last note ends.
        """
        rows = np.asarray(rows, dtype=np.int64).reshape(-1, len(self.attributes))
        step, pitch, velocity, duration = (rows[:, self.column[n]] for n in ("step", "pitch", "velocity", "duration"))
        programs = rows[:, 0] if self.programs else np.full(len(rows), program)
        onset, root = np.cumsum(STEP_BINS.middle[step]), _roots(duration)
        held = duration == HELD
        cells = np.where(duration < HELD, DURATION_BINS.middle[np.minimum(duration, HELD - 1)], 0)
        cells[held] = _held_until(onset, cells, pitch, programs, held) - onset[held]
        cells = (onset + cells)[root] - onset
        return from_seconds(
            onset * CELL_MS / 1000,
            np.maximum(cells, 1) * CELL_MS / 1000,
            pitch,
            velocity * VELOCITY_WIDTH + VELOCITY_WIDTH // 2,
            programs,
        )

    def reader(self, program: int = 0) -> NoteReader:
        """A streaming decoder from the start of a piece."""
        return NoteReader(self, program)

    @cached_property
    def values(self) -> tuple[np.ndarray, ...]:
        """For each attribute, (size,) float32: what a code stands for: seconds for times, else the MIDI number."""
        table = {
            "program": np.arange(DRUMS + 1),
            "step": STEP_BINS.middle * CELL_MS / 1000,
            "pitch": np.arange(128),
            "velocity": np.arange(VELOCITY_BINS) * VELOCITY_WIDTH + VELOCITY_WIDTH // 2,
            "duration": np.pad(DURATION_BINS.middle * CELL_MS / 1000, (0, 1 + self.ends)),
        }
        return tuple(table[a.name].astype(np.float32) for a in self.attributes)

    @cached_property
    def boundaries(self) -> tuple[np.ndarray, ...]:
        """For each attribute, (size+1,) float32 in the units of :attr:`values`: code k covers boundaries[k] to [k+1].

        The outer ones are infinite, so that the whole line is covered; HELD and what points back cover nothing.
        """
        half = CELL_MS / 2000
        table = {a.name: np.arange(a.size + 1) - 0.5 for a in self.attributes}
        table["velocity"] = np.arange(VELOCITY_BINS + 1) * VELOCITY_WIDTH - 0.5
        table["step"] = STEP_BINS.edges * CELL_MS / 1000 - half
        table["duration"] = np.append(DURATION_BINS.edges * CELL_MS / 1000 - half, [np.inf] * (1 + self.ends))
        edges = tuple(table[a.name].astype(np.float32) for a in self.attributes)
        for edge, attribute in zip(edges, self.attributes, strict=True):
            edge[0] = -np.inf
            edge[HELD if attribute.name == "duration" else -1] = np.inf
        return edges

    @cached_property
    def log_cells(self) -> tuple[np.ndarray, ...]:
        """For each attribute, (size,) float64: log of the number of 10 ms cells a code stands for; 0 if it is no time.

        A code's probability is spread evenly over its cells, so this is what a likelihood on the grid subtracts.
        """
        table = {a.name: np.zeros(a.size) for a in self.attributes}
        table["step"] = np.log(STEP_BINS.width)
        table["duration"] = np.pad(np.log(DURATION_BINS.width), (0, 1 + self.ends))
        return tuple(table[a.name] for a in self.attributes)


class NoteReader:
    """Decodes one row at a time and says which codes may come next.

    Plain Python numbers, as for a handful of them arrays are slower. ``copy.copy`` forks it: its list is replaced,
    never changed.
    """

    def __init__(self, codec: NoteCodec, program: int = 0) -> None:
        self._codec = codec
        self._program = program
        self._onset = 0  # cells
        self._pitch = 0  # of the row before: the lowest that may follow within a chord
        self._columns = [codec.column[name] for name in ("step", "pitch", "velocity", "duration")]
        self._ends = [0] * codec.ends  # cells at which the last notes end, the newest first; -1: held

    def push(self, row: np.ndarray) -> Note:
        """The note of one (A,) row; one that points to a held note is held, to one that is over, lasts 10 ms."""
        codes = row.tolist()
        step, self._pitch, velocity, code = [codes[column] for column in self._columns]
        self._onset += _STEP_CELLS[step]
        end = self._onset + _LENGTHS[code] if code < HELD else -1 if code == HELD else self._ends[code - HELD - 1]
        cells = max(end - self._onset, 1)
        if self._ends:
            self._ends = [end if end < 0 else self._onset + cells, *self._ends[:-1]]
        return Note(
            self._onset * CELL_MS,
            None if end < 0 else cells * CELL_MS,
            self._pitch,
            velocity * VELOCITY_WIDTH + VELOCITY_WIDTH // 2,
            codes[0] if self._codec.programs else self._program,
        )

    def lengths(self, row: np.ndarray) -> np.ndarray:
        """(size,) int64: cells that the next note would last with each code of its duration, given its step in ``row``.

        0 where the code is impossible: HELD, and what points to a note that is over.
        """
        onset = self._onset + _STEP_CELLS[row[self._columns[0]]]
        return np.array([*_LENGTHS, 0, *(max(end - onset, 0) for end in self._ends)])

    def allowed(self, name: str, row: np.ndarray) -> np.ndarray | None:
        """Which codes of attribute ``name`` may follow, (size,) bool, or None for all; not to be changed.

        ``row`` holds the attributes already drawn. Notes of a chord rise in pitch; only a live player's notes are held.
        """
        if name == "pitch" and row[self._columns[0]] == 0 and not self._codec.programs:
            return _RISING[self._pitch]
        if name != "duration":
            return None
        onset = self._onset + _STEP_CELLS[row[self._columns[0]]]
        return np.frombuffer(_TIMES + bytes([end > onset for end in self._ends]), bool)


def codec_from_spec(spec: Mapping[str, Any]) -> NoteCodec:
    """The codec a model was trained with; ModelError if this version makes different codes."""
    ends = spec.get("ends", 0)
    codec = NoteCodec(bool(spec.get("programs", False)), ends if ends in range(MOST_ENDS + 1) else 0)
    if spec != codec.spec():
        raise ModelError(
            f"the model's codec is {dict(spec)}, this version makes {codec.spec()}; install the version it names"
        )
    return codec


def milliseconds(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """(N,) onsets and (N,) durations of a score's notes in whole milliseconds, int64."""
    onset_ms = np.rint(score.onset_s * 1000).astype(np.int64)
    return onset_ms, np.rint(score.end_s * 1000).astype(np.int64) - onset_ms


def _cells(time_ms: np.ndarray) -> np.ndarray:
    """The 10 ms cell nearest to each time."""
    return (np.asarray(time_ms, dtype=np.int64) + CELL_MS // 2) // CELL_MS


def _pointed(start: np.ndarray, end: np.ndarray, step: np.ndarray, code: np.ndarray, ends: int) -> np.ndarray:
    """(N,) duration codes in which notes that end with one of the last ``ends`` before them point to the nearest such.

    Long times are rounded to their bins, so a note that sounds in the music may be over in its codes. Nothing points to
    such a note, or a listener who has only the codes could not follow.
    """
    code = code.astype(np.int64)
    plain, onset = code.copy(), np.cumsum(STEP_BINS.middle[step])
    for back in range(min(ends, len(code) - 1), 0, -1):
        together = (end[back:] == end[:-back]) & (end[back:] > start[back:])
        code[back:][together] = HELD + back
    while True:
        root = _roots(code)
        over = (code > HELD) & ((onset + DURATION_BINS.middle[plain])[root] <= onset)
        if not over.any():
            return code
        code[over] = plain[over]


def _roots(code: np.ndarray) -> np.ndarray:
    """(N,) for each duration code the row that says when the note ends: its own, or the one it points to in the end.

    A pointer to before the first row stands for itself.
    """
    row = np.arange(len(code))
    root = np.where(code > HELD, row - (code - HELD), row)
    root = np.where(root < 0, row, root)
    while not np.array_equal(further := root[root], root):
        root = further
    return root


def _held_until(
    onset: np.ndarray, cells: np.ndarray, pitch: np.ndarray, program: np.ndarray, held: np.ndarray
) -> np.ndarray:
    """The cell at which each held note ends: its pitch is struck again, or the last note of all ends."""
    last = int((onset + np.maximum(cells, 1)).max(initial=0))
    ends = np.full(len(onset), last)
    order = np.lexsort((np.arange(len(onset)), program, pitch))  # notes of one key together, in time
    same = (np.diff(pitch[order]) == 0) & (np.diff(program[order]) == 0)
    ends[order[:-1][same]] = onset[order[1:][same]]
    return ends[held]
