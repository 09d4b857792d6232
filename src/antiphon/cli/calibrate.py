"""``antiphon calibrate``: how long sound takes from the program to the ear."""

import argparse
import os
import signal
import sys
import threading
import time

from antiphon.cli.output import emit, say

EXAMPLE = "antiphon calibrate --by-hand"
LONGEST_S = 40  # it takes some ten seconds


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by-hand", action="store_true", help="tap Enter along with clicks; needs no microphone")
    parser.add_argument("--audio", default="", metavar="NAME", help="sound device (antiphon ports lists them)")
    parser.add_argument("--microphone", default="", metavar="NAME", help="what hears the speaker")
    parser.add_argument("--keep", action="store_true", help="from now on antiphon play counts with it on this device")


def run(args: argparse.Namespace) -> None:
    from antiphon.live.calibrate import by_hand, by_loopback
    from antiphon.live.latencies import default_path, keep

    alarm = getattr(signal, "alarm", lambda seconds: None)  # Windows has none
    alarm(LONGEST_S)  # whatever a driver does: the system itself then ends this process
    try:
        if args.by_hand:
            say("tap Enter with every click")
            found = by_hand(_taps, args.audio)
        else:
            found = by_loopback(args.audio, args.microphone)
    finally:
        alarm(0)
    if args.keep:
        keep(default_path(), found.device, found.extra_ms)
    text = f"{found.median_ms:.0f} ms ± {found.spread_ms:.0f} by {found.method}, from {found.count} clicks"
    kept = f"; {found.extra_ms:+.0f} ms is kept for {found.device}" if args.keep else ""
    result = vars(found) | {"extra_ms": found.extra_ms, "kept": args.keep}
    emit(args, result, f"{text}; the system's own reports add up to {found.reported_ms:.0f} ms{kept}")


def _taps(end_s: float) -> list[float]:
    """When Enter was pressed, on time.monotonic, until ``end_s`` or until input ends."""
    taps: list[float] = []
    ended = threading.Event()

    def read() -> None:  # past Python's own buffer, which a thread that waits at exit must not hold
        while data := os.read(sys.stdin.fileno(), 1024):
            taps.extend([time.monotonic()] * data.count(b"\n"))
        ended.set()

    threading.Thread(target=read, name="antiphon taps", daemon=True).start()
    ended.wait(max(end_s - time.monotonic(), 0))
    return list(taps)
