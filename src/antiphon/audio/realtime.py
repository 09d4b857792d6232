"""One instrument that sounds at once: notes in, samples out, a block at a time, never waiting.

Place in the path: under a live player's sound, whose audio callback owns it. FluidSynth plays where its library is
installed; :mod:`antiphon.audio.sampler` plays notes rendered beforehand everywhere else. Both open away from the
callback, since reading a bank takes a tenth of a second or more.
"""

from __future__ import annotations

from ctypes import c_int, c_void_p
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np

from antiphon.audio.players import engine_name, fluidsynth
from antiphon.errors import FileError, OptionError
from antiphon.instruments import name, nearest
from antiphon.notes import DRUMS
from antiphon.soundfont import DRUM_BANK, SMALL_BANK, Bank, Preset, cut, open_bank

POLYPHONY = 256  # samples at once; FluidSynth ends the oldest beyond it


class Instrument(Protocol):
    """Notes of one part. All methods are called from one thread, and none blocks."""

    rate: int  # frames a second

    def note_on(self, pitch: int, velocity: int) -> None:
        """Strike a pitch; one that sounds already is struck again."""

    def note_off(self, pitch: int) -> None:
        """Let a pitch go; one that does not sound is ignored."""

    def add(self, out: np.ndarray) -> None:
        """Mix the next frames into ``out``, (frames, 2) float32."""

    def close(self) -> None:
        """Give back memory; the instrument is not used again."""


def open_instrument(
    program: int, rate: int, *, soundfont: Path | None = None, engine: str = "auto", pause_s: float = 0.0
) -> Instrument:
    """The instrument of a General MIDI program, or DRUMS, or what stands in for it where the bank lacks it.

    ``pause_s`` is how long the sampler sleeps after each note it renders, so that a player that sounds meanwhile gets
    its turn. Raises FileError for a bank that cannot be read, OptionError for drums that a bank has not.
    """
    bank = open_bank(soundfont or SMALL_BANK)
    preset = _preset(program, bank)
    data = cut(bank, {preset}, unpack=True)
    if engine_name(engine) == "fluidsynth":
        return FluidInstrument(data, preset, rate)
    from antiphon.audio.sampler import SampledInstrument

    return SampledInstrument(data, preset, rate, pause_s)


def _preset(program: int, bank: Bank) -> Preset:
    """The preset that plays a program: its own, or the nearest there is."""
    there = bank.kits if program == DRUMS else bank.programs
    if not there:
        raise OptionError(f"{bank.path.name} has nothing that could play {name(program)}; give another sound bank")
    return (DRUM_BANK, there[0]) if program == DRUMS else (0, nearest(program, there))


class FluidInstrument:
    """FluidSynth in this process. A note starts within its block of 64 frames, 1.3 ms."""

    def __init__(self, bank: bytes, preset: Preset, rate: int) -> None:
        self.rate = rate
        # One thread uses it, so it needs no lock; and no thread of its own, which would fight the callback for a core.
        options = {"synth.polyphony": POLYPHONY, "synth.lock-memory": 0, "synth.threadsafe-api": 0}
        self._synth: Any = fluidsynth().Synth(gain=1.0, samplerate=rate, channels=16, **options)
        with TemporaryDirectory(prefix="antiphon-") as folder:
            path = Path(folder) / "bank.sf2"
            path.write_bytes(bank)
            font = self._synth.sfload(str(path))
        if font < 0:
            raise FileError("FluidSynth cannot play this sound bank; give another, or use midirenderer")
        self._channel = 9 if preset[0] == DRUM_BANK else 0
        self._synth.program_select(self._channel, font, *preset)
        names = (("synth", c_void_p), ("len", c_int), ("left", c_void_p), ("left_offset", c_int), ("left_step", c_int),
                 ("right", c_void_p), ("right_offset", c_int), ("right_step", c_int))  # fmt: skip
        self._write = fluidsynth().cfunc("fluid_synth_write_float", c_int, *((name, kind, 1) for name, kind in names))
        self._block = np.zeros((4096, 2), np.float32)

    def note_on(self, pitch: int, velocity: int) -> None:
        """Strike a pitch."""
        self._synth.noteon(self._channel, pitch, velocity)

    def note_off(self, pitch: int) -> None:
        """Let a pitch go."""
        self._synth.noteoff(self._channel, pitch)

    def add(self, out: np.ndarray) -> None:
        """Mix the next frames into ``out``."""
        if len(out) > len(self._block):
            self._block = np.zeros((len(out), 2), np.float32)
        block = self._block[: len(out)]
        at = block.ctypes.data
        self._write(self._synth.synth, len(out), at, 0, 2, at, 1, 2)
        out += block

    def close(self) -> None:
        """Give back FluidSynth's memory."""
        self._synth.delete()
