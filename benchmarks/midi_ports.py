"""How long a note takes from another program's MIDI port to the model's answer on it.

This process is the player. It starts ``antiphon play`` in ``harmonise``, where every note asks for another at once,
plays notes into its MIDI input and waits for the model's on its MIDI output; first across TCP, then through the JACK
server's dummy driver, where ``jackd`` is installed. Prints JSON.

    python benchmarks/midi_ports.py --notes 300
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from antiphon.live.network import NetworkPort

EVERY_S, LENGTH_S, PATIENCE_S = 0.12, 0.06, 5.0
MODEL_ON = 0x91
SCALE = (0, 2, 4, 5, 7, 9, 11)
Send = Callable[[bytes], None]


def trips_ms(send: Send, back: SimpleQueue[tuple[bytes, float]], notes: int) -> np.ndarray:
    """From each note to the first of the model's; what does not come within PATIENCE_S counts as that."""
    times = []
    for k in range(notes):
        pitch = 60 + SCALE[k % 7]
        sent_s = time.monotonic()
        send(bytes([0x90, pitch, 80]))
        times.append(min(_answered_s(back, sent_s + PATIENCE_S) - sent_s, PATIENCE_S) * 1000)
        time.sleep(max(sent_s + LENGTH_S - time.monotonic(), 0))
        send(bytes([0x80, pitch, 0]))
        time.sleep(max(sent_s + EVERY_S - time.monotonic(), 0))
        while not back.empty():
            back.get()
    return np.array(times)


def _answered_s(back: SimpleQueue[tuple[bytes, float]], until_s: float) -> float:
    while (left_s := until_s - time.monotonic()) > 0:
        with contextlib.suppress(Empty):
            message, now_s = back.get(timeout=left_s)
            if message[0] == MODEL_ON:
                return now_s
    return until_s


@contextlib.contextmanager
def playing(port: str, environment: dict[str, str]) -> Iterator[Path]:
    """``antiphon play`` on a port, ready; the ledger it leaves."""
    with tempfile.TemporaryDirectory() as folder:
        take = Path(folder) / "take.mid"
        command = [
            sys.executable,
            "-m",
            "antiphon",
            "play",
            "--json",
            "--no-sound",
            "--mode",
            "harmonise",
            "--seed",
            "1",
        ]
        command += ["--set", "voices=1", "--save", str(take), "--midi-in", port, "--midi-out", port]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            assert process.stderr
            process.stderr.readline()  # it plays now
            try:
                yield take.with_suffix(".json")
            finally:
                process.terminate()
                process.communicate()


def over_tcp(notes: int) -> np.ndarray:
    """Across the loopback network."""
    back: SimpleQueue[tuple[bytes, float]] = SimpleQueue()
    here = NetworkPort("tcp:0", lambda message, now_s: back.put((message, now_s)), lambda: None, lambda text: None)
    with playing(f"tcp:127.0.0.1:{here.port}", dict(os.environ)):
        try:
            return trips_ms(here.send, back, notes)
        finally:
            here.close()


def over_jack(notes: int) -> np.ndarray:
    """Through JACK, whose dummy driver hands messages on every 128 frames at 48 kHz, 2.7 ms."""
    environment = dict(os.environ) | {
        "JACK_DEFAULT_SERVER": f"antiphon-{os.getpid()}",
        "JACK_NO_AUDIO_RESERVATION": "1",
        "MIDO_BACKEND": "mido.backends.rtmidi/UNIX_JACK",
    }
    os.environ.update(environment)
    server = subprocess.Popen(
        ["jackd", "--no-realtime", "-d", "dummy", "-r", "48000", "-p", "128"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(3)
        with playing("virtual", environment):
            return _through_mido(notes)
    finally:
        server.terminate()
        server.wait()


def _through_mido(notes: int) -> np.ndarray:
    import mido

    back: SimpleQueue[tuple[bytes, float]] = SimpleQueue()

    def named(names: list[str]) -> str:
        return next(name for name in names if "Antiphon" in name)

    def heard(message: Any) -> None:
        back.put((bytes(message.bytes()), time.monotonic()))

    with (
        mido.open_output(named(mido.get_output_names())) as out,
        mido.open_input(named(mido.get_input_names()), callback=heard),
    ):
        time.sleep(0.5)  # until the ports are connected
        return trips_ms(lambda message: out.send(mido.Message.from_bytes(message)), back, notes)


def summary(times_ms: np.ndarray) -> dict[str, float]:
    """Percentiles."""
    row = {f"p{p} ms": round(float(np.percentile(times_ms, p)), 2) for p in (50, 95, 99)}
    return {"notes": len(times_ms)} | row | {"max ms": round(float(times_ms.max()), 2)}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=300)
    args = parser.parse_args()
    result = {"tcp": summary(over_tcp(args.notes))}
    if shutil.which("jackd"):
        result["jack"] = summary(over_jack(args.notes))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
