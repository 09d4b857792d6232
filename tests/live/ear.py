"""An ear for tests: a private PulseAudio server whose only loudspeaker is recorded, and what the recording says."""

import contextlib
import os
import shutil
import subprocess
import time

import numpy as np
import pytest

RATE = 48000
NEEDED = ("pulseaudio", "pactl", "parec")
SERVER = (
    "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no",
    "--high-priority=no", "--log-target=null", "-L", f"module-null-sink sink_name=ear rate={RATE}",
)  # fmt: skip


@contextlib.contextmanager
def ear(folder):
    """The environment in which programs sound into the null sink; skips where PulseAudio is not here."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        pytest.skip(f"{missing[0]} is not here: apt-get install pulseaudio pulseaudio-utils libasound2-plugins")
    socket = folder / "native"
    environment = os.environ | {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_RUNTIME_PATH": str(folder / "run"),
        "PULSE_SERVER": f"unix:{socket}",
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    server = subprocess.Popen(
        [*SERVER, "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end_s = time.monotonic() + 20
        while subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False).returncode:
            if server.poll() is not None or time.monotonic() > end_s:
                pytest.skip("PulseAudio does not start here")
            time.sleep(0.1)
        yield environment
    finally:
        server.terminate()
        server.wait(20)


@contextlib.contextmanager
def recorded(environment, path):
    """A block whose sound is in ``path`` afterwards: raw, mono, 16 bits."""
    with path.open("wb") as file:
        command = ["parec", "--raw", "--device=ear.monitor", "--format=s16le", f"--rate={RATE}", "--channels=1"]
        recorder = subprocess.Popen([*command, "--latency-msec=20"], env=environment, stdout=file)
        try:
            time.sleep(0.5)
            yield
            time.sleep(0.3)
        finally:
            recorder.terminate()
            recorder.wait(20)


def sound(path):
    """(frames,) float, from -1 to 1."""
    return np.fromfile(path, "<i2") / 32768


def strength(samples, pitch, size=1024, hop=48):
    """How strongly a pitch sounds: the energy at its first three harmonics, a millisecond a value, centred."""
    window = np.hanning(size)
    hz = 440 * 2 ** ((pitch - 69) / 12) * np.array([1, 2, 3])
    waves = window * np.exp(-2j * np.pi * hz[:, None] * np.arange(size) / RATE)  # (3, size)
    padded = np.pad(samples, size // 2)
    blocks = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    return (np.abs(blocks @ waves.T) ** 2).sum(1)


def onset(samples, pitch, near_s, within_s=0.06):
    """When a pitch begins to sound, in seconds, and how much stronger it is after than before."""
    first = max(round((near_s - within_s - 0.03) * RATE), 0)
    part = samples[first : round((near_s + within_s + 0.06) * RATE)]
    level = np.log(strength(part, pitch) + 1e-4)
    rise = level[20:] - level[:-20]  # over 20 ms
    middle = int(rise.argmax())
    return first / RATE + (middle + 10) / 1000, float(rise[middle])


def period_s(tone, lowest_hz=50.0, highest_hz=1500.0):
    """The period of a tone, by autocorrelation over as many periods as fit into a third of it."""
    most = round(RATE / lowest_hz)
    lags = np.correlate(tone, tone[: len(tone) // 2], "valid")
    first = round(RATE / highest_hz)
    rising = first + int(np.argmax(np.diff(lags[first:most]) > 0))  # past the peak at 0
    best = rising + int(lags[rising:most].argmax())
    strong = lags[rising:most] > 0.9 * lags[best]
    return (rising + int(np.argmax(strong)) + int(lags[rising + int(np.argmax(strong)) :][:40].argmax())) / RATE
