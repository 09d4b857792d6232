"""The renderers: FluidSynth through pyfluidsynth, and midirenderer (RustySynth), which needs nothing of the system.

Both take a bank as the bytes of an SF2 file and a pass of voices, and return raw samples: (frames, 2) float32. Which is
used depends on what is installed, never on what fails.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import redirect_stdout
from ctypes import c_int, c_void_p
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np

from antiphon.audio.voices import Limits, Pass, halved, in_order
from antiphon.errors import FileError, OptionError, unknown

ENGINES = ("auto", "fluidsynth", "midirenderer")
Progress = Callable[[float], None]  # called with the part that is done, 0 to 1
_FULL = 32766 / 32768  # a sample beyond this was cut off at 16 bits
_LIBRARIES = ("fluidsynth", "fluidsynth-3", "libfluidsynth", "libfluidsynth-3", "libfluidsynth-2")


class Player(Limits, Protocol):
    """A renderer."""

    def play(self, bank: bytes, part: Pass, frames: int, progress: Progress) -> np.ndarray:
        """(frames, 2) float32 of one pass, as loud as the renderer makes it."""


def engine_name(engine: str = "auto") -> str:
    """The renderer that ``engine`` means on this machine; raises OptionError for one that is unknown or not there."""
    if engine not in ENGINES:
        raise OptionError(unknown("engine", engine, ENGINES))
    there = find_spec("fluidsynth") is not None and any(find_library(name) for name in _LIBRARIES)
    if engine == "fluidsynth" and not there:
        raise OptionError(
            "the engine fluidsynth needs the library libfluidsynth (apt-get install libfluidsynth3, or brew install "
            "fluid-synth) and pyfluidsynth (pip install 'antiphon[sound]'); or choose midirenderer"
        )
    return engine if engine != "auto" else "fluidsynth" if there else "midirenderer"


def player(engine: str, rate: int) -> Player:
    """The renderer for ``engine``; its own rate may differ from the one asked for."""
    return FluidSynth(rate) if engine_name(engine) == "fluidsynth" else MidiRenderer()


def fluidsynth() -> Any:
    """The module pyfluidsynth. Where ``CI`` is set it says on stdout where its library is: not here."""
    with redirect_stdout(io.StringIO()):
        import fluidsynth as module
    return module


class FluidSynth:
    """Plays in this process, event by event; a note starts within FluidSynth's block of 64 frames, 1.5 ms."""

    channels = 256
    polyphony = 4096  # FluidSynth takes up to 65,535; silent ones cost nothing

    def __init__(self, rate: int) -> None:
        self.rate = rate

    def play(self, bank: bytes, part: Pass, frames: int, progress: Progress) -> np.ndarray:
        """One pass, (frames, 2) float32."""
        options = {"synth.polyphony": self.polyphony, "synth.lock-memory": 0, "synth.threadsafe-api": 0}
        synth = fluidsynth().Synth(gain=1.0, samplerate=self.rate, channels=self.channels, **options)
        try:
            with TemporaryDirectory(prefix="antiphon-") as folder:
                path = Path(folder) / "bank.sf2"
                path.write_bytes(bank)
                font = synth.sfload(str(path))
            if font < 0:
                raise FileError("FluidSynth cannot play this sound bank; give another, or use midirenderer")
            for channel, voice in part.items():
                synth.program_select(channel, font, *voice.preset)
            return self._samples(synth, part, frames, progress)
        finally:
            synth.delete()

    def _samples(self, synth: Any, part: Pass, frames: int, progress: Progress) -> np.ndarray:
        # pyfluidsynth wraps only the 16-bit output, which clips; this is the same call for floats.
        names = (("synth", c_void_p), ("len", c_int), ("left", c_void_p), ("left_offset", c_int), ("left_step", c_int),
                 ("right", c_void_p), ("right_offset", c_int), ("right_step", c_int))  # fmt: skip
        write = fluidsynth().cfunc("fluid_synth_write_float", c_int, *((name, kind, 1) for name, kind in names))
        out = np.zeros((frames, 2), np.float32)
        now = 0
        for frame, on, pitch, velocity, channel in [*in_order(part), [frames, 0, 0, 0, 0]]:
            if frame > now:
                at = out[now:].ctypes.data
                write(synth.synth, frame - now, at, 0, 2, at, 1, 2)
                now = frame
                progress(now / frames)
            if on:
                synth.noteon(channel, pitch, velocity)
            else:
                synth.noteoff(channel, pitch)
        return out


class MidiRenderer:
    """Renders a MIDI file and a bank in memory to 16-bit WAV at 48 kHz; a note starts within 64 frames, 1.3 ms."""

    rate = 48000
    channels = 16
    polyphony = 56  # of 64: a 65th would cut off another, and a few are left for tails

    def play(self, bank: bytes, part: Pass, frames: int, progress: Progress) -> np.ndarray:
        """One pass, (frames, 2) float32; what is too loud for 16 bits is played in two halves and mixed.

        Turning it down instead would lose sound: RustySynth leaves out what has a gain under 0.001, as some reverb has.
        """
        import midirenderer
        import soundfile

        try:
            wave = midirenderer.render_wave_from(bank, self._midi(part, frames))
        except (ValueError, RuntimeError) as error:  # RustySynth is stricter about banks than FluidSynth
            raise FileError(
                f"midirenderer cannot play this sound bank ({error}); give another, or use fluidsynth"
            ) from error
        samples, _ = soundfile.read(io.BytesIO(wave), frames, dtype="float32", always_2d=True, fill_value=0)
        halves = halved(part) if max(samples.max(), -samples.min()) > _FULL else None
        if halves:
            return self.play(bank, halves[0], frames, progress) + self.play(bank, halves[1], frames, progress)
        progress(1)
        return np.asarray(samples)

    def _midi(self, part: Pass, frames: int) -> bytes:
        """A MIDI file whose tick is a frame: 24,000 a quarter note at 120 bpm."""
        messages = bytearray()
        for channel, voice in part.items():
            messages += b"\0" + bytes([0xB0 | channel, 7, 127])
            messages += b"\0" + bytes([0xC0 | channel, voice.preset[1]])
        now = 0
        for frame, on, pitch, velocity, channel in in_order(part):
            messages += _delta(frame - now) + bytes([(0x90 if on else 0x80) | channel, pitch, velocity])
            now = frame
        messages += _delta(frames - now) + b"\xff\x2f\x00"
        head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, self.rate // 2)
        return head + b"MTrk" + struct.pack(">I", len(messages)) + bytes(messages)


def _delta(ticks: int) -> bytes:
    """A number below 2²⁸ in MIDI's variable length: seven bits a byte, the high bit on all but the last."""
    out = [ticks & 0x7F]
    while ticks := ticks >> 7:
        out.append(ticks & 0x7F | 0x80)
    return bytes(reversed(out))
