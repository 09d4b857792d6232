"""Clicks and MIDI clock ticks on the beat."""

from __future__ import annotations

from antiphon.live.events import Clock, NoteOff, NoteOn
from antiphon.live.pulse import TICKS, Beat

ACCENT, PLAIN = NoteOn(76, 110, 9), NoteOn(77, 80, 9)  # high and low wood block on the drum channel
CLICK_MS = 40  # from the start of a click to its end

Timed = tuple[int, NoteOn | NoteOff | Clock]


class Metronome:
    """Says what is due; what lies further back than the tolerance is left out, not made up for."""

    def __init__(self) -> None:
        self._clicked_ms = self._ticked_ms = -(10**9)
        self._ends: tuple[int, NoteOff] | None = None

    def clicks(self, beat: Beat | None, beats: int, now_ms: int, tolerance_ms: float) -> list[Timed]:
        """Clicks, accented on bar lines, and their ends."""
        due: list[Timed] = []
        if beat:
            time_ms = _next(beat, self._clicked_ms + beat.period_s * 500, now_ms - tolerance_ms)
            if time_ms <= now_ms:
                due += self.stop(time_ms)
                click = PLAIN if beat.number(time_ms / 1000) % beats else ACCENT
                due.append((time_ms, click))
                self._clicked_ms, self._ends = time_ms, (time_ms + CLICK_MS, NoteOff(click.pitch, click.channel))
        if self._ends and self._ends[0] <= now_ms:
            due += self.stop(self._ends[0])
        return due

    def ticks(self, beat: Beat | None, now_ms: int, tolerance_ms: float) -> list[Timed]:
        """Ticks of a MIDI clock."""
        if not beat:
            return []
        tick = Beat(beat.period_s / TICKS, beat.origin_s)
        due: list[Timed] = []
        while (time_ms := _next(tick, self._ticked_ms + tick.period_s * 500, now_ms - tolerance_ms)) <= now_ms:
            due.append((time_ms, Clock()))
            self._ticked_ms = time_ms
        return due

    def stop(self, now_ms: int) -> list[Timed]:
        """End the click that sounds."""
        ends, self._ends = self._ends, None
        return [(now_ms, ends[1])] if ends else []

    def next_ms(self, beat: Beat | None, clicks: bool, ticks: bool, now_ms: int, tolerance_ms: float) -> int | None:
        """When something is due next; in the past by no more than the tolerance."""
        times, from_ms = [self._ends[0]] if self._ends else [], now_ms - tolerance_ms
        if beat and clicks:
            times.append(_next(beat, self._clicked_ms + beat.period_s * 500, from_ms))
        if beat and ticks:
            tick = Beat(beat.period_s / TICKS, beat.origin_s)
            times.append(_next(tick, self._ticked_ms + tick.period_s * 500, from_ms))
        return min(times, default=None)


def _next(beat: Beat, after_ms: float, from_ms: float) -> int:
    return round(beat.after(max(after_ms, from_ms, 0) / 1000) * 1000)  # nothing is due before the session began
