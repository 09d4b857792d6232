"""What a player's settings allow the model to write next, as masks over codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.live.memory import Note
from antiphon.live.settings import LiveSettings

LONGEST_REST_CELLS = 400  # the model rests no longer than 4 s between two notes
VETO_MS = 100  # so near to a note that was crossed out, its pitch is not written again
OCTAVE = 12  # the least room that a register relative to the player keeps

Chords = Callable[[int], Iterable[int] | None]  # the pitch classes to keep to at a time in ms; None: any


@dataclass(frozen=True)
class Wishes:
    """A :data:`~antiphon.live.voice.Wish` for one note.

    Where wishes contradict each other, the register counts more than what is taken, this more than the chord, and the
    chord more than the key.
    """

    codec: NoteCodec
    settings: LiveSettings
    last_ms: int  # onset and pitch of the note before
    last_pitch: int
    least_cells: int  # from the note before, at least
    taken: frozenset[int]  # pitches that are not free, such as the player's keys that are down
    near: tuple[int, int] | None  # lowest and highest of what the player played lately
    chords: Chords
    vetoed: Sequence[Note] = ()
    full: bool = False  # so many notes began together that no more may
    room: int = 0  # notes that must still find a place above this one in its chord

    def __call__(self, name: str, row: np.ndarray) -> np.ndarray | None:
        """The mask for an attribute, given those before it in ``row``."""
        if name == "step":
            return self._steps()
        if name == "pitch":
            cells = int(STEP_BINS.middle[row[self.codec.column["step"]]])
            return self._pitches(self.last_ms + cells * CELL_MS, self.last_pitch + 1 if cells == 0 else 0)
        return self._velocities() if name == "velocity" else None

    def _steps(self) -> np.ndarray:
        mask: np.ndarray = (STEP_BINS.middle >= self.least_cells) & (STEP_BINS.middle <= LONGEST_REST_CELLS)
        if not mask.any():
            mask[np.searchsorted(STEP_BINS.middle, self.least_cells)] = True
        if mask[0] and mask[1:].any() and not self._register()[self.last_pitch + 1 :].any():
            mask[0] = False  # a chord rises, and here it cannot
        if self.full and mask[1:].any():
            mask[0] = False
        return mask

    def _velocities(self) -> np.ndarray | None:
        """Those in the range, or the nearest where the codec has none in it."""
        low, high = self.settings.softest, self.settings.loudest
        if (low, high) == (1, 127):
            return None
        values = self.codec.values[self.codec.column["velocity"]]
        inside: np.ndarray = (values >= low) & (values <= high)
        return inside if inside.any() else np.abs(values - low) == np.abs(values - low).min()

    def _pitches(self, time_ms: int, above: int) -> np.ndarray:
        mask = self._register()
        if mask[above:].any():
            mask[:above] = False
        chord = self.chords(time_ms)
        scale = self.settings.scale
        free = np.ones(128, bool)
        free[list(self.taken)] = False
        free[[note.pitch for note in self.vetoed if abs(note.onset_ms - time_ms) <= VETO_MS]] = False
        wishes = [free]
        if chord is not None:
            wishes.append(_classes(chord))
        if scale is not None:
            wishes.append(_classes(scale.pitch_classes))
        for wish in wishes:
            mask = mask & wish if (mask & wish).sum() > self.room else mask
        if self.room and mask.sum() > self.room:
            mask[np.flatnonzero(mask)[-self.room :]] = False
        return mask

    def _register(self) -> np.ndarray:
        """(128,) pitches in the register, at least an octave of it when it is relative to the player's."""
        low, high = self.settings.lowest, self.settings.highest
        if self.near and self.settings.place == "below":
            high = min(high, max(self.near[0] - 1, low + OCTAVE - 1))
        if self.near and self.settings.place == "above":
            low = max(low, min(self.near[1] + 1, high - OCTAVE + 1))
        pitch = np.arange(128)
        return (pitch >= low) & (pitch <= high)


def _classes(pitch_classes: Iterable[int]) -> np.ndarray:
    return np.isin(np.arange(128) % 12, list(pitch_classes))
