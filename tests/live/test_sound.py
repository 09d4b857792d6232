"""Sound that is really made: through PulseAudio into a recording, and through devices that are none."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from tests.live.ear import RATE, ear, onset, period_s, recorded, sound

from antiphon.audio.levels import resample
from antiphon.errors import FileError, MissingExtraError, OptionError
from antiphon.files.midi import read_midi, write_midi
from antiphon.live.latencies import extra_ms, keep
from antiphon.live.sound import AHEAD_S, Pace, SoundOptions, library
from antiphon.notes import from_seconds

pytestmark = pytest.mark.realtime

MELODY = (60, 64, 67, 72, 71, 67)
STEP_S = 0.3
CLEAR = 3.0  # a rise by a factor of 20 in 20 ms is an onset that can be placed


def antiphon(environment, *arguments, timeout=120):
    command = [sys.executable, "-m", "antiphon", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout, check=False)


def test_a_device_that_plays_keeps_pace_whatever_its_bursts_and_its_drift():
    rng, pace, now_s = np.random.default_rng(0), Pace(), 0.0
    for _ in range(40_000):  # in bursts of up to ten blocks, and half a percent fast
        for _ in range(rng.integers(1, 10)):
            now_s += 0.01 / 1.005
            assert not pace.outruns(0.01, now_s + rng.uniform(-0.05, 0.05))
    pace, blocks = Pace(), 0
    while not pace.outruns(0.01, blocks * 1e-4):
        blocks += 1
    assert blocks * 0.01 < AHEAD_S * 1.1
    assert pace.outran


@pytest.fixture
def alsa(tmp_path):
    """Says which configuration ALSA reads, and nothing of the machine's own."""
    if sys.platform != "linux":
        pytest.skip("ALSA is Linux's")
    library()

    def configured(text):
        (tmp_path / "asound.conf").write_text(text)
        return os.environ | {"ALSA_CONFIG_PATH": str(tmp_path / "asound.conf"), "JACK_NO_START_SERVER": "1"}

    return configured


def test_without_a_device_it_is_said_what_to_do(alsa, tmp_path):
    nothing = alsa("pcm.hint { }")
    done = antiphon(nothing, "play", "--no-ui", "--no-midi-in", "--save", tmp_path / "a.mid")
    assert done.returncode == 1
    assert "there is no sound device; play without sound (--no-sound)" in done.stderr
    assert json.loads(antiphon(nothing, "ports", "--json").stdout)["sound_devices"] == []


@pytest.mark.parametrize("command", [["calibrate"], ["play", "--no-ui", "--no-midi-in"]])
def test_a_device_that_never_waits_ends_at_once(alsa, command):
    environment = alsa('pcm.!default { type plug slave.pcm "null" }\npcm.null { type null }\n')
    began_s = time.monotonic()
    done = antiphon(environment, *command)
    assert done.returncode == 1
    assert (
        "the sound device default takes sound faster than it could be heard; choose another with --audio" in done.stderr
    )
    assert time.monotonic() - began_s < 60  # measured: 0.4 s


def test_a_device_by_a_name_that_is_not_there(alsa):
    environment = alsa('pcm.!default { type plug slave.pcm "null" }\npcm.null { type null }\n')
    done = antiphon(environment, "play", "--no-ui", "--no-midi-in", "--audio", "defualt")
    assert done.returncode == 1
    assert "unknown sound device 'defualt'; did you mean 'default'" in done.stderr


