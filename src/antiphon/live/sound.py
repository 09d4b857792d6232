"""The sound card: a stream of blocks, each filled in the callback of sounddevice (PortAudio).

Everything sounds a constant time after it was asked for, the output latency: a note asked for while one block plays is
put at its own frame of a later block, so blocks leave no trace in the rhythm. The latency is what the system reports
for its buffers, plus one block; it is followed while it changes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from antiphon.audio.realtime import open_instrument
from antiphon.errors import AntiphonError, OptionError, missing_extra, unknown
from antiphon.instruments import program
from antiphon.live.latencies import extra_ms
from antiphon.live.mixer import Mixer
from antiphon.live.ports import Notice
from antiphon.live.quiet import quiet
from antiphon.notes import DRUMS

RATES = (48000, 44100)  # what is tried, first what most cards run at
FALLING_S = 5e-5  # how much a block takes off the latency that is kept, so that one long wait is forgotten in time
KEPT = 8192  # blocks whose loads are kept: 45 s
STEADY = 20  # blocks; before them the system fills its buffers, in bursts and with gaps
PATIENCE_S = 5.0  # so long a device may take to begin
AHEAD_S = 3.0  # sound that a device may take in before its time; no real one has a longer buffer
GONE_S = 5.0  # without a block: the device, or the sound server behind it, is gone
POLL_S = 1.0  # how often one that is gone is looked for
DRIFT = 0.01  # a device's clock may be so much faster than ours
ADVICE = "choose another with --audio (antiphon ports lists them), or play without: --no-sound, or --record FILE.wav"


@dataclass(frozen=True, kw_only=True)
class SoundOptions:
    """How sound comes out."""

    device: str = ""  # a part of its name; empty: the system's own choice
    latency_ms: float = 15.0  # buffer asked of the system; 0: its own least
    block: int = 256  # frames filled at once
    instrument: str = "0"  # the player's, by General MIDI name or number
    model_instrument: str = "0"
    soundfont: Path | None = None
    engine: str = "auto"  # fluidsynth, midirenderer, or the first of them that is there
    calibration: Path | None = None  # where `antiphon calibrate --keep` keeps what it measured

    def __post_init__(self) -> None:
        if not 0 <= self.latency_ms <= 1000:
            raise OptionError(f"latency {self.latency_ms} ms is out of range: 1 to 1000, or 0 for the system's least")
        if not 16 <= self.block <= 4096:
            raise OptionError(f"a block of {self.block} frames is out of range: 16 to 4096")
        program(self.instrument)
        program(self.model_instrument)


def _ignore(text: str) -> None:
    """Tell nobody."""


class Pace:
    """Tells a device that plays from one that only takes what it is given, as fast as it can.

    ALSA's ``null`` and ``file`` devices are so. Their callback never waits: it would keep a core busy for as long as
    the stream is open, and at real-time priority nothing else would ever run on that core.
    """

    def __init__(self) -> None:
        self.outran = False
        self.latest_s: float | None = None  # when the last block came
        self._ahead_s = 0.0

    def outruns(self, block_s: float, now_s: float) -> bool:
        """Whether, with this block, more sound went through than time has passed for."""
        passed_s = block_s if self.latest_s is None else now_s - self.latest_s
        self.latest_s = now_s
        self._ahead_s = max(self._ahead_s + block_s * (1 - DRIFT) - passed_s, 0.0)
        self.outran = self.outran or self._ahead_s > AHEAD_S
        return self.outran


def library() -> ModuleType:
    """sounddevice; raises AntiphonError where it or PortAudio is missing, with what to install."""
    try:
        with quiet():
            import sounddevice
    except ModuleNotFoundError as error:
        raise missing_extra("sounddevice", "live", "sound") from error
    except OSError as error:
        raise AntiphonError(
            "sound needs the library PortAudio (apt-get install libportaudio2, or brew install portaudio); without it "
            "play with --no-sound, or --record FILE.wav"
        ) from error
    return sounddevice


def outputs() -> list[str]:
    """The names of the devices that can sound; raises AntiphonError where there is no PortAudio."""
    with quiet():
        return [str(device["name"]) for device in library().query_devices() if device["max_output_channels"] >= 2]


def open_mixer(options: SoundOptions, rate: int) -> Mixer:
    """The mixer with an instrument for each part; the click is played on a drum kit, where the bank has one."""
    own, model = (
        open_instrument(program(name), rate, soundfont=options.soundfont, engine=options.engine)
        for name in (options.instrument, options.model_instrument)
    )
    click = open_instrument(DRUMS, rate, engine=options.engine)
    return Mixer({"player": own, "model": model, "click": click})


class Speaker:
    """A running stream of sound, the mixer's; close it when done.

    ``mixer`` makes another than the usual one. A device that goes away is looked for until it is back; ``notice`` is
    told of both, from a thread of its own.
    """

    def __init__(
        self, options: SoundOptions, mixer: Callable[[int], Mixer] | None = None, notice: Notice = _ignore
    ) -> None:
        self._sd = library()
        self.device = _device(self._sd, options.device)
        self.name = str(self._sd.query_devices(self.device)["name"])
        self.rate = _rate(self._sd, self.device)
        self.block = options.block
        self.mixer = mixer(self.rate) if mixer else open_mixer(options, self.rate)
        self.underruns = 0
        self.loads: deque[float] = deque(maxlen=KEPT)  # of each block: time it took over time it lasts
        self._latency_s = 0.0  # from asking to sounding, as the system reports it
        self._extra_s = extra_ms(options.calibration, self.name) / 1000
        self._offset_s: float | None = None  # our clock less PortAudio's
        self._stream: Any = None
        self._pace, self._notice, self._closing, self._lock = Pace(), notice, threading.Event(), threading.Lock()
        self._buffer: float | str = options.latency_ms / 1000 or "low"
        try:
            self._open()
        except self._sd.PortAudioError as error:
            self.close()
            raise AntiphonError(f"cannot open the sound device {self.name}: {_reason(error)}; {ADVICE}") from error
        self._settle()
        if self._pace.outran:
            self.close()
            raise AntiphonError(f"the sound device {self.name} takes sound faster than it could be heard; {ADVICE}")
        threading.Thread(target=self._watch, name="antiphon sound", daemon=True).start()

    @property
    def latency_s(self) -> float:
        """From asking to hearing: what the system reports now, and what calibration found beyond it."""
        return self._latency_s + self._extra_s

    @property
    def reported_s(self) -> float:
        """The system's part of it."""
        return self._latency_s

    def close(self) -> None:
        """Stop, and let go of the card."""
        self._closing.set()
        with self._lock:
            self._let_go()
        self.mixer.close()

    def _open(self) -> None:
        """Start a stream; raises PortAudioError where there is none to be had."""
        with quiet():
            self._stream = self._sd.OutputStream(
                self.rate, self.block, self.device, 2, "float32", latency=self._buffer, callback=self._fill
            )
            self._stream.start()

    def _let_go(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with quiet():
                stream.close(ignore_errors=True)

    def _watch(self) -> None:
        """Look for a device that is gone, its stream stopped: PortAudio would ask for it without a pause."""
        while not self._closing.wait(POLL_S):
            if time.monotonic() - (self._pace.latest_s or 0.0) <= GONE_S:
                continue
            with self._lock:
                self._let_go()
            self._notice(f"the sound device {self.name} is gone; it is opened again when it is back")
            while not self._closing.wait(POLL_S):
                with self._lock:
                    if not self._closing.is_set() and self._opened_again():
                        self._notice(f"the sound device {self.name} is open")
                        break

    def _opened_again(self) -> bool:
        """Whether the device is there again, and open. PortAudio lists devices once, so it is begun anew."""
        try:
            with quiet():
                self._sd._terminate()
                self._sd._initialize()
            self.device = _device(self._sd, self.name)
            self._offset_s, self._pace = None, Pace()
            self._open()
        except (AntiphonError, self._sd.PortAudioError):
            self._let_go()
            return False
        return True

    def _settle(self) -> None:
        """Wait until blocks come at the pace they play, then count from zero."""
        block_s, began_s = self.block / self.rate, time.monotonic()
        while time.monotonic() - began_s < PATIENCE_S and not self._pace.outran:
            before = len(self.loads)
            time.sleep(STEADY * block_s)
            if abs(len(self.loads) - before - STEADY) <= 4:
                break
        self.underruns = 0
        self.loads.clear()

    def _fill(self, out: np.ndarray, frames: int, times: Any, status: Any) -> None:
        """The callback: nothing here waits, prints or reads a file."""
        began_s = time.monotonic()
        if self._pace.outruns(frames / self.rate, began_s):
            raise self._sd.CallbackAbort
        self.underruns += bool(status.output_underflow)
        wait_s = times.outputBufferDacTime - times.currentTime
        if not 0 <= wait_s < 2:  # some systems report nothing sensible
            wait_s = self._stream.latency
        offset_s = began_s - times.currentTime
        if self._offset_s is None or not 0 <= offset_s - self._offset_s < 0.1:
            self._offset_s = offset_s
        self._offset_s += FALLING_S / 10  # the least seen is nearest the truth; it creeps up lest clocks drift apart
        block_s = frames / self.rate
        self._latency_s = max(self._latency_s - FALLING_S, wait_s + block_s)
        self.mixer.fill(out, times.currentTime + self._offset_s + wait_s - self._latency_s)
        self.loads.append((time.monotonic() - began_s) / block_s)


def _device(sd: ModuleType, name: str) -> int:
    """The number of the output that a part of its name means; the system's default for none."""
    with quiet():
        devices = [d for d in sd.query_devices() if d["max_output_channels"] >= 2]
        default = sd.query_hostapis(sd.default.hostapi)["default_output_device"] if devices else -1
    if not devices:
        raise AntiphonError(
            "there is no sound device; play without sound (--no-sound), to a MIDI port (--midi-out NAME), or into a "
            "file (--record FILE.wav)"
        )
    if not name:
        return int(default if default >= 0 else devices[0]["index"])
    fits = [d for d in devices if name.casefold() in d["name"].casefold()]
    if not fits:
        raise OptionError(unknown("sound device", name, [d["name"] for d in devices]))
    return int(fits[0]["index"])


def _rate(sd: ModuleType, device: int) -> int:
    """The first of RATES that the device takes."""
    with quiet():
        for rate in RATES:
            with contextlib.suppress(sd.PortAudioError, ValueError):
                sd.check_output_settings(device, 2, "float32", samplerate=rate)
                return rate
        name = sd.query_devices(device)["name"]
    raise AntiphonError(f"the sound device {name} takes none of {', '.join(map(str, RATES))} frames a second; {ADVICE}")


def _reason(error: Exception) -> str:
    """PortAudio's words without its number."""
    return str(error.args[0]).removeprefix("Error opening OutputStream: ")
