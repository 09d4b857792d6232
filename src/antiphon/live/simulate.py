"""A session in simulated time: a day of playing in minutes, for tests and benchmarks; nothing waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from antiphon.live.events import Due, Heard, NoteOff, NoteOn
from antiphon.live.session import Session
from antiphon.notes import Score

TICK_S = 0.005  # from call to call of a shell that has something to do


def performance(score: Score, start_s: float = 0.0) -> list[tuple[float, Heard]]:
    """The keys of a score as they go down and come up, in order of time."""
    onset_s, end_s = score.onset_s + start_s, score.end_s + start_s
    rows = list(zip(onset_s.tolist(), end_s.tolist(), score.notes, strict=True))
    events: list[tuple[float, Heard]] = [(end_s, NoteOff(int(note["pitch"]))) for _, end_s, note in rows]
    events += [(onset_s, NoteOn(int(note["pitch"]), int(note["velocity"]))) for onset_s, _, note in rows]
    return sorted(events, key=lambda entry: entry[0])  # at one time, ends come before beginnings


def simulate(
    session: Session,
    script: Iterable[tuple[float, Heard]],
    until_s: float,
    *,
    from_s: float = 0.0,
    tick_s: float = TICK_S,
) -> Iterator[Due]:
    """What the session plays from ``from_s`` to ``until_s`` while the script, in order of time, is played to it."""
    events = iter(script)
    coming = next(events, None)
    now_s = from_s
    while now_s <= until_s:
        while coming and coming[0] <= now_s:
            session.hear(coming[1], coming[0])
            coming = next(events, None)
        yield from session.due(now_s)
        times = [until_s + tick_s]
        if coming:
            times.append(coming[0])
        wake_s = session.next_s()
        if wake_s is not None:
            times.append(wake_s)
        now_s = max(min(times), now_s + tick_s)
