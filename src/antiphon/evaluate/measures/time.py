"""When notes begin and how long they sound: density, polyphony, rhythm.

Measures of beats and bars, and those of polyphony, count ticks of the score from tick 0, as MusPy does; the others
count seconds from the first onset. All are 0 for a piece without notes. Where no source is named the measure is plain
counting.
"""

from __future__ import annotations

import numpy as np

from antiphon.errors import OptionError
from antiphon.evaluate.measures.pitch import entropy
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score

BAR_CELLS = 64  # places in a bar that groove tells apart, as in the Jazz Transformer
TOGETHER_S = 0.03  # onsets so close are heard as one chord; players spread theirs by 10 to 30 ms


def density(score: Score) -> float:
    """Notes a second: N / (last end - first onset); 0 without notes, otherwise above 0."""
    if not len(score):
        return 0.0
    return len(score) / float(score.end_s.max() - score.onset_s[0])


def longest_silence_s(score: Score) -> float:
    """Seconds of the longest time between two notes in which none sounds; 0 where there is none."""
    ended_s = np.maximum.accumulate(score.end_s)[:-1]
    return float(np.maximum(score.onset_s[1:] - ended_s, 0.0).max(initial=0.0))


def polyphony(score: Score) -> float:
    """Pitches that sound at once, on average over the ticks in which any does; drums left out; at least 1.

    Σ over pitches |∪ [onset, end)| / |∪ over all [onset, end)|. As MusPy's, which asks every tick.
    """
    start, end = _sounding(score)
    total = _surplus(start, end, 1)
    return float(total / max(total - _surplus(start, end, 2), 1))


def polyphony_rate(score: Score, threshold: int = 2) -> float:
    """The share of all ticks from 0 to the last end in which more than ``threshold`` pitches sound, 0 to 1.

    As MusPy's, of MuseGAN's polyphonicity (Dong et al. 2018); drums left out, but not of the piece's length.
    """
    if not len(score):
        return 0.0
    start, end = _sounding(score)
    many = _surplus(start, end, threshold + 1) - _surplus(start, end, threshold + 2)
    return float(many / _ends(score).max())


def empty_beat_rate(score: Score) -> float:
    """The share of quarter notes, from tick 0 to that of the last end, that no note touches, 0 to 1.

    A note touches the quarter in which it ends too, even on its first tick: as MusPy's and Pypianoroll's.
    """
    if not len(score):
        return 0.0
    first, last = score.notes["onset"] // TICKS_PER_QUARTER, _ends(score) // TICKS_PER_QUARTER
    beats = int(last.max()) + 1
    change = np.bincount(first, minlength=beats + 1) - np.bincount(last + 1, minlength=beats + 1)
    return float((np.cumsum(change[:beats]) == 0).mean())


def groove_consistency(score: Score, bar_ticks: int = 4 * TICKS_PER_QUARTER, cells: int = BAR_CELLS) -> float:
    """How alike the rhythms of successive bars are: 1 - mean share of a bar's cells that differ, 0 to 1.

    A bar's rhythm is in which of its ``cells`` a note begins (Wu and Yang, The Jazz Transformer, 2020). Bars count from
    tick 0 and all have ``bar_ticks``; 0 with fewer than two. It means little for music that is played freely.
    """
    if bar_ticks < cells or bar_ticks % cells:
        raise OptionError(f"a bar of {bar_ticks} ticks has no {cells} equal cells; give a divisor of its ticks")
    if not len(score):
        return 0.0
    bars = int(_ends(score).max()) // bar_ticks + 1
    if bars < 2:
        return 0.0
    begun = np.zeros(bars * cells, bool)
    begun[score.notes["onset"] // (bar_ticks // cells)] = True
    return 1 - np.count_nonzero(begun[cells:] != begun[:-cells]) / (cells * (bars - 1))


def together_rate(score: Score) -> float:
    """The share of notes, but the first, that begin at most 30 ms after the note before: how chordal it is, 0 to 1."""
    return float((np.diff(score.onset_s) <= TOGETHER_S + 1e-9).mean()) if len(score) > 1 else 0.0


def interval_median_s(score: Score) -> float:
    """Median seconds between chords, of the times from an onset to the next over 30 ms: above 0.03, or 0 for none."""
    apart_s = _apart_s(score)
    return float(np.median(apart_s)) if len(apart_s) else 0.0


def interval_entropy(score: Score) -> float:
    """Bits of the distribution of the times between chords, in quarter-octave bins: 0 to about 6."""
    return _log_entropy(_apart_s(score))


def duration_median_s(score: Score) -> float:
    """Median seconds that notes last, drums left out; 0 without notes, otherwise above 0."""
    lasting_s = _durations_s(score)
    return float(np.median(lasting_s)) if len(lasting_s) else 0.0


def duration_entropy(score: Score) -> float:
    """Bits of the distribution of the notes' durations, in quarter-octave bins: 0 to about 6; drums left out."""
    return _log_entropy(_durations_s(score))


def _sounding(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Sorted ticks at which pitches begin and cease to sound, each pitch's overlapping notes as one; no drums."""
    notes = score.notes
    if (drums := notes["program"] == DRUMS).any():
        notes = notes[~drums]
    onset, pitch = notes["onset"], notes["pitch"]
    order = np.argsort(pitch, kind="stable")  # by pitch, then onset
    lift = pitch[order].astype(np.int64) << 40  # lays the pitches end to end: no piece has so many ticks
    start = onset[order] + lift
    reached = np.maximum.accumulate(start + notes["duration"][order])
    fresh = np.ones(len(order) + 1, bool)
    np.greater(start[1:], reached[:-1], out=fresh[1:-1])
    first = np.empty(len(order), bool)
    first[order] = fresh[:-1]  # in the order of the notes, whose onsets are sorted
    end = (reached - lift)[fresh[1:]].astype(np.int32)  # which sorts twice as fast as 64 bits
    end.sort()
    return onset[first], end


def _surplus(start: np.ndarray, end: np.ndarray, level: int) -> int:
    """∫ max(n(t) - level + 1, 0) dt, where n(t) intervals hold t, from their sorted starts and sorted ends.

    At time t, the i-th end and the (i + level - 1)-th start enclose t for just n(t) - level + 1 values of i. The time
    in which n(t) reaches a level is this less the same for the next level.
    """
    late = end[: len(end) - level + 1] if level <= len(end) else end[:0]
    return int(np.maximum(late - start[level - 1 :], 0).sum())


def _ends(score: Score) -> np.ndarray:
    return score.notes["onset"].astype(np.int64) + score.notes["duration"]


def _apart_s(score: Score) -> np.ndarray:
    steps_s = np.diff(score.onset_s)
    return steps_s[steps_s > TOGETHER_S + 1e-9]


def _durations_s(score: Score) -> np.ndarray:
    return (score.end_s - score.onset_s)[score.notes["program"] != DRUMS]


def _log_entropy(seconds: np.ndarray) -> float:
    """Bits over quarter-octave bins from 10 ms to 80 s; what is shorter or longer falls into the outer ones."""
    bins = np.clip(np.floor(4 * np.log2(np.maximum(seconds, 1e-6) / 0.01)), 0, 51).astype(np.int64)
    return entropy(np.bincount(bins, minlength=52))
