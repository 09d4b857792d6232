"""In which key music is, and how its pitches are spelled there.

Place in the path: under the writers of notation. A Score knows neither: keys are a matter of paper.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from antiphon.notes import DRUMS, Score
from antiphon.theory import PROFILES, SHARPS

_FEWEST_FLATS = -5  # of major keys: D flat, so F sharp is written as six sharps


class Key(NamedTuple):
    """A key signature."""

    fifths: int  # sharps, flats below 0
    mode: str  # "major" or "minor"

    @property
    def tonic(self) -> str:
        """``"F#"``: as ABC writes it."""
        step, alter = _on_line(self.fifths + (3 if self.mode == "minor" else 0))
        return step + ("#" * alter if alter > 0 else "b" * -alter)

    def spell(self, pitch: int) -> tuple[str, int, int]:
        """Letter, alteration in semitones and octave; notes outside the key as musicians mostly write them there."""
        # On the line of fifths: in C major from E flat to G sharp, in A minor from B flat to D sharp.
        low = self.fifths - (2 if self.mode == "minor" else 3)
        place = low + (pitch * 7 - low) % 12
        step, alter = _on_line(place)
        return step, alter, (pitch - alter) // 12 - 1

    def signs(self) -> dict[str, int]:
        """The alteration of each letter that the signature alters."""
        letters = SHARPS[: self.fifths] if self.fifths > 0 else SHARPS[::-1][: -self.fifths]
        return dict.fromkeys(letters, 1 if self.fifths > 0 else -1)


def _on_line(place: int) -> tuple[str, int]:
    """The letter and alteration at a place on the line of fifths, where C is 0 and G is 1."""
    return SHARPS[(place + 1) % 7], (place + 1) // 7


def key_of(music: Score) -> Key:
    """The key whose profile fits best how long each pitch class sounds (Krumhansl 1990); C major without pitches."""
    notes = music.notes[music.notes["program"] != DRUMS]
    lengths = np.bincount(notes["pitch"] % 12, weights=notes["duration"], minlength=12)
    if not lengths.any():
        return Key(0, "major")
    fits = {
        (tonic, mode): float(np.corrcoef(lengths, np.roll(profile, tonic))[0, 1]) if np.ptp(lengths) else 0.0
        for mode, profile in PROFILES.items()
        for tonic in range(12)
    }
    tonic, mode = max(fits, key=lambda key: fits[key])
    major = (tonic + 3 * (mode == "minor")) % 12
    return Key((major * 7 - _FEWEST_FLATS) % 12 + _FEWEST_FLATS, mode)
