"""The second choice for live sound: every note rendered beforehand by midirenderer, and mixed by NumPy.

It needs nothing but the base install. Limits: no note lasts longer than HELD_S, sustained instruments too; loudness
follows the velocity but the colour of the sound does not; notes outside LOWEST to HIGHEST take the nearest note's sound
(all drums lie inside); and an instrument takes seconds to prepare, not a tenth of one.
"""

from __future__ import annotations

import time

import numpy as np

from antiphon.audio.levels import resample
from antiphon.audio.players import MidiRenderer
from antiphon.audio.voices import DRUM_CHANNEL, Voice
from antiphon.soundfont import DRUM_BANK, Preset

LOWEST, HIGHEST = 21, 108  # a piano's keys
HELD_S = 4  # whole seconds, which every rate of RATES divides into frames
VELOCITY = 100  # rendered once, at this; others by the SoundFont's own curve, the square of the velocity
RELEASE_S = 0.15  # a note let go falls by 60 dB in about six times this
FEWEST = 1e-3  # a gain below which a note let go has ended
MOST = 64  # notes at once; the oldest ends beyond it


class SampledInstrument:
    """Notes as stereo samples, mixed with a gain each."""

    def __init__(self, bank: bytes, preset: Preset, rate: int, pause_s: float = 0.0) -> None:
        self.rate = rate
        self._sounds = _rendered(bank, preset, rate, pause_s)  # (pitches, HELD_S * rate, 2) int16
        self._drums = preset[0] == DRUM_BANK
        self._notes: list[_Note] = []
        self._decay = FEWEST ** (1 / (6 * RELEASE_S * rate))  # of a frame, for notes let go

    def note_on(self, pitch: int, velocity: int) -> None:
        """Strike a pitch."""
        self.note_off(pitch)
        index = min(max(pitch, LOWEST), HIGHEST) - LOWEST
        self._notes = [*self._notes[1 - MOST :], _Note(pitch, index, (velocity / VELOCITY) ** 2 / 32768)]

    def note_off(self, pitch: int) -> None:
        """Let a pitch go; a drum rings out."""
        for note in self._notes:
            note.released |= note.pitch == pitch and not self._drums

    def add(self, out: np.ndarray) -> None:
        """Mix the next frames into ``out``."""
        fade = self._decay ** np.arange(1, len(out) + 1, dtype=np.float32)
        for note in self._notes:
            sound = self._sounds[note.index, note.at : note.at + len(out)]
            gain = note.gain * (note.faded * fade[: len(sound), None] if note.released else 1.0)
            out[: len(sound)] += sound * np.asarray(gain, np.float32)
            note.at += len(out)
            note.faded *= float(fade[-1]) if note.released else 1.0
        self._notes = [n for n in self._notes if n.at < self._sounds.shape[1] and n.faded > FEWEST]

    def close(self) -> None:
        """Forget the sounds."""
        self._notes, self._sounds = [], self._sounds[:0]


class _Note:
    """A note that sounds."""

    __slots__ = ("at", "faded", "gain", "index", "pitch", "released")

    def __init__(self, pitch: int, index: int, gain: float) -> None:
        self.pitch, self.index, self.gain = pitch, index, gain
        self.at, self.faded, self.released = 0, 1.0, False


def _rendered(bank: bytes, preset: Preset, rate: int, pause_s: float) -> np.ndarray:
    """(pitches, frames, 2) int16: every key held for HELD_S, one call of the renderer each.

    midirenderer keeps Python's lock while it renders, some 20 ms a note here; between two notes others have a turn.
    """
    renderer = MidiRenderer()
    channel = DRUM_CHANNEL if preset[0] == DRUM_BANK else 0
    frames = HELD_S * renderer.rate
    sounds = np.zeros((HIGHEST - LOWEST + 1, HELD_S * rate, 2), np.int16)
    for index in range(len(sounds)):
        on = [0, 1, LOWEST + index, VELOCITY]
        off = [frames, 0, LOWEST + index, 0]
        sound = renderer.play(bank, {channel: Voice(preset, np.array([off, on]))}, frames, lambda done: None)
        sounds[index] = np.clip(resample(sound, renderer.rate, rate) * 32767, -32768, 32767)
        time.sleep(pause_s)
    return sounds
