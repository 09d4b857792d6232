"""A session in time: how soon it answers, whether it ever comes too late, and what a day of playing leaves behind.

The player is a real performance. Three questions, each a table: ``answers`` plays some seconds of it in real time and
hands over, by the key with fingers still down or by falling silent, again and again; ``ahead`` lets the model play
alone in real time; ``day`` plays for hours in simulated time. The session does all its work on one core, the only one
this process may use; under load, every other core is kept busy by a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np

from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Engine
from antiphon.files.midi import read_midi
from antiphon.live.events import Due, HandOver, Heard, NoteOff, NoteOn, Played
from antiphon.live.ledger import Ledger
from antiphon.live.session import Session
from antiphon.live.settings import LiveSettings
from antiphon.live.simulate import TICK_S, performance, simulate
from antiphon.notes import Score
from record import Value, parser, save

PLAYS_S, RELEASES_S, ANSWERS_S = 2.0, 0.4, 1.0  # of a turn of the player; keys still down; of the model's turn
SILENCE_S = 1.5  # within which a phrase is found to be over, as a rule
DAY_PLAYS_S, DAY_TURN_S = 6.0, 60.0  # in simulated time: so long the player plays, of so long
PROMPT_S = 10.0  # heard before the model plays alone
CLICK_BPM = 100.0
PACKAGES = ("antiphon", "numpy", "onnxruntime")
Script = Iterator[tuple[float, Heard]]


def main() -> None:
    """Three tables."""
    options = parser(__doc__ or "", "python benchmarks/live.py lstm-piano --performance maestro/2018/piece.midi")
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--performance", type=Path, required=True, metavar="FILE", help="the MIDI file that is played")
    options.add_argument("--table", nargs="+", choices=TABLES, default=list(TABLES), help="which tables (default: all)")
    options.add_argument("--minutes", type=float, default=10, help="of real time for each row (default: 10)")
    options.add_argument("--hours", type=float, default=24, help="of simulated time (default: 24)")
    options.add_argument("--core", type=int, default=0, help="the core that the session runs on (default: 0)")
    options.add_argument("--load", nargs="+", choices=("no", "yes"), default=["no", "yes"], help="(default: both)")
    args = options.parse_args()
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {args.core})
    engine = open_engine(open_bundle(args.model))
    for name in args.table:
        if name == "day":
            save(args, day(engine, read_midi(args.performance), args.hours), PACKAGES, name)
            continue
        rows = []
        for load in args.load:
            with busy(everywhere - {args.core} if load == "yes" else set()):
                found = TABLES[name](engine, read_midi(args.performance), args.minutes)
            rows.append({"other cores": "loaded" if load == "yes" else "left alone", **found})
        save(args, rows, PACKAGES, name)


@contextmanager
def busy(cores: set[int]) -> Iterator[None]:
    """A block in which these cores have a process each that never rests."""
    spin = (  # of ordinary priority, whatever this process has, and yielding to everybody else
        "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\n"
        "os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))\nos.nice(19)\nparent = os.getppid()\n"
        "while os.getppid() == parent: sum(range(100_000))"
    )
    processes = [subprocess.Popen([sys.executable, "-c", spin, str(core)]) for core in cores]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def answers(engine: Engine, score: Score, minutes: float) -> dict[str, Value]:
    """From the decision to play to the first note: in hand, and on the clock."""
    session = Session(engine, LiveSettings(mode="answer", entrance="now", answer_s=ANSWERS_S + 10))
    script, waits = turns(score), Waits(session)
    play(session, script, minutes * 60, waits)
    ms = np.array(waits.ms)
    counters = session.ledger.counters
    return {
        "answers": len(ms),
        **{f"p{p} ms": float(np.percentile(ms, p)) for p in (50, 95, 99)},
        "max ms": float(ms.max()),
        **{f"heard {name}": value for name, value in times(session.ledger, "input", 50, 99).items()},
        "notes heard": counters["heard"],
        "notes played": counters["sounded"],
        "missed": counters["missed"] + counters["dropped"],
    }


def turns(score: Score) -> Script:
    """A performance in short turns; every other one ends by the key, with all the fingers still down."""
    notes, start_s = cycle(chunks(score, PLAYS_S)), 1.0
    for by_key in cycle((True, False)):
        events = performance(next(notes), start_s)
        down: set[int] = set()
        for at_s, event in events:
            if by_key and at_s >= start_s + PLAYS_S:
                break
            yield at_s, event
            if isinstance(event, NoteOn):
                down.add(event.pitch)
            elif isinstance(event, NoteOff):
                down.discard(event.pitch)
        if by_key:
            yield start_s + PLAYS_S, HandOver()
            yield from ((start_s + PLAYS_S + RELEASES_S, NoteOff(pitch)) for pitch in sorted(down))
            start_s += PLAYS_S + ANSWERS_S
        else:
            start_s = max(start_s + PLAYS_S, events[-1][0]) + SILENCE_S + ANSWERS_S


def chunks(score: Score, length_s: float) -> list[Score]:
    """A performance cut into parts that each begin at 0; empty ones are left out."""
    parts = [score.passage(start, start + length_s) for start in np.arange(0, score.length_s, length_s)]
    return [part for part in parts if len(part)]


class Waits:
    """Watches a session from outside: from each decision to play until the answer's first note is there and due."""

    def __init__(self, session: Session) -> None:
        self._session, self._answers = session, 0
        self._decided_s: float | None = None
        self.ms: list[float] = []

    def __call__(self, began_s: float, due: tuple[Due, ...], now_s: Callable[[], float]) -> None:
        """A call of the session, begun at ``began_s``, has given this."""
        count = self._session.ledger.counters["answers"]
        if count > self._answers:
            self._answers, self._decided_s = count, began_s
        first_s = next((d.due_s for d in due if d.part == "model" and isinstance(d.event, NoteOn)), None)
        if self._decided_s is not None and first_s is not None:
            self.ms.append((max(now_s(), first_s) - self._decided_s) * 1000)
            self._decided_s = None


