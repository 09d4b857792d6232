"""What the model has heard: notes in time, and the voice kept where a fresh one would be that heard just these.

A note is heard when it starts, as held; when it ends, when it is taken back, or when one comes in before it, the voice
goes back to a mark before the first row that changed and hears again what follows. Times are whole milliseconds of the
session; the codec's rounding never adds up, because every step is the difference of two rounded onsets.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import HELD, MOST_ENDS, NoteCodec
from antiphon.generate.voice import Mark
from antiphon.live.events import Part
from antiphon.live.voice import LiveVoice
from antiphon.notes import DRUMS, Score

REACH = 128  # notes back that can still be corrected; a key held longer than that stays held in the model's memory
SLACK = 64  # notes beyond the reach before some are let go: in blocks, so that it costs little
BACKLOG = 1024  # notes not heard yet beyond which the model is too slow for the player, and some are left out
MARKS_BYTES = 2**26  # memory for marks, 64 MiB; a model with a larger state gets fewer marks
REMEMBERED = 1000  # notes of a prompt that are heard, the last of it
_OPEN = 10**15  # ms: after everything


@dataclass(slots=True, eq=False)
class Note:
    """A note of either part."""

    onset_ms: int
    pitch: int
    velocity: int
    end_ms: int | None  # None: the key is still down
    part: Part
    program: int = 0
    row: np.ndarray | None = None  # (A,) as the model drew it, while nothing before it has changed
    off_ms: int | None = None  # when it shall stop sounding, where that is not its end
    settled: bool = False  # too long ago to be corrected


class Memory:
    """Notes in the order of the codec: by 10 ms cell, then pitch."""

    def __init__(self, voice: LiveVoice, notes: Sequence[Note] = ()) -> None:
        self.notes: list[Note] = list(notes)
        self.skipped = 0  # notes that the voice was too slow to hear
        self._start(voice)

    def _start(self, voice: LiveVoice) -> None:
        self._voice = voice
        self._rows: list[np.ndarray] = []  # heard by the voice: of the first notes, all of them once settled
        self._marks: list[Mark | None] = []  # before each of the rows
        self._drawn: Mark | None = None  # where the voice was before the note drawn last
        self._changed = 0  # rows before this one are as they should be
        self._spacing = -(-(REACH + SLACK) * voice.mark_bytes // MARKS_BYTES)  # rows from mark to mark
        self._before_ms: int | None = None  # onset of the last note that was let go

    def replace(self, voice: LiveVoice) -> None:
        """Another voice, fresh, which shall hear the notes that are still here."""
        for note in self.notes:
            note.row, note.settled = None, False
        self._start(voice)

    @property
    def codec(self) -> NoteCodec:
        """The codec of the voice."""
        return self._voice.codec

    @property
    def rows(self) -> np.ndarray:
        """(T, A) the rows that the voice has heard and that can still be corrected, with a few before them."""
        return np.array(self._rows, np.int64).reshape(-1, len(self._voice.codec.attributes))

    @property
    def last_ms(self) -> int | None:
        """The onset of the last note, None before the first."""
        return self.notes[-1].onset_ms if self.notes else self._before_ms

    def add(self, note: Note) -> None:
        """A note that was played, at its place in time."""
        place = len(self.notes)
        while place and _key(self.notes[place - 1]) > _key(note) and not self.notes[place - 1].settled:
            place -= 1
        self.notes.insert(place, note)
        if place < len(self.notes) - 1:
            self._disturb(place)
            self._back(place)

    def end(self, note: Note, end_ms: int) -> None:
        """``note`` ends; the voice is corrected when there is time, see :meth:`settle`."""
        if not note.settled:
            place = self._place(note)
            if note.end_ms is not None:  # what was drawn later may point to the end that it had
                self._disturb(place)
            note.end_ms, note.row = end_ms, None
            self._changed = min(self._changed, place)

    def delay(self, notes: Sequence[Note], by_ms: int) -> None:
        """``notes``, the last of all, begin and end later."""
        self._disturb(self._place(notes[0]))
        self._changed = min(self._changed, self._place(notes[0]))
        for note in notes:
            note.onset_ms += by_ms
            note.end_ms = None if note.end_ms is None else note.end_ms + by_ms

    def remove(self, notes: Sequence[Note]) -> None:
        """Notes that were not heard after all; none of them is settled."""
        for note in notes:
            place = self._place(note)
            del self.notes[place]
            self._disturb(place)
            self._back(place)

    def settle(self, most: int | None = None) -> bool:
        """Let the voice hear up to ``most`` rows that are missing or wrong, or all; True when none is left."""
        self._skip()
        most = sys.maxsize if most is None else most
        while most > 0 and not self.settled:
            if len(self._rows) == len(self.notes):  # corrections wait until everything new was heard
                self._correct()
            most -= self._hear(most)
        self._let_go()
        return self.settled

    @property
    def settled(self) -> bool:
        """Whether the voice has heard just what was played."""
        return len(self._rows) == len(self.notes) <= self._changed

    def draw(
        self, write: Callable[[LiveVoice], tuple[np.ndarray, int]], entrance_ms: int | None = None, program: int = 0
    ) -> Note:
        """A note of the model's that follows all others: :meth:`keep` it or :meth:`leave` it before anything else.

        With ``entrance_ms`` it begins there, whatever its step says.
        """
        assert self.settled
        self._drawn = self._voice.mark()
        row, cells = write(self._voice)
        code = dict(zip(self.codec.column, row.tolist(), strict=True))
        last_ms = self.last_ms or 0
        if entrance_ms is None:  # on the grid of cells, but notes of a chord begin with its first
            onset_ms = max(int(cell(last_ms) + STEP_BINS.middle[code["step"]]) * CELL_MS, last_ms)
        else:
            onset_ms = entrance_ms
        end_ms = (cell(onset_ms) + cells) * CELL_MS if cells else None
        velocity = int(self.codec.values[self.codec.column["velocity"]][code["velocity"]])
        return Note(onset_ms, code["pitch"], velocity, end_ms, "model", program, row)

    def keep(self, note: Note) -> None:
        """The note just drawn is part of the music."""
        self.notes.append(note)
        self._changed = len(self.notes)
        if note.row is None:  # it is not what was drawn
            self.leave()
            self._hear(1)
            return
        self._until_mark(1, self._drawn)
        self._rows.append(note.row)

    def leave(self) -> None:
        """The note just drawn never was."""
        assert self._drawn
        self._voice.rewind(self._drawn)

    def _place(self, note: Note) -> int:
        for place in range(len(self.notes) - 1, -1, -1):
            if self.notes[place] is note:
                return place
        raise AssertionError("the note is not in the memory")

    def _disturb(self, place: int) -> None:
        """What the model drew from here on may stand for something else now: encode it again."""
        for note in self.notes[place:]:
            note.row = None

    def _back(self, place: int) -> None:
        """Let the voice be where it had heard no more than the rows before ``place``."""
        if place >= len(self._rows):
            return
        while self._marks[place] is None:
            place -= 1
        mark = self._marks[place]
        assert mark is not None
        self._voice.rewind(mark)
        del self._rows[place:], self._marks[place:]
        self._changed = min(self._changed, place)

    def _correct(self) -> None:
        """Go back to the first row that is not as it should be."""
        wanted = self._wanted(self._changed)
        for place, row in enumerate(wanted, self._changed):
            if not np.array_equal(row, self._rows[place]):
                self._back(place)
                return
        self._changed = len(self.notes)

    def _hear(self, most: int) -> int:
        """Hear up to ``most`` of the rows that are missing; how many these were."""
        first = len(self._rows)
        missing = self._wanted(first, first + most)
        place = 0
        while place < len(missing):
            run = self._until_mark(len(missing) - place)
            self._voice.listen(missing[place : place + run])
            place += run
        self._rows += list(missing)
        if self._changed >= first:
            self._changed = len(self._rows)
        return len(missing)

    def _until_mark(self, most: int, here: Mark | None = None) -> int:
        """How many rows to hear before the next mark; makes the mark that is due now, of where the voice is."""
        since = 0
        while since < len(self._marks) and self._marks[-1 - since] is None:
            since += 1
        due = since + 1 >= self._spacing or not self._marks
        run = min(self._spacing if due else self._spacing - since - 1, most)
        self._marks += [(here or self._voice.mark()) if due else None] + [None] * (run - 1)
        return run

    def _wanted(self, first: int, stop: int | None = None) -> np.ndarray:
        """(T, A) the rows that the notes from ``first`` to before ``stop`` should be."""
        codec = self._voice.codec
        context = max(first - MOST_ENDS, 0) if codec.ends else first
        notes = self.notes[context:stop]
        onset = np.array([n.onset_ms for n in notes], np.int64)
        # A held note ends later than, and together with, no other.
        end = np.array([_OPEN + i * CELL_MS if n.end_ms is None else n.end_ms for i, n in enumerate(notes)], np.int64)
        before_ms = self.notes[context - 1].onset_ms if context else self._before_ms
        pitch, velocity, program = np.array([(n.pitch, n.velocity, n.program) for n in notes]).reshape(-1, 3).T
        rows = codec.encode_ms(
            onset, np.maximum(end - onset, 1), pitch, velocity, program, previous_ms=before_ms
        ).astype(np.int64)
        for row, note in zip(rows, notes, strict=True):
            if note.row is not None:
                row[:] = note.row
            elif note.end_ms is None:
                row[codec.column["duration"]] = HELD
        return rows[first - context :]

    def _skip(self) -> None:
        """Leave out notes that wait to be heard, all but the last within reach, where there are too many of them."""
        first, stop = len(self._rows), len(self.notes) - REACH
        if len(self.notes) - first <= BACKLOG:
            return
        left_out = [note for note in self.notes[first:stop] if note.part == "player"]
        for note in left_out:
            note.settled = True
        self.skipped += len(left_out)
        self.notes[first:stop] = [note for note in self.notes[first:stop] if not note.settled]

    def _let_go(self) -> None:
        """Forget notes out of reach; the last few of them stay, because a duration may point to them."""
        reach = len(self._rows) - REACH
        if reach <= SLACK + MOST_ENDS:
            return
        mark = max(i for i in range(reach + 1) if self._marks[i] is not None)
        for note, row in zip(self.notes[:mark], self._rows[:mark], strict=True):
            note.settled = True
            if row[self.codec.column["duration"]] == HELD:  # it has ended, but the voice will not hear of that
                note.end_ms = None
        self._marks[:mark] = [None] * mark
        gone = min(mark, reach - MOST_ENDS)
        self._before_ms = self.notes[gone - 1].onset_ms if gone else self._before_ms
        del self.notes[:gone], self._rows[:gone], self._marks[:gone]
        self._changed = max(self._changed, mark) - gone


def cell(time_ms: int) -> int:
    """The 10 ms cell nearest to a time, as the codec rounds."""
    return (time_ms + CELL_MS // 2) // CELL_MS


def _key(note: Note) -> tuple[int, int]:
    return cell(note.onset_ms), note.pitch


def heard_before(prompt: Score) -> list[Note]:
    """The last notes of a prompt, which ends at 0 ms."""
    score = prompt.select(prompt.notes["program"] != DRUMS)
    length_ms = round(score.length_s * 1000)
    onset_ms, end_ms = ((t * 1000).round().astype(int) - length_ms for t in (score.onset_s, score.end_s))
    rows = zip(onset_ms, end_ms, score.notes, strict=True)
    heard = [
        Note(int(onset), int(note["pitch"]), int(note["velocity"]), int(end), "player", int(note["program"]))
        for onset, end, note in rows
    ]
    return sorted(heard[-REMEMBERED:], key=_key)
