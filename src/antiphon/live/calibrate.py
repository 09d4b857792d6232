"""How long sound takes from the program to the ear: by a microphone that hears the speaker, or by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from antiphon.errors import AntiphonError, OptionError
from antiphon.live.events import NoteOn
from antiphon.live.mixer import Mixer
from antiphon.live.quiet import quiet
from antiphon.live.sound import Pace, SoundOptions, Speaker, library

CLICKS, EVERY_S = 8, 0.5
FIRST_S = 1.0  # systems need a moment to start
BURST_S, BURST_HZ = 0.005, 2000.0
LONGEST_S = 0.4  # latency that can be told from the next click's
CLEAR = 4.0  # a click must stand out of the noise by this factor
FEWEST = 5  # taps, or clicks heard, that count


@dataclass(frozen=True)
class Latency:
    """From asking for a sound to hearing it."""

    method: str
    device: str
    median_ms: float
    spread_ms: float  # half the distance between the quartiles
    count: int  # clicks heard, or taps
    reported_ms: float  # what the system's own reports add up to

    @property
    def extra_ms(self) -> float:
        """What the system does not know of."""
        return round(self.median_ms - self.reported_ms, 1)


class Burst:
    """An instrument of one sound, short and easy to find in a recording."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._left = np.zeros(0, np.float32)

    def note_on(self, pitch: int, velocity: int) -> None:
        """Start it, whatever the pitch."""
        self._left = burst(self.rate)

    def note_off(self, pitch: int) -> None:
        """It ends by itself."""

    def add(self, out: np.ndarray) -> None:
        """Mix the next frames in."""
        part, self._left = self._left[: len(out)], self._left[len(out) :]
        out[: len(part)] += part[:, None]

    def close(self) -> None:
        """There is nothing to give back."""


def burst(rate: int) -> np.ndarray:
    """(frames,) float32."""
    frames = np.arange(round(BURST_S * rate))
    wave: np.ndarray = 0.3 * np.sin(2 * np.pi * BURST_HZ * frames / rate) * np.hanning(len(frames))
    return wave.astype(np.float32)


def delays_s(recorded: np.ndarray, rate: int, asked_s: list[float]) -> list[float]:
    """How late each click is in a recording that began at 0; only of those that are heard clearly.

    The place of the greatest correlation with the click, where it exceeds CLEAR times the root mean square around it.
    """
    shape, found = burst(rate), []
    for start_s in asked_s:
        window = recorded[max(round(start_s * rate), 0) :][: round(LONGEST_S * rate) + len(shape)]
        if len(window) < len(shape) or not window.any():
            continue
        match = np.abs(np.correlate(window, shape, "valid"))
        place = int(match.argmax())
        if match[place] > CLEAR * float(np.sqrt(np.mean(match**2))):
            found.append(place / rate)
    return found


def clicks(speaker: Speaker) -> list[float]:
    """Ask for the clicks; when each was asked for, on time.monotonic."""
    first_s = time.monotonic() + FIRST_S
    times_s = [first_s + k * EVERY_S for k in range(CLICKS)]
    for time_s in times_s:
        speaker.mixer.order(time_s, "click", NoteOn(76, 120))
    return times_s


def by_loopback(output: str = "", source: str = "") -> Latency:
    """Play clicks and record them; the latency from asking to sounding, by the microphone's own time.

    Raises AntiphonError where there is no input, or where too few clicks were heard.
    """
    sd: Any = library()
    speaker = Speaker(SoundOptions(device=output), lambda rate: Mixer({"click": Burst(rate)}))
    blocks: list[tuple[float, np.ndarray]] = []
    pace = Pace()

    def record(data: np.ndarray, frames: int, times: Any, status: Any) -> None:
        if pace.outruns(frames / speaker.rate, time.monotonic()):
            raise sd.CallbackAbort
        began_s = time.monotonic() + times.inputBufferAdcTime - times.currentTime
        blocks.append((began_s, data[:, 0].copy()))

    try:
        with quiet():
            stream = sd.InputStream(speaker.rate, 256, source or None, 1, "float32", latency="low", callback=record)
        with stream:
            asked_s = clicks(speaker)
            time.sleep(asked_s[-1] - time.monotonic() + LONGEST_S + 0.2)
    except (sd.PortAudioError, ValueError) as error:
        raise AntiphonError(
            f"cannot record ({error}); plug in a microphone, or use antiphon calibrate --by-hand"
        ) from error
    finally:
        speaker.close()
    recorded = np.concatenate([np.zeros(0, np.float32), *(data for _, data in blocks)])
    began_s = blocks[-1][0] - (len(recorded) - len(blocks[-1][1])) / speaker.rate if blocks else 0.0
    found = delays_s(recorded, speaker.rate, [time_s - began_s for time_s in asked_s])
    if len(found) < FEWEST:
        raise AntiphonError(
            f"heard {len(found)} of {CLICKS} clicks: turn the speaker up, bring the microphone near, or use --by-hand"
        )
    return _latency("loopback", found, speaker)


def by_hand(taps: Callable[[float], list[float]], output: str = "") -> Latency:
    """Tap along with clicks; ``taps(end_s)`` gives the times of the taps until then, on time.monotonic.

    A rough measure: people tap some 20 ms before what they hear. Raises OptionError for too few taps.
    """
    speaker = Speaker(SoundOptions(device=output))
    try:
        asked_s = clicks(speaker)
        tapped_s = taps(asked_s[-1] + LONGEST_S)
    finally:
        speaker.close()
    return _latency("hand", tap_delays_s(tapped_s, asked_s[0]), speaker)


def tap_delays_s(tapped_s: list[float], first_s: float) -> list[float]:
    """How far each tap is behind its click; up to a tenth of a second before it counts as early."""
    early_s = LONGEST_S / 4
    delays = [(tap_s - first_s + early_s) % EVERY_S - early_s for tap_s in tapped_s]
    if len(delays) < FEWEST:
        raise OptionError(f"{len(delays)} taps are too few: tap Enter with every click, {FEWEST} times at least")
    return delays


def _latency(method: str, found_s: list[float], speaker: Speaker) -> Latency:
    low, middle, high = np.percentile(np.array(found_s) * 1000, [25, 50, 75])
    spread_ms = round(float(high - low) / 2, 1)
    reported_ms = round(speaker.reported_s * 1000, 1)
    return Latency(method, speaker.name, round(float(middle), 1), spread_ms, len(found_s), reported_ms)