def ahead(engine: Engine, score: Score, minutes: float) -> dict[str, Value]:
    """The model alone, from the performance's first notes on: whether each note was there in time."""
    session = Session(engine, LiveSettings(mode="continue"), prompt=chunks(score, PROMPT_S)[0])
    began_s = time.process_time()
    play(session, iter(()), minutes * 60, lambda *_: None)
    counters = session.ledger.counters
    return {
        "minutes": minutes,
        "notes": counters["composed"],
        "missed": counters["missed"],
        "dropped": counters["dropped"],
        "late by 10 ms": counters["late"],
        **{f"note {name}": value for name, value in times(session.ledger, "note", 50, 99).items()},
        **{f"sounded late {name}": value for name, value in times(session.ledger, "due", 50, 99).items()},
        "of a core %": (time.process_time() - began_s) / minutes / 60 * 100,
    }


def times(ledger: Ledger, stage: str, *percents: int) -> dict[str, Value]:
    """Percentiles and the largest of a stage."""
    found = ledger.stages[stage]
    return {**{f"p{p} ms": found.percentile(p) for p in percents}, "max ms": found.max_ms}


def play(
    session: Session,
    script: Script,
    for_s: float,
    watch: Callable[[float, tuple[Due, ...], Callable[[], float]], None],
) -> None:
    """The loop of a shell in real time: whatever happens, and what is due when it is due."""
    zero_s = time.perf_counter()

    def clock_s() -> float:
        return time.perf_counter() - zero_s

    coming = next(script, None)
    while (began_s := clock_s()) < for_s:
        while coming and coming[0] <= began_s:
            session.hear(coming[1], coming[0])
            coming = next(script, None)
        due = session.due(began_s)
        watch(began_s, due, clock_s)
        wakes = [session.next_s(), coming[0] if coming else None, began_s + TICK_S]
        time.sleep(max(min(s for s in wakes if s is not None) - clock_s(), 0))
    session.silence()


def day(engine: Engine, score: Score, hours: float) -> list[dict[str, Value]]:
    """Hours of playing and answering with a click, in simulated time; a row for each sixth of them."""
    kept = Kept()
    settings = LiveSettings(mode="answer", entrance="now", click=True, tempo=CLICK_BPM)
    session = Session(engine, settings, played=kept.add, timer=lambda: 0.0)  # work takes no time: the same every time
    script, rows = steady(score, kept), []
    for part in range(6):
        began_s, before = time.perf_counter(), dict(session.ledger.counters)
        from_s, until_s = hours * 600 * part, hours * 600 * (part + 1)
        for due in simulate(session, script, until_s, from_s=from_s):
            kept.sounded(due)
        now = session.ledger.counters
        rows.append(
            {
                "hours": until_s / 3600,
                "notes heard": now["heard"] - before["heard"],
                "notes played": now["sounded"] - before["sounded"],
                "longest note s": kept.longest_s,
                "drift of notes ms": kept.drift_ms,
                "drift of clicks ms": kept.click_ms,
                "memory MB": memory_mb(),
                "minutes of work": (time.perf_counter() - began_s) / 60,
            }
        )
        print(rows[-1], file=sys.stderr)
    for due in session.silence():
        kept.sounded(due)
    rows[-1]["notes that did not end"] = len(kept.down)
    return [{**row, "notes that did not end": row.get("notes that did not end", "")} for row in rows]


def steady(score: Score, kept: Kept) -> Script:
    """The performance, some seconds of it at a time, for ever."""
    start_s = 1.0
    for part in cycle(chunks(score, DAY_PLAYS_S)):
        for at_s, event in performance(part, start_s):
            if isinstance(event, NoteOn):
                kept.expected[event.pitch] = at_s
            yield at_s, event
        start_s += DAY_TURN_S


class Kept:
    """What a recorder and a listener know of a session, in memory that does not grow."""

    def __init__(self) -> None:
        self.expected: dict[int, float] = {}  # when the player struck each key last
        self.down: set[int] = set()  # of the model's notes
        self.drift_ms = self.click_ms = self.longest_s = 0.0

    def add(self, note: Played) -> None:
        """A note that has ended."""
        self.longest_s = max(self.longest_s, note.duration_s or 0)
        if note.part == "player" and abs(note.onset_s - self.expected[note.pitch]) < 1:  # not struck again since
            self.drift_ms = max(self.drift_ms, abs(note.onset_s - self.expected[note.pitch]) * 1000)

    def sounded(self, due: Due) -> None:
        """Something that was due."""
        event = due.event
        if due.part == "click" and isinstance(event, NoteOn):
            off_s = (due.due_s + 30 / CLICK_BPM) % (60 / CLICK_BPM) - 30 / CLICK_BPM
            self.click_ms = max(self.click_ms, abs(off_s) * 1000)
        elif due.part == "model" and isinstance(event, NoteOn):
            self.down.add(event.pitch)
        elif due.part == "model" and isinstance(event, NoteOff):
            self.down.discard(event.pitch)


def memory_mb() -> float:
    """Resident memory of this process in units of 2**20 bytes; Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


TABLES = {"answers": answers, "ahead": ahead, "day": day}

if __name__ == "__main__":
    main()
