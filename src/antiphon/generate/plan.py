"""Finds the pulse that all constraints on time allow, or says before the first note which two of them contradict."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from antiphon.generate.bounds import Pulse
from antiphon.generate.constraints import LONGEST_S, Constraints
from antiphon.generate.length import Ending, Length
from antiphon.generate.palette import contradiction
from antiphon.generate.timeline import FAR, Timeline

_HOLD_S = 2.0  # of a closing note, where nothing is said and there is no tempo
_LAST_STEP_S = 1.0  # before the closing note no more than this stays empty, where the constraints allow
_DRONE_S = 4.0

_Limit = tuple[int, str]  # a number of units, and the option it comes from in words


@dataclass(frozen=True)
class Plan:
    """Constraints on time as numbers; units of the timeline, FAR where there is no bound."""

    pulse: Pulse
    step_min: int
    step_max: int
    duration_min: int
    duration_max: int
    least: int  # notes in each window of the density; 0: no bound
    most: int
    voices: int  # notes at once beside the drone; 0: no bound
    drone: int  # from strike to strike
    hold: int  # of the closing note, at least
    length: int  # of the piece
    notes: int


def plan(timeline: Timeline, length: Length | None, ending: Ending | None) -> Plan:
    """The plan of a control. Raises OptionError where two options contradict."""
    c, t = timeline.constraints, timeline
    _check_grid(t)
    duration_min, duration_max, duration = _durations(t)
    least = 0 if c.density_low is None else math.ceil(round(c.density_low * c.density_window_s, 6))
    most = 0 if c.density_high is None else math.floor(round(c.density_high * c.density_window_s, 6))
    if c.density_high is not None and not most:
        window = f"a window of {c.density_window_s:g} seconds, in which that is not one"
        raise contradiction(f"at most {c.density_high:g} notes a second", window, "widen the window")
    voices = _voices(c)
    low, high = _step_limits(t, duration, least, most, voices)
    step = _pulse_step(t, low, high, short=least > 0, ending=ending is not None)
    made = Plan(
        pulse=Pulse(step, duration),
        step_min=t.at_least(c.step_min_s or 0),
        step_max=FAR if c.step_max_s is None else t.at_most(c.step_max_s),
        duration_min=duration_min,
        duration_max=duration_max,
        least=least,
        most=most,
        voices=voices,
        drone=_drone(t),
        hold=max(_hold(t, length, ending), duration) if ending else 0,
        length=_length(t, length),
        notes=FAR if length is None or length.notes is None else length.notes,
    )
    if made.length < FAR:
        _check_room(t, made, ending)
    return made


def _grid(t: Timeline) -> str:
    swung = f" with swing {t.constraints.swing:g}" if t.period != t.grid else ""
    return f"the grid {t.constraints.grid}{swung}"


def _check_grid(t: Timeline) -> None:
    if t.constraints.grid is not None and t.bar % t.period:
        advice = "a bar must be a whole number of grid steps, with swing of pairs of them: choose a finer grid"
        raise contradiction(_grid(t), f"the metre {t.constraints.metre}", advice)


def _durations(t: Timeline) -> tuple[int, int, int]:
    """The shortest, the longest, and the longest that a note as short as possible may take to end on the grid."""
    c = t.constraints
    least = max(t.at_least(c.duration_min_s or 0), 1)
    most = FAR if c.duration_max_s is None else t.at_most(c.duration_max_s)
    starts = (0, t.pair[0]) if t.period != t.grid else (0,)
    shortest = max(int(t.up(np.array(start + least))) - start for start in starts)
    longest = f"a longest duration of {c.duration_max_s} s"
    if most < least:
        raise contradiction(f"a shortest duration of {c.duration_min_s} s", longest, "turn them round")
    if most < shortest:
        takes = f"{_grid(t)}, on which a note may have to last {float(t.seconds(shortest)):.3g} s,"
        raise contradiction(takes, longest, "choose a finer grid")
    return least, most, shortest


def _voices(c: Constraints) -> int:
    if c.polyphony is None:
        return 0
    drone = len(set(c.drone))
    if c.polyphony <= drone:
        raise contradiction(
            f"a polyphony of {c.polyphony}",
            f"a drone of {drone}",
            "the drone sounds through: allow one more note at least",
        )
    return c.polyphony - drone


def _step_limits(t: Timeline, duration: int, least: int, most: int, voices: int) -> tuple[_Limit, _Limit]:
    """The shortest and the longest step of a pulse."""
    c = t.constraints
    low: list[_Limit] = [(1, "the shortest step there is")]
    high: list[_Limit] = [(t.at_most(LONGEST_S), f"the longest step there is, {LONGEST_S:g} s,")]
    if c.step_min_s:
        low.append((t.at_least(c.step_min_s), f"a shortest step of {c.step_min_s:g} s"))
    if c.step_max_s is not None:
        high.append((t.at_most(c.step_max_s), f"a longest step of {c.step_max_s:g} s"))
    if most:
        low.append((-(-t.at_least(c.density_window_s) // most), f"at most {c.density_high:g} notes a second"))
    if least:
        high.append((t.at_most(c.density_window_s) // least, f"at least {c.density_low:g} notes a second"))
    if voices:
        lasting = (
            f"a shortest duration of {c.duration_min_s:g} s" if c.duration_min_s else "the shortest duration there is"
        )
        low.append((-(-duration // voices), f"a polyphony of {c.polyphony} with {lasting}"))
    return max(low), min(high)


def _pulse_step(t: Timeline, low: _Limit, high: _Limit, *, short: bool, ending: bool) -> int:
    """A step between the limits on the grid: long where that leaves most freedom, shorter where notes must follow."""
    least, most = -(-low[0] // t.period) * t.period, high[0] // t.period * t.period
    if low[0] > high[0]:
        raise contradiction(low[1], high[1], "move one of them")
    if least > most:
        step = f"{_grid(t)}, whose steps take {float(t.seconds(t.period)):.3g} s,"
        bound = high[1] if high[0] < t.period else f"the steps between {low[1]} and {high[1]}"
        raise contradiction(step, bound, "choose a finer grid or another tempo")
    wanted = most // 2 if short else most
    if ending:
        wanted = min(wanted, t.at_most(_LAST_STEP_S))
    return max(least, wanted // t.period * t.period)


def _drone(t: Timeline) -> int:
    """Units between two strikes, a whole number of grid steps."""
    seconds = t.constraints.drone_s
    if seconds is None:
        bar = t.bar if t.constraints.tempo is not None else _DRONE_S * t.units_per_s
        return max(round(bar / t.period), 1) * t.period
    return max(round(seconds * t.units_per_s / t.period), 1) * t.period


def _hold(t: Timeline, length: Length | None, ending: Ending | None) -> int:
    """Units that the closing note lasts at least, on the grid; a quarter of the piece at most where nothing is said."""
    assert ending is not None
    if ending.hold_s is not None:
        return -(-t.at_least(ending.hold_s) // t.period) * t.period
    usual = t.bar if t.constraints.tempo is not None else _HOLD_S * t.units_per_s
    whole = _length(t, length)
    return max(int(min(usual, whole / 4, LONGEST_S * t.units_per_s)) // t.period, 1) * t.period


def _length(t: Timeline, length: Length | None) -> int:
    if length is None or length.notes is not None:
        return FAR
    return t.at_most(length.seconds) if length.seconds is not None else int((length.bars or 0) * t.bar)


def _check_room(t: Timeline, made: Plan, ending: Ending | None) -> None:
    """The piece must have room for its notes, also where it begins beside the grid."""
    if ending is None:
        needed, what = made.pulse.duration, "the shortest note that the other constraints allow"
    else:
        needed = made.hold + made.pulse.step + 2 * t.period
        what = f"a closing note held for {float(t.seconds(made.hold)):.3g} s"
    if made.length < needed:
        advice = f"the piece must last {float(t.seconds(needed)):.3g} s at least"
        raise contradiction(f"a length of {float(t.seconds(made.length)):.3g} s", what, advice)
