"""Constraints at work: for each attribute of the next note, which codes may be drawn.

Attributes are drawn in the order step, pitch, velocity, duration. A step is allowed only where some pitch will be, and
a step or duration only where the pulse of ``bounds.py`` stays possible, so that at every draw some code is left: no
piece gets stuck. Everything is a function of the arrays of a Ledger; pieces of a batch do not meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from antiphon.codec import HELD, VELOCITY_BINS, VELOCITY_WIDTH, NoteCodec
from antiphon.generate.bounds import Bound, Density, Polyphony, Spacing
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.ledger import DRONE, LAST, NOTE, Ledger, pushed
from antiphon.generate.palette import Palette
from antiphon.generate.plan import Plan, plan
from antiphon.generate.timeline import FAR, Timeline


@dataclass(frozen=True)
class Rules:
    """The constraints of a control, ready to use. B pieces, V codes of an attribute."""

    control: Control
    codec: NoteCodec

    @classmethod
    def of(cls, control: Control, codec: NoteCodec) -> Rules | None:
        """None where nothing is asked for. Raises OptionError, before any note, where two options contradict."""
        if not control.asks_for_rules:
            return None
        rules = cls(control, codec)
        rules.palette.check()
        assert rules.plan.pulse.step > 0
        return rules

    @cached_property
    def timeline(self) -> Timeline:
        """Units and the grid."""
        return Timeline(self.control.constraints)

    @cached_property
    def palette(self) -> Palette:
        """Which pitches sound when."""
        return Palette(self.control.constraints, self.timeline, self.control.ending)

    @cached_property
    def plan(self) -> Plan:
        """The constraints on time."""
        return plan(self.timeline, self.control.length, self.control.ending)

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        """The rules about time that hold all along."""
        p, t, c = self.plan, self.timeline, self.control.constraints
        made: list[Bound] = [Spacing(p.step_min, p.step_max)]
        if p.voices:
            made.append(Polyphony(p.voices, p.pulse))
        if p.most:
            made.append(Density(0, p.most, t.at_least(c.density_window_s), p.pulse))
        if p.least:
            made.append(Density(p.least, 0, t.at_most(c.density_window_s), p.pulse))
        return tuple(made)

    @cached_property
    def timed(self) -> bool:
        """Whether exact times are kept. Rules about pitch alone need none, and are several times faster."""
        c = self.control.constraints
        alone = Constraints(key=c.key, pitch_low=c.pitch_low, pitch_high=c.pitch_high, forbidden=c.forbidden)
        return self.control.ending is not None or c != alone

    def start(self, batch: int) -> Ledger:
        """Nothing written yet."""
        past = max(self.plan.least, self.plan.most, 1)
        zero, no = np.zeros(batch, np.int64), np.zeros(batch, bool)
        return Ledger(
            fresh=~no, count=zero, time=zero, pitch=zero - 1, chord=np.zeros((batch, 128), bool), rest=zero,
            onsets=np.full((batch, past), -FAR), ends=np.full((batch, self.plan.voices), -FAR),
            pointed=np.full((batch, self.codec.ends), -FAR), began=zero, strike=zero, struck=zero, done=no,
            role=zero, now=zero, end=zero, velocity=zero,
        )  # fmt: skip

    def codes(self, name: str, ledger: Ledger) -> tuple[np.ndarray | None, np.ndarray | None]:
        """For an attribute, (B, V) the exact time that each code would mean, and (B, V) bool which may be drawn."""
        if name == "step":
            return self.steps(ledger) if self.timed else (None, self._rising(ledger))
        if name == "duration" and self.timed:
            return self.ends(ledger)
        if name == "pitch":
            return None, self.pitches(ledger)
        if name == "velocity" and self.velocities is not None:
            return None, np.broadcast_to(self.velocities, (len(ledger.time), len(self.velocities)))
        return None, None

    # The step.

    def steps(self, ledger: Ledger) -> tuple[np.ndarray, np.ndarray]:
        """(B, V) the exact onset that each code of the step would mean, and which may be drawn."""
        first, last, middle = self.timeline.steps
        earliest, latest = self._onset(ledger)
        time, half = ledger.time[:, None], self.timeline.half
        begin = time + ledger.rest[:, None]
        low, high = begin + first - half, begin + last + half
        low[:, 0] = high[:, 0] = ledger.time  # together with the note before
        onset, allowed = self.timeline.on_grid(
            np.maximum(low, earliest[:, None]), begin + middle, np.minimum(high, latest[:, None])
        )
        if ledger.fresh.any():
            onset, allowed = np.where(ledger.fresh[:, None], 0, onset), allowed | ledger.fresh[:, None]
        if not self.codec.programs:  # no pitch begins twice at one onset, and codes 0 mean that pitches rise
            free = self._pitches_at(ledger, ledger.time) & ~ledger.chord
            allowed[:, 0] &= ~ledger.fresh | (ledger.pitch < 0)
            allowed[:, 0] &= (free & (np.arange(128) > ledger.pitch[:, None])).any(1)
            allowed[:, 1:] &= (onset[:, 1:] > time) | free.any(1)[:, None] | ledger.fresh[:, None]
        if ledger.struck.any():
            onset = np.where(ledger.struck[:, None] > 0, time, onset)
            allowed = np.where(ledger.struck[:, None] > 0, np.arange(len(middle)) == 0, allowed)
        return onset, allowed | ledger.done[:, None]

    def _rising(self, ledger: Ledger) -> np.ndarray | None:
        """(B, V) which steps may be drawn where times do not matter: 0 only if a pitch is left; None for all."""
        stuck = ledger.pitch >= 127 - self.palette.base[::-1].argmax()
        if self.codec.programs or not stuck.any():
            return None
        return ~stuck[:, None] | (np.arange(len(self.timeline.steps[0])) > 0)

    def _onset(self, ledger: Ledger) -> tuple[np.ndarray, np.ndarray]:
        """(B,) the earliest and the latest onset of the next note."""
        earliest, latest = ledger.time, np.full(len(ledger.time), FAR)
        for bound in self.bounds:
            early, late = bound.onset(ledger)
            earliest, latest = np.maximum(earliest, early), np.minimum(latest, late)
        earliest = self.timeline.up(earliest)
        # What was written leaves the pulse open; only what somebody else played can make the next note late.
        latest = np.maximum(latest, earliest)
        if self._closes_in_time:
            latest = np.where(ledger.count > 0, np.minimum(latest, self._close(ledger)), latest)
        return earliest, latest

    @property
    def _closes_in_time(self) -> bool:
        return self.control.ending is not None and self.plan.length < FAR

    def over(self, ledger: Ledger) -> np.ndarray:
        """(B,) when the piece is over: so long after its first note, at a bar line where bars are asked for."""
        length = self.control.length
        if length is not None and length.bars is not None:
            bar = int(self.timeline.bar) if self.timeline.period > 1 else self.timeline.bar
            return np.rint((np.ceil(ledger.began / bar - 1e-9) + length.bars) * bar).astype(np.int64)
        return self.timeline.down(ledger.began + self.plan.length)

    def _close(self, ledger: Ledger) -> np.ndarray:
        """(B,) the latest onset of the closing note."""
        return self.timeline.down(self.over(ledger) - self.plan.hold)

    def _last(self, ledger: Ledger, now: np.ndarray) -> np.ndarray:
        """(B,) whether a note with onset ``now`` is the closing one: the pulse has no room for another."""
        if self.control.ending is None:
            return np.zeros(len(now), bool)
        last = ledger.count >= self.plan.notes - 1
        if self._closes_in_time:
            last = last | ((ledger.count > 0) & (now > self._close(ledger) - self.plan.pulse.step))
        return last

    def _pitches_at(self, ledger: Ledger, now: np.ndarray) -> np.ndarray:
        """(B, 128) bool: what may begin at ``now``."""
        moment = self.palette.moment(now)
        return np.where(self._last(ledger, now)[:, None], self.palette.closing[moment], self.palette.sets[moment])

    def begun(self, ledger: Ledger, onset: np.ndarray, code: np.ndarray) -> Ledger:
        """The ledger once (B,) codes of the step are chosen from :meth:`steps`: what the note at hand is, and when."""
        now, half = _chosen(onset, code), self.timeline.half
        played = ledger.time + ledger.rest + self.timeline.steps[2][code]
        rest = np.where(ledger.fresh | (ledger.struck > 0), 0, np.clip(played - now, -half, half))
        last = self._last(ledger, now)
        role = np.where(last, LAST, NOTE)
        count = len(self.palette.drone)
        if count:
            due = (ledger.struck == 0) & (now >= ledger.strike) & (ledger.count + count + 1 < self.plan.notes)
            under_way = (ledger.struck > 0) & (ledger.struck < count)
            role = np.where(~last & (due | under_way), DRONE, role)
        return ledger.with_(now=now, role=role, rest=rest, began=np.where(ledger.count == 0, now, ledger.began))

    # Pitch, velocity and duration.

    def pitches(self, ledger: Ledger) -> np.ndarray:
        """(B, 128) bool."""
        if not self.timed:
            return np.broadcast_to(self.palette.base, (len(ledger.time), 128))
        moment = self.palette.moment(ledger.now)
        allowed = np.where((ledger.role == LAST)[:, None], self.palette.closing[moment], self.palette.sets[moment])
        if not self.codec.programs:
            allowed = allowed & ~(ledger.chord & ((ledger.now == ledger.time) & ~ledger.fresh)[:, None])
        drone = self.palette.drone
        if len(drone):
            own = np.arange(128) == drone[np.minimum(ledger.struck, len(drone) - 1)][:, None]
            allowed = np.where((ledger.role == DRONE)[:, None], own, allowed)
        return allowed | ledger.done[:, None]

    @cached_property
    def velocities(self) -> np.ndarray | None:
        """(V,) bool: bins that reach into the range; None for all."""
        c = self.control.constraints
        if (c.velocity_low, c.velocity_high) == (1, 127):
            return None
        low = np.arange(VELOCITY_BINS) * VELOCITY_WIDTH
        return (low + VELOCITY_WIDTH - 1 >= c.velocity_low) & (low <= c.velocity_high)

    def ends(self, ledger: Ledger) -> tuple[np.ndarray, np.ndarray]:
        """(B, V) the exact end that each code of the duration would mean, and which may be drawn."""
        first, last, middle = self.timeline.durations
        soonest, latest = self._end(ledger)
        now, half = ledger.now[:, None], self.timeline.half
        begin = now + ledger.rest[:, None]
        high = np.maximum(begin + last + half, self.timeline.up(now + 1) if half else 0)  # the shortest last to a line
        end, allowed = self.timeline.on_grid(
            np.maximum(begin + first - half, soonest[:, None]), begin + middle, np.minimum(high, latest[:, None])
        )
        held = np.zeros((len(now), 1), bool)
        pointed = ledger.pointed
        fits = (pointed >= soonest[:, None]) & (pointed <= latest[:, None]) & (self.timeline.up(pointed) == pointed)
        end, allowed = np.concatenate([end, now, pointed], 1), np.concatenate([allowed, held, fits], 1)
        return end, allowed | ledger.done[:, None]

    def _end(self, ledger: Ledger) -> tuple[np.ndarray, np.ndarray]:
        """(B,) the soonest and the latest end of the note at hand."""
        p, now = self.plan, ledger.now
        soonest, latest = self.timeline.up(now + p.duration_min), now + p.duration_max
        for bound in self.bounds:
            latest = np.minimum(latest, bound.end(ledger))
        if self.control.ending is not None:
            held = self.timeline.up(now + p.hold)
            over = self.over(ledger) if self._closes_in_time else np.maximum(held, now + p.duration_max)
            last = ledger.role == LAST
            soonest = np.where(last, over if self._closes_in_time else held, soonest)
            latest = np.where(last, over, np.minimum(latest, over) if self._closes_in_time else latest)
        struck = (now // p.drone + 1) * p.drone
        if self._closes_in_time:
            struck = np.minimum(struck, self.over(ledger))
        drone = ledger.role == DRONE
        soonest, latest = np.where(drone, struck, soonest), np.where(drone, struck, latest)
        return soonest, np.maximum(latest, soonest)

    def ended(self, ledger: Ledger, end: np.ndarray, code: np.ndarray) -> Ledger:
        """The ledger once (B,) codes of the duration are chosen from :meth:`ends`."""
        return ledger.with_(end=_chosen(end, code))

    def written(self, ledger: Ledger, rows: np.ndarray) -> Ledger:
        """The ledger with the note at hand in it, all of its (B, A) row chosen."""
        column = self.codec.column
        if not self.timed:
            return ledger.with_(pitch=rows[:, column["pitch"]])
        c = self.control.constraints
        velocity = rows[:, column["velocity"]] * VELOCITY_WIDTH + VELOCITY_WIDTH // 2
        drone, count = ledger.role == DRONE, len(self.palette.drone)
        strike = np.where(drone, (ledger.now // self.plan.drone + 1) * self.plan.drone, ledger.strike)
        return self._after(ledger, rows, ledger.now, ledger.end, ~drone).with_(
            count=ledger.count + 1,
            strike=strike,
            struck=np.where(drone, ledger.struck + 1, 0) if count else ledger.struck,
            done=ledger.done | (ledger.role == LAST),
            velocity=np.clip(velocity, c.velocity_low, c.velocity_high),
        )

    def _after(self, ledger: Ledger, rows: np.ndarray, now: np.ndarray, end: np.ndarray, counts: np.ndarray) -> Ledger:
        """The ledger after a note; ``counts`` (B,) says whether the bounds are about it."""
        onsets = np.where(counts[:, None], pushed(ledger.onsets, now), ledger.onsets)
        ends = ledger.ends
        if ends.shape[1]:
            merged = -np.sort(-np.concatenate([ends, end[:, None]], 1), axis=1)[:, :-1]
            ends = np.where(counts[:, None], merged, ends)
        pitch = rows[:, self.codec.column["pitch"]]
        chord = ledger.chord & ((now == ledger.time) & ~ledger.fresh)[:, None]
        return ledger.with_(
            fresh=np.zeros_like(ledger.fresh), time=now, pitch=pitch, chord=chord | (np.arange(128) == pitch[:, None]),
            onsets=onsets, ends=ends, pointed=pushed(ledger.pointed, end),
        )  # fmt: skip

    def heard(self, ledger: Ledger, rows: np.ndarray, *, counts: bool) -> Ledger:
        """The ledger after (B, A) rows that were not written; with ``counts`` the piece goes on from them."""
        if not counts or not self.timed:
            return ledger.with_(pitch=rows[:, self.codec.column["pitch"]])
        rows = np.asarray(rows, np.int64)
        middle = self.timeline.steps[2][rows[:, self.codec.column["step"]]]
        now = np.where(ledger.fresh, 0, ledger.time + middle)
        code = rows[:, self.codec.column["duration"]]
        end = now + self.timeline.durations[2][np.minimum(code, HELD - 1)]
        if self.codec.ends:
            back = np.clip(code - HELD - 1, 0, self.codec.ends - 1)
            end = np.where(code > HELD, np.take_along_axis(ledger.pointed, back[:, None], 1)[:, 0], end)
        end = np.where(code == HELD, now, end)  # its end is not known, so nothing waits for it
        after = self._after(ledger, rows, now, end, np.ones(len(rows), bool))
        strike = (now // self.plan.drone + 1) * self.plan.drone
        velocity = rows[:, self.codec.column["velocity"]] * VELOCITY_WIDTH + VELOCITY_WIDTH // 2
        return after.with_(strike=strike, now=now, end=end, velocity=velocity)

    def exact(self, rows: np.ndarray) -> np.ndarray:
        """(N, 4) onset, end, velocity and role of (N, A) rows that were not written, from the start of a piece."""
        found, ledger = [], self.start(1)
        for row in rows:
            ledger = self.heard(ledger, row[None], counts=True)
            found.append((int(ledger.now[0]), int(ledger.end[0]), int(ledger.velocity[0]), NOTE))
        return np.array(found, np.int64).reshape(-1, 4)


def _chosen(times: np.ndarray, code: np.ndarray) -> np.ndarray:
    """(B,) the times of the chosen codes."""
    return np.take_along_axis(times, code[:, None], 1)[:, 0]
