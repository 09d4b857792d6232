"""What can be counted in music without a model: pure functions of a Score, each with its formula, range and source.

None looks beyond the notes, and all are 0 where there are too few notes to say anything. They describe, they do not
judge: a piece is compared with real music of the same length, measure by measure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from antiphon.evaluate.measures import dynamics, pitch, repetition, structure, time
from antiphon.notes import Score


@dataclass(frozen=True)
class Measure:
    """A function of a Score, and how people call it."""

    function: Callable[[Score], float]
    title: str
    unit: str  # empty for a share from 0 to 1

    def __call__(self, score: Score) -> float:
        """The measure of one piece."""
        return float(self.function(score))


MEASURES: Mapping[str, Measure] = {
    "longest_repeat": Measure(repetition.longest_repeat, "longest repeat", "notes"),
    "density": Measure(time.density, "density", "notes/s"),
    "polyphony": Measure(time.polyphony, "polyphony", "pitches"),
    "pitch_range": Measure(pitch.pitch_range, "pitch range", "semitones"),
    "velocity_spread": Measure(dynamics.velocity_spread, "velocity spread", "velocity"),
    "pitch_class_entropy": Measure(pitch.pitch_class_entropy, "pitch-class entropy", "bits"),
    "longest_silence_s": Measure(time.longest_silence_s, "longest silence", "s"),
    "pitches_used": Measure(pitch.pitches_used, "pitches used", "pitches"),
    "pitch_classes_used": Measure(pitch.pitch_classes_used, "pitch classes used", "classes"),
    "pitch_entropy": Measure(pitch.pitch_entropy, "pitch entropy", "bits"),
    "scale_consistency": Measure(pitch.scale_consistency, "scale consistency", ""),
    "key_clarity": Measure(pitch.key_clarity, "key clarity", "correlation"),
    "tonal_movement": Measure(pitch.tonal_movement, "tonal movement", "distance"),
    "polyphony_rate": Measure(time.polyphony_rate, "polyphony rate", ""),
    "empty_beat_rate": Measure(time.empty_beat_rate, "empty-beat rate", ""),
    "groove_consistency": Measure(time.groove_consistency, "groove consistency", ""),
    "together_rate": Measure(time.together_rate, "notes in chords", ""),
    "interval_median_s": Measure(time.interval_median_s, "time between chords", "s"),
    "interval_entropy": Measure(time.interval_entropy, "entropy of times between chords", "bits"),
    "duration_median_s": Measure(time.duration_median_s, "duration", "s"),
    "duration_entropy": Measure(time.duration_entropy, "entropy of durations", "bits"),
    "velocity_mean": Measure(dynamics.velocity_mean, "velocity", "velocity"),
    "velocity_entropy": Measure(dynamics.velocity_entropy, "velocity entropy", "bits"),
    "longest_loop": Measure(repetition.longest_loop, "longest loop", "notes"),
    "novelty": Measure(repetition.novelty, "novelty", ""),
    "structure_3s": Measure(structure.structure_3s, "structure at 3 s", ""),
    "structure_8s": Measure(structure.structure_8s, "structure at 8 s", ""),
    "structure_15s": Measure(structure.structure_15s, "structure at 15 s", ""),
}


def measure(score: Score) -> dict[str, float]:
    """All of MEASURES, by name."""
    return {name: function(score) for name, function in MEASURES.items()}
