"""Whether music obeys constraints, told from the notes alone: an independent reading of what they promise."""

import numpy as np

from antiphon import theory

EPS_S = 2e-3  # times are rounded to ticks, at most 1.6 ms at the slowest tempo tried


def complaints(score, control):
    """What a piece breaks, in words; drones are told from other notes by their pitch, which is theirs alone."""
    c, found = control.constraints, []
    drone = np.isin(score.notes["pitch"], c.drone)
    notes = score.select(~drone)
    for rule in (pitches, velocities, steps, durations, density, grid, chords):
        found += rule(notes, control)
    found += polyphony(score, control)
    found += close(notes, score, control)
    found += drones(score, drone, control)
    return found


def pitches(notes, control):
    c, pitch = control.constraints, notes.notes["pitch"].astype(int)
    bad = (pitch < c.pitch_low) | (pitch > c.pitch_high) | np.isin(pitch, c.forbidden)
    if c.key:
        bad |= ~np.isin(pitch % 12, list(theory.scale(c.key).pitch_classes))
    return [f"pitches {pitch[bad]}"] if bad.any() else []


def velocities(notes, control):
    c, velocity = control.constraints, notes.notes["velocity"]
    bad = (velocity < c.velocity_low) | (velocity > c.velocity_high)
    return [f"velocities {velocity[bad]}"] if bad.any() else []


def outside(what, seconds, low, high):
    bad = (seconds < (low or 0) - EPS_S) | (seconds > (1e9 if high is None else high) + EPS_S)
    return [f"{what} {seconds[bad]} outside {low} to {high}"] if bad.any() else []


def steps(notes, control):
    c = control.constraints
    return outside("steps", np.diff(notes.onset_s), c.step_min_s, c.step_max_s)


def durations(notes, control):
    c = control.constraints
    last = len(notes) - 1 if control.ending else len(notes)  # the closing note is as long as it is held
    length_s = (notes.end_s - notes.onset_s)[:last]
    return outside("durations", length_s, c.duration_min_s, c.duration_max_s)


def density(notes, control):
    c, onset = control.constraints, notes.onset_s
    found = []
    for start in onset:
        if c.density_high is not None:
            inside = ((onset > start - EPS_S) & (onset < start + c.density_window_s - EPS_S)).sum()
            if inside > c.density_high * c.density_window_s + 1e-6:
                found.append(f"{inside} notes from {start}")
        if c.density_low is not None and start + c.density_window_s <= onset[-1]:
            inside = np.searchsorted(onset, start + c.density_window_s + EPS_S) - np.searchsorted(onset, start + EPS_S)
            first = np.flatnonzero(onset <= start + EPS_S)[-1]  # of notes at one onset the window begins after some
            inside += first - np.flatnonzero(np.abs(onset - start) < EPS_S)[-1]
            if inside < c.density_low * c.density_window_s - 1e-6:
                found.append(f"only {inside} notes after {start}")
    return found


def polyphony(score, control):
    most = control.constraints.polyphony
    if most is None:
        return []
    onset, end = score.notes["onset"], score.notes["onset"] + score.notes["duration"]
    sounding = ((onset[None] <= onset[:, None]) & (end[None] > onset[:, None] + 1)).sum(1)
    return [f"{sounding.max()} notes at once"] if sounding.max(initial=0) > most else []


def lines(c, beat):
    whole = 1920 * 4 / int(c.grid.split("/")[1].rstrip("t")) * (2 / 3 if c.grid.endswith("t") else 1)
    return 2 * whole, round(2 * whole * c.swing)


def grid(notes, control):
    c = control.constraints
    if c.grid is None:
        return []
    pair, second = lines(c, notes)
    found = []
    for what, ticks in (("onsets", notes.notes["onset"]), ("ends", notes.notes["onset"] + notes.notes["duration"])):
        bad = ~np.isin(ticks % pair, [0, second] if c.swing != 0.5 else [0, pair / 2])
        if bad.any():
            found.append(f"{what} {ticks[bad]} beside the grid")
    return found


def bars(notes, c):
    beat_ticks = 1920 * 4 / int(c.metre.split("/")[1])
    return notes.notes["onset"] / beat_ticks / int(c.metre.split("/")[0]), notes.notes["onset"] / beat_ticks


def chords(notes, control):
    c = control.constraints
    if c.chords is None:
        return []
    wanted = theory.progression(c.chords)
    changes = np.cumsum([chord.length for chord in wanted]) * c.bars_per_chord
    found = []
    at, beats = bars(notes, c)
    for i, (bar, pitch) in enumerate(zip(at, notes.notes["pitch"], strict=True)):
        if control.ending and i == len(notes) - 1:
            continue
        if c.passing and abs(beats[i] - round(beats[i])) > 0.09:
            continue
        near = {bar, bar - 0.006 * c.tempo / 60, bar + 0.006 * c.tempo / 60} if c.grid is None else {bar}
        options = [wanted[min(np.searchsorted(changes, b % changes[-1], "right"), len(wanted) - 1)] for b in near]
        if not any(int(pitch) % 12 in chord.pitch_classes for chord in options):
            found.append(f"pitch {pitch} in bar {bar} is not in {options[0].name}")
    return found


def close(notes, score, control):
    c, ending, length, found = control.constraints, control.ending, control.length, []
    if ending is None or not len(notes):
        return []
    last = notes.notes[-1]
    wanted = ending.cadence or (c.key and theory.PITCH_CLASSES[theory.scale(c.key).tonic])
    if wanted and last["pitch"] % 12 != theory.pitch_class(wanted):
        found.append(f"the last pitch is {last['pitch']}, the cadence {wanted}")
    held_s = float(notes.end_s[-1] - notes.onset_s[-1])
    if ending.hold_s is not None and held_s < ending.hold_s - EPS_S:
        found.append(f"the last note is held for {held_s} s only")
    if length.notes is not None and len(score) != length.notes:
        found.append(f"{len(score)} notes instead of {length.notes}")
    if length.seconds is not None and c.grid is None and abs(float(notes.end_s[-1]) - length.seconds) > 0.011:
        found.append(f"the last note ends at {notes.end_s[-1]} instead of {length.seconds}")
    if length.bars is not None:
        bar = 1920 * 4 * int(c.metre.split("/")[0]) / int(c.metre.split("/")[1])
        end = int(last["onset"]) + int(last["duration"])
        if abs(end - length.bars * bar) > (0 if c.grid else 40):
            found.append(f"the last note ends at tick {end}")
    if (score.end_s > notes.end_s[-1] + EPS_S).any() and length.notes is None:
        found.append("something sounds beyond the last note")
    return found


def drones(score, drone, control):
    pitches = sorted(set(control.constraints.drone))
    if not pitches or len(score) < 2 * len(pitches) + 3:
        return []
    first = score.notes["onset"] == 0
    found = [] if sorted(score.notes["pitch"][drone & first]) == pitches else ["the drone does not begin the piece"]
    for pitch in pitches:
        own = score.select(score.notes["pitch"] == pitch)
        if (np.abs(own.onset_s[1:] - own.end_s[:-1]) > EPS_S).any():
            found.append("the drone stops in between")
    return found
