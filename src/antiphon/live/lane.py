"""The chords that a model follows: typed, one a bar, or held in the player's left hand."""

from __future__ import annotations

from collections.abc import Iterable

from antiphon.live.pulse import Beat
from antiphon.live.settings import LiveSettings
from antiphon.theory import PITCH_CLASSES

BAR_S = 2.0  # where there is no beat


class Lane:
    """What the left hand held last, and where in a typed progression a time falls."""

    def __init__(self) -> None:
        self._held: frozenset[int] = frozenset()

    def hold(self, pitches: Iterable[int], split: int) -> None:
        """The keys that are down; a chord stays until there is another."""
        left = frozenset(pitch % 12 for pitch in pitches if pitch < split)
        self._held = left or self._held

    def at(self, settings: LiveSettings, beat: Beat | None, time_ms: int) -> tuple[str, frozenset[int] | None]:
        """The name of the chord and its pitch classes; None: any."""
        if settings.mode != "follow":
            return "", None
        chords = settings.lane
        if not chords:
            return " ".join(PITCH_CLASSES[p] for p in sorted(self._held)), self._held or None
        bar_s = beat.period_s * settings.beats if beat else BAR_S
        origin_s = beat.origin_s if beat else 0.0
        bars = (time_ms / 1000 - origin_s + 0.005) / bar_s % sum(chord.length for chord in chords)
        for chord in chords:
            bars -= chord.length
            if bars < 0:
                break
        return chord.name, chord.pitch_classes