def test_without_the_package_or_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r"sound needs sounddevice.*antiphon\[live\]"):
        library()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latency_ms": -1}, "latency -1 ms is out of range: 1 to 1000"),
        ({"block": 8}, "a block of 8 frames is out of range: 16 to 4096"),
        ({"instrument": "violn"}, "did you mean 'Violin'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(OptionError, match=message):
        SoundOptions(**options)


def test_latencies_are_kept_by_device(tmp_path):
    path = tmp_path / "new" / "latencies.json"
    assert extra_ms(path, "a") == extra_ms(None, "a") == 0
    keep(path, "a", 12.34)
    keep(path, "b", -3)
    keep(path, "a", 20)
    assert (extra_ms(path, "a"), extra_ms(path, "b"), extra_ms(path, "c")) == (20, -3, 0)
    for text in ("[1]", "{", '{"a": "x"}', '{"a": 1e9}', '{"a": NaN}'):
        path.write_text(text)
        with pytest.raises(FileError, match="cannot read the latencies in"):
            extra_ms(path, "a")


def session(folder, environment):
    """A melody played in, and the answer: what sounded, what the take says, what a rendering of it sounds like."""
    count = len(MELODY)
    onsets_s = np.arange(count) * STEP_S
    write_midi(from_seconds(onsets_s, np.full(count, 0.25), np.array(MELODY), np.full(count, 80)), folder / "in.mid")
    with recorded(environment, folder / "out.raw"):
        done = antiphon(
            environment, "play", "--no-ui", "--json", "--no-midi-in", "--seed", "1", "--demo", folder / "in.mid",
            "--seconds", "6", "--save", folder / "take.mid", "--record", folder / "take.wav",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rendered, rate = soundfile.read(folder / "take.wav")
    return json.loads(done.stdout), sound(folder / "out.raw"), resample(rendered, rate, RATE).mean(1)


def test_what_sounds_is_what_was_due(tmp_path, capsys):
    with ear(tmp_path) as environment:
        for _ in range(2):
            result, heard, rendered = session(tmp_path, environment)
            troubles = result["output"]["underruns"] + result["output"]["late in the card"]
            if not troubles:
                break
        else:
            pytest.skip(f"this machine is too busy for sound now: {troubles} underruns and late notes, twice")
    take = read_midi(tmp_path / "take.mid")
    pitches, due_s = take.notes["pitch"].tolist(), take.onset_s
    began_s = np.flatnonzero(np.abs(heard) > 0.003)[0] / RATE
    for pitch, time_s in zip(MELODY, due_s[take.notes["track"] == 0], strict=True):
        tone = heard[round((began_s + time_s + 0.08) * RATE) :][: round(0.14 * RATE)]
        assert 1 / period_s(tone) == pytest.approx(440 * 2 ** ((pitch - 69) / 12), rel=0.02)
    found = [
        (onset(heard, pitch, began_s + time_s), onset(rendered, pitch, time_s))
        for pitch, time_s in zip(pitches, due_s, strict=True)
    ]
    late_s = np.array([ours[0] - theirs[0] for ours, theirs in found if min(ours[1], theirs[1]) > CLEAR])
    errors_ms = np.abs(late_s - np.median(late_s)) * 1000
    with capsys.disabled():
        shown = ", ".join(f"p{p} {np.percentile(errors_ms, p):.1f} ms" for p in (50, 95, 100))
        print(f"\n{len(errors_ms)} of {len(pitches)} onsets: {shown}; {result['output']}")
    assert len(errors_ms) >= len(MELODY)
    assert np.percentile(errors_ms, 95) <= 15


def test_a_sound_server_that_dies_takes_nothing_with_it_and_may_come_back(tmp_path):
    with ear(tmp_path) as environment:
        command = ["play", "--no-ui", "--no-midi-in", "--mode", "continue", "--save", str(tmp_path / "a.mid")]
        playing = subprocess.Popen(
            [sys.executable, "-m", "antiphon", *command], env=environment, stderr=subprocess.PIPE, text=True
        )
        assert "playing" in playing.stderr.readline()
        time.sleep(1)
    try:
        said = (line for line in playing.stderr if line.startswith("the sound device"))  # PortAudio talks too
        assert "default is gone" in next(said)
        with ear(tmp_path) as environment:
            assert "default is open" in next(said)
            with recorded(environment, tmp_path / "out.raw"):
                time.sleep(4)
            playing.terminate()
            assert playing.wait(60) == 0
    finally:
        playing.kill()
        playing.wait()
        playing.stderr.close()
    assert (tmp_path / "a.mid").exists()
    assert np.abs(sound(tmp_path / "out.raw")).max() > 0.01


def test_the_latency_is_measured_by_what_is_heard(tmp_path):
    with ear(tmp_path) as environment:
        for _ in range(3):
            done = antiphon(environment, "calibrate", "--json", "--keep")
            if done.returncode == 0:
                break
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["count"] >= 5
    assert abs(found["median_ms"] - found["reported_ms"]) < 100
    assert extra_ms(tmp_path / "antiphon" / "latencies.json", found["device"]) == found["extra_ms"]
