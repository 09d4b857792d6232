"""Writes the model's notes ahead of their time, as settings and the player's hands allow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import HELD, NoteCodec
from antiphon.live.grid import Grid
from antiphon.live.keys import Keys
from antiphon.live.lateness import SPARSE_CELLS
from antiphon.live.ledger import Ledger
from antiphon.live.memory import Memory, Note, cell
from antiphon.live.plan import MOST, Plan
from antiphon.live.settings import LiveSettings
from antiphon.live.voice import LiveVoice
from antiphon.live.wishes import LONGEST_REST_CELLS, Chords, Wishes

WORK_S = 0.004  # of composing in one call, once a note is in hand, so that nothing else waits long
QUICK_S = 0.01  # a model that writes a note sooner may begin at once: nobody hears how late that is
BEGIN_S = 0.015  # until a session's first note, if nobody waits for it: it takes longer than those after it
SLIP_CELLS = 1  # a note may belong to a chord that began so long ago
LATE_S = 0.01  # a note composed later than this after its time has missed it
PATIENCE = 0.1  # of the time in hand; so long at most composing waits lest one more slow note make the next one late
FORGET = 0.9  # of the slowest note's time, from note to note
SHORTEST_MS = 50  # of a note that ends with a key already up


class Composer:
    """Has a turn or not; in its turn it keeps the plan filled."""

    def __init__(self, memory: Memory, plan: Plan, keys: Keys, ledger: Ledger, timer: Callable[[], float]) -> None:
        self._memory, self._plan, self._keys = memory, plan, keys
        self._ledger, self._timer = ledger, timer
        self.playing = False
        self.until_ms: int | None = None  # the end of the turn; None: open
        self.exhausted = False  # nothing more fits before that
        self._first_ms: int | None = None  # when the first note shall begin, until it has
        self._decided: float | None = None  # on the stopwatch, until the first note is in hand
        self._sparse_ms = 0  # until then it writes fewer notes
        self._pace_s = 0.0  # what the slowest of the last notes took to write: nothing may begin sooner than that
        self._usual_s = 0.0  # what they took on average
        self._onsets: list[int] = []  # of its last notes
        self._vetoed: list[Note] = []  # not to be written once more
        self._tied: dict[int, list[Note]] = {}  # notes that end with a note of the player's, by its id

    def begin(self, first_ms: int | None, until_ms: int | None) -> None:
        """A turn begins; its first note at ``first_ms``, or when the model likes."""
        self.playing, self.exhausted = True, False
        self._first_ms, self.until_ms = first_ms, until_ms
        self._decided = self._timer()

    def stop(self) -> None:
        """The turn is over; what is planned is not touched."""
        self.playing = self.exhausted = False
        self._first_ms = self.until_ms = self._decided = None

    def entered(self) -> None:
        """A note of the turn sounds."""
        self._first_ms = None

    def delay(self, by_ms: int) -> None:
        """Everything happens later, the end of the turn too."""
        self.until_ms = None if self.until_ms is None else self.until_ms + by_ms

    def thin(self, until_ms: int) -> None:
        """Write fewer notes for a while."""
        self._sparse_ms = until_ms

    def forget(self, after_ms: int = -1) -> None:
        """Take back what is planned for later."""
        self._ledger.count("forgotten", self._plan.forget(after_ms))
        self.exhausted = False

    def veto(self, note: Note) -> None:
        """Take back a planned note, and do not write it again."""
        self._plan.drop([note])
        self._vetoed = [*self._vetoed[1 - MOST :], note]

    def wants(self, now_ms: int, settings: LiveSettings) -> bool:
        """Whether a note should be written now."""
        if not self.playing or self.exhausted or len(self._plan.notes) >= MOST:
            return False
        last_ms = self._plan.last_ms
        return last_ms is None or last_ms < now_ms + settings.ahead_s * 1000

    def compose(
        self, now_ms: int, settings: LiveSettings, chords: Chords, work_s: float, grid: Grid | None = None
    ) -> None:
        """Write until the plan reaches far enough ahead, or so much work was done."""
        began = self._timer()
        while self.wants(now_ms, settings) and self._has_time(now_ms, self._timer() - began, work_s):
            started = self._timer()
            note = self._next(now_ms, settings, chords)
            if grid is not None:
                self._to_grid(note, grid, now_ms, settings)
            self._limit(note, settings)
            if self.until_ms is not None and note.onset_ms >= self.until_ms:
                self._memory.leave()
                self.exhausted = True
                return
            self._keep(note, now_ms + round((self._timer() - began) * 1000), started)
            self._make_room(note, settings)

    def _has_time(self, now_ms: int, worked_s: float, work_s: float) -> bool:
        """Whether there is time for a note: without one in hand always, else if the next one is not due meanwhile."""
        if not self._plan.notes:
            return True
        free_s, in_hand_s = ((self._plan.notes[i].onset_ms - now_ms) / 1000 for i in (0, -1))
        needs_s = self._pace_s
        if self._first_ms is None:  # the less is in hand, the less it may wait: a plan that runs dry is the worst
            needs_s = min(needs_s, max(self._usual_s, in_hand_s * PATIENCE))
        return worked_s < work_s and needs_s < free_s - worked_s

    def settle(self, most: int | None = None) -> bool:
        """Let the model hear what was played, at most so many rows; True when it has heard all."""
        if not self._memory.settled:
            began = self._timer()
            self._memory.settle(most)
            self._ledger.time("model", self._timer() - began)
        return self._memory.settled

    def harmonise(self, played: Note, now_ms: int, settings: LiveSettings, chords: Chords) -> None:
        """Notes with one of the player's, a cell after it and as long as its key is down."""
        first_ms = max(played.onset_ms + 10, now_ms)
        for left in range(settings.voices - 1, -1, -1):
            self.settle()
            started = self._timer()
            cells = cell(first_ms) - cell(self._memory.last_ms or first_ms)
            given = {"step": _step(cells), "duration": HELD}
            wish = self._wish(settings, chords, 0, room=left)
            note = self._draw(settings, wish, given, first_ms)
            self._tied.setdefault(id(played), []).append(note)
            self._keep(note, now_ms, started)
            self._make_room(note, settings)

    def untie(self, played: Note, now_ms: int) -> None:
        """A key is up: what sounds with it ends."""
        for note in self._tied.pop(id(played), []):
            if self._plan.has(note):
                note.off_ms = max(now_ms, note.onset_ms + SHORTEST_MS)
                self._memory.end(note, note.off_ms)

    def _next(self, now_ms: int, settings: LiveSettings, chords: Chords) -> Note:
        soonest_ms = now_ms + round(self._needs_s * 1000)
        entrance_ms = None if self._first_ms is None or self._plan.notes else max(self._first_ms, soonest_ms)
        last_ms = self._memory.last_ms
        if last_ms is None:
            entrance_ms = last_ms = entrance_ms or soonest_ms
        least = self._least(cell(last_ms), cell(soonest_ms), settings)
        if least > LONGEST_REST_CELLS:  # the last note is too long ago to step from it
            entrance_ms = entrance_ms or last_ms + least * CELL_MS
        if entrance_ms is not None:
            given = {"step": _step(cell(entrance_ms) - cell(last_ms))}
            return self._draw(settings, self._wish(settings, chords, 0), given, max(entrance_ms, last_ms))
        return self._draw(settings, self._wish(settings, chords, least), {}, None)

    def _to_grid(self, note: Note, grid: Grid, now_ms: int, settings: LiveSettings) -> None:
        """The note begins and ends on a line. Together with the last one it begins only above it, as codecs order."""
        soonest_ms, last = now_ms + round(self._needs_s * 1000), self._memory.notes[-1] if self._memory.notes else None
        if last is not None:
            least = self._least(cell(last.onset_ms), cell(now_ms), settings)
            soonest_ms = max(soonest_ms, last.onset_ms + least * CELL_MS)
        onset_ms = grid.near(note.onset_ms, soonest_ms)
        if last is not None and cell(onset_ms) == cell(last.onset_ms) and note.pitch <= last.pitch:
            onset_ms = grid.near(note.onset_ms, last.onset_ms + CELL_MS)
        if note.end_ms is not None:
            note.end_ms = grid.near(note.end_ms + onset_ms - note.onset_ms, onset_ms + CELL_MS)
        note.onset_ms, note.row = onset_ms, None

    @property
    def _needs_s(self) -> float:
        """How long from now the next note may begin, so that it is there in time."""
        if self._first_ms is None and not self._onsets:
            return BEGIN_S
        return self._pace_s if self._pace_s > QUICK_S else 0.0

    def _draw(self, settings: LiveSettings, wish: Wishes, given: dict[str, int], entrance_ms: int | None) -> Note:
        given = {"program": settings.program, **given}

        def write(voice: LiveVoice) -> tuple[np.ndarray, int]:
            return voice.draw(settings.sampling, wish, given)

        return self._memory.draw(write, entrance_ms, settings.program)

    def _wish(self, settings: LiveSettings, chords: Chords, least: int, room: int = 0) -> Wishes:
        last = self._memory.notes[-1] if self._memory.notes else None
        return Wishes(
            codec=self._codec,
            settings=settings,
            last_ms=last.onset_ms if last else 0,
            last_pitch=last.pitch if last else 0,
            least_cells=least,
            taken=frozenset(self._keys.down)
            | (frozenset(self._plan.sounding) if room or settings.mode == "harmonise" else frozenset()),
            near=self._keys.near(),
            chords=chords,
            vetoed=self._vetoed,
            full=self._full(settings),
            room=room,
        )

    def _full(self, settings: LiveSettings) -> bool:
        """Whether as many notes as may sound at once begin with the last one."""
        last = cell(self._memory.last_ms or 0)
        return 0 < settings.polyphony <= sum(cell(note.onset_ms) == last for note in self._plan.sounds)

    @property
    def _codec(self) -> NoteCodec:
        return self._memory.codec

    def _least(self, last: int, now: int, settings: LiveSettings) -> int:
        """The least step, in cells: not into the past, and not denser than is wished."""
        least = now - last - SLIP_CELLS
        if now * CELL_MS < self._sparse_ms:
            least = max(least, SPARSE_CELLS)
        if settings.density:
            among = max(round(settings.density), 1)
            if len(self._onsets) >= among:
                least = max(least, cell(self._onsets[-among]) + round(among / settings.density * 100) - last)
        return max(least, 0)

    def _limit(self, note: Note, settings: LiveSettings) -> None:
        """Cut a note that would sound too long, or beyond its turn where bars are traded."""
        ends = [note.onset_ms + round(settings.longest_note_s * 1000)]
        if self.until_ms is not None and settings.mode == "trade":
            ends.append(max(self.until_ms, note.onset_ms + 10))
        if note.end_ms is None or note.end_ms > min(ends):
            note.end_ms, note.row = min(ends), None

    def _make_room(self, note: Note, settings: LiveSettings) -> None:
        """Where too many notes would sound when one begins, those that began first end there."""
        if not settings.polyphony:
            return
        others = [old for old in self._plan.sounds if old is not note and self._plan.end_ms(old) > note.onset_ms]
        too_many = max(len(others) + 1 - settings.polyphony, 0)
        for old in sorted(others, key=lambda one: one.onset_ms)[:too_many]:
            old.off_ms = note.onset_ms
            self._memory.end(old, note.onset_ms)
        self.settle()

    def _keep(self, note: Note, now_ms: int, started: float) -> None:
        self._memory.keep(note)
        self._plan.add(note)
        self._onsets = [*self._onsets[-100:], note.onset_ms]
        finished = self._timer()
        self._pace_s = max(finished - started, self._pace_s * FORGET)
        self._usual_s += (finished - started - self._usual_s) * (1 - FORGET)
        self._ledger.time("note", finished - started)
        self._ledger.count("composed")
        if self._decided is not None:
            self._ledger.time("hand-over", finished - self._decided)
            self._decided = None
        ahead_s = (note.onset_ms - now_ms) / 1000
        self._ledger.time("ahead", ahead_s)
        if ahead_s < -LATE_S:
            self._ledger.count("missed")


def _step(cells: int) -> int:
    """The code of a step."""
    return int(STEP_BINS.index(np.array(max(cells, 0))))
