"""The roll codec: a Score becomes frames of keys, and frames become a Score again.

A frame is a moment; its row has a 1 for every key that sounds then. Of a performance a frame lasts so many
milliseconds; of a score it is a sixteenth, whatever the tempo. Loudness is lost, and so is what falls between frames.
Whether a key is held or struck again is lost too, unless the codec is told to keep it: then a key falls silent for the
frame before it is struck again, if its note has one to spare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from antiphon.codec import Attribute, Note
from antiphon.errors import ModelError, OptionError
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score, from_seconds

NAME = "roll"  # of the codec, in a model's spec
LOWEST, KEYS = 21, 88  # the piano's
ON, START = 1, 2  # codes of a key: 0 silent, 1 sounding, 2 before the first frame
VELOCITY = 80  # of notes that come from a roll, which has none
SIXTEENTH_MS = 125  # at 120 bpm, the tempo of music that has no other
FRAMES_A_QUARTER = 4  # of a score
LONGEST_MS = 10_000


@dataclass(frozen=True)
class RollCodec:
    """Encodes music as frames, one attribute a key: 0 silent, 1 sounding."""

    frame_ms: int = SIXTEENTH_MS
    lowest: int = LOWEST  # MIDI pitch of the first key
    keys: int = KEYS
    beats: bool = False  # frames are sixteenths of a score, whatever its tempo
    struck: bool = False  # a key that is struck again is silent for the frame before

    ends: ClassVar[int] = 0  # no duration points back

    def __post_init__(self) -> None:
        if not 10 <= self.frame_ms <= LONGEST_MS:
            raise OptionError(f"frames of {self.frame_ms} ms are out of range: 10 to {LONGEST_MS}")
        if self.beats and self.frame_ms != SIXTEENTH_MS:
            raise OptionError(f"frames of {self.frame_ms} ms are no sixteenths: leave frame_ms out, or beats")
        if self.lowest < 0 or not 1 <= self.keys <= 128 - self.lowest:
            raise OptionError(f"keys {self.lowest} to {self.lowest + self.keys - 1} are out of range: within 0 to 127")

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """The keys, the lowest first."""
        return tuple(Attribute(f"key{self.lowest + key}", 2) for key in range(self.keys))

    @cached_property
    def column(self) -> dict[str, int]:
        """Where each key stands in a row."""
        return {attribute.name: i for i, attribute in enumerate(self.attributes)}

    @property
    def start_row(self) -> np.ndarray:
        """(K,) the row before the first: one past the last code of each key."""
        return np.full(self.keys, START, np.uint8)

    @cached_property
    def log_cells(self) -> tuple[np.ndarray, ...]:
        """Zeros: a key's code stands for nothing but itself."""
        return (np.zeros(2),) * self.keys

    def spec(self) -> dict[str, Any]:
        """What a model saves to find its codec again."""
        return {"name": NAME, **asdict(self)}

    def encode(self, score: Score) -> np.ndarray:
        """(T, K) uint8 frames of a score, from time 0: a note fills the frames nearest to it, at least one.

        Drums and notes beyond the keys are left out.
        """
        notes = score.notes
        key = notes["pitch"].astype(np.int64) - self.lowest
        heard = (notes["program"] != DRUMS) & (key >= 0) & (key < self.keys)
        start, end = (frames[heard] for frames in self._frames(score))
        return self.fill(start, np.maximum(end, start + 1), key[heard])

    def _frames(self, score: Score) -> tuple[np.ndarray, np.ndarray]:
        """(N,) the frames in which notes begin and before which they end."""
        if self.beats:
            ends = score.notes["onset"].astype(np.int64) + score.notes["duration"]
            times = [ticks * FRAMES_A_QUARTER / TICKS_PER_QUARTER for ticks in (score.notes["onset"], ends)]
        else:
            times = [seconds * 1000 / self.frame_ms for seconds in (score.onset_s, score.end_s)]
        start, end = (np.rint(time).astype(np.int64) for time in times)
        return start, end

    def fill(self, start: np.ndarray, end: np.ndarray, key: np.ndarray) -> np.ndarray:
        """(T, K) uint8 frames in which (N,) keys sound from ``start`` until before ``end``."""
        if self.struck:
            order = np.lexsort((start, key))
            start, end, key = start[order], end[order], key[order]
            last = np.append(start[1:], 0) - 1  # the frame before the same key is struck again
            again = np.append(key[1:] == key[:-1], False) & (end > last) & (last > start)
            end = np.where(again, last, end)
        change = np.zeros((int(end.max(initial=0)) + 1, self.keys), np.int64)
        np.add.at(change, (start, key), 1)
        np.add.at(change, (end, key), -1)
        return (change.cumsum(0)[:-1] > 0).astype(np.uint8)

    def decode(self, rows: np.ndarray, program: int = 0) -> Score:
        """The music of (T, K) frames at 120 bpm: a key's frames without a gap are one note."""
        reader = self.reader(program)
        notes = [note for row in rows for note in reader.push(row)] + reader.push(np.zeros(self.keys))
        columns = np.array([note[:4] for note in notes], np.int64).reshape(-1, 4).T
        return from_seconds(columns[0] / 1000, columns[1] / 1000, columns[2], columns[3], program)

    def reader(self, program: int = 0) -> RollReader:
        """A streaming decoder from the start of a piece."""
        return RollReader(self, program)


class RollReader:
    """Decodes one frame at a time."""

    def __init__(self, codec: RollCodec, program: int = 0) -> None:
        self._codec, self._program = codec, program
        self._frame = 0
        self._since = np.full(codec.keys, -1)  # the frame in which each key that sounds was struck

    def push(self, row: np.ndarray) -> list[Note]:
        """The notes that end where the frame (K,) begins; a frame of silence ends all."""
        on, was = np.asarray(row) == ON, self._since >= 0
        ended = np.flatnonzero(was & ~on)
        since = self._since[ended]
        self._since = np.where(on, np.where(was, self._since, self._frame), -1)
        ms, lowest, now = self._codec.frame_ms, self._codec.lowest, self._frame
        self._frame += 1
        return [
            Note(int(begin) * ms, (now - int(begin)) * ms, lowest + int(key), VELOCITY, self._program)
            for key, begin in zip(ended, since, strict=True)
        ]

    def allowed(self, name: str, row: np.ndarray) -> None:
        """All codes may follow: any set of keys is a chord."""


def struck_notes(rows: np.ndarray) -> int:
    """The notes of (T, K) frames: how often a key sounds that was silent in the frame before."""
    on = np.asarray(rows) == ON
    return int((on[1:] & ~on[:-1]).sum() + on[:1].sum())


def roll_from_spec(spec: Mapping[str, Any]) -> RollCodec:
    """The codec that a model of rolls was trained with; ModelError where this version makes no such frames."""
    try:
        codec = RollCodec(**{name: value for name, value in spec.items() if name != "name"})
        same = codec.spec() == spec
    except (TypeError, OptionError):
        same = False
    if not same:
        raise ModelError(
            f"the model's codec is {dict(spec)}, this version makes {RollCodec().spec()} or the like; install the "
            "version it names"
        )
    return codec
