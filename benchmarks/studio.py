"""The studio: how soon service and page are ready, how long a note takes to the page, what many at once wait for.

A server of its own in another process, on loopback; real websockets, real HTTP. Players repeat a phrase and listen to
the answer; meanwhile requests for music come all at once. Delivery is from the moment a message left the session to its
arrival, the clocks matched by the shortest of twenty pings, half a round trip off at most. Nothing may be lost: every
note that begins ends, every request is answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from record import Value, parser, save
from studio_page import visits, way

PHRASE = (60, 64, 67, 72, 71, 67)
STEP_S = 0.15
PINGS = 20
FIRST = ("chrt", "--reset-on-fork", "--rr", "5")  # before a command: real-time priority for it alone
SETTINGS = {"mode": "answer", "entrance": "now", "silence_s": 0.4, "answer_s": 3.0}


@dataclass
class Heard:
    """What one player noticed; times in seconds."""

    delivery_s: list[float] = field(default_factory=list)  # of messages with notes
    late_s: list[float] = field(default_factory=list)  # from a note's time to its arrival; below 0: in good time
    first_s: list[float] = field(default_factory=list)  # from the phrase's end, as told, to the first note's time
    begun: int = 0
    hanging: int = 0  # notes that began and did not end
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    closed: str = ""


def main() -> None:
    """Start, load, tell."""
    options = parser(__doc__ or "", "python benchmarks/studio.py --players 20 --requests 50")
    options.add_argument("--players", type=int, default=20, help="live sessions at once (default: 20)")
    options.add_argument("--requests", type=int, default=50, help="requests for music at once (default: 50)")
    options.add_argument("--seconds", type=float, default=30, help="that players play (default: 30)")
    options.add_argument("--music", type=float, default=10, help="seconds of music of a request (default: 10)")
    options.add_argument("--starts", type=int, default=5, help="starts that are timed (default: 5)")
    options.add_argument("--visits", type=int, default=10, help="visits to the page that are timed (default: 10)")
    options.add_argument(
        "--real-time", action="store_true", help="server and players before all else (needs root): for busy machines"
    )
    args = options.parse_args()
    save(args, starts(args.starts, FIRST if args.real_time else ()), ("antiphon", "uvicorn", "fastapi"), "ready")
    if args.visits:
        _page(args)
    alone = _loaded(args, players=1, requests=0)
    crowd = _loaded(args, players=args.players, requests=args.requests)
    save(args, alone + crowd, ("antiphon", "onnxruntime", "uvicorn", "websockets"))


def _page(args: Namespace) -> None:
    """The page in Chromium, alone with a server."""
    process, address = server()
    try:
        save(args, visits(address, args.visits), ("antiphon", "playwright"), "page")
        save(args, way(address, args.seconds), ("antiphon", "onnxruntime", "playwright"), "way")
    finally:
        process.terminate()
        process.wait()


def server(before: Sequence[str] = ()) -> tuple[subprocess.Popen[str], str]:
    """A studio, and its address once it says that it is ready."""
    command = [*before, sys.executable, "-m", "antiphon", "studio", "--json", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    printed = ""
    while not printed.rstrip().endswith("}"):
        printed += process.stdout.readline()
    return process, json.loads(printed)["address"]


def _favour(pid: int) -> None:
    """Real-time priority for the server and for us; its workers, which are there already, stay as they are."""
    time.sleep(3)  # until they are, and the model is open
    how = os.SCHED_RR | os.SCHED_RESET_ON_FORK
    for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  names, not paths
        os.sched_setscheduler(int(thread), how, os.sched_param(5))
    os.sched_setscheduler(0, how, os.sched_param(4))


def starts(count: int, before: Sequence[str] = ()) -> list[dict[str, Value]]:
    """From nothing to the first answer, wall-clock and processor time."""
    wall, cpu = [], []
    for _ in range(count + 1):
        began = time.perf_counter()
        process, address = server(before)
        urlopen(f"{address}api/health").read()  # noqa: S310  our own server
        wall.append(time.perf_counter() - began)
        cpu.append(_processor_s(process.pid))
        process.terminate()
        process.wait()
    wall, cpu = wall[1:], cpu[1:]  # the first fills the disk cache
    return [
        {"what": what, "median s": float(np.median(values)), "worst s": max(values), "starts": count}
        for what, values in (("ready, wall-clock", wall), ("ready, processor", cpu))
    ]


def _processor_s(pid: int) -> float:
    """User and system time of a process, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _loaded(args: Namespace, players: int, requests: int) -> list[dict[str, Value]]:
    """A row for everything that was waited for."""
    process, address = server()
    if args.real_time:
        _favour(process.pid)
    try:
        heard, answers = asyncio.run(_crowd(args, address, players, requests))
        kept = urlopen(f"{address}api/health").read()  # noqa: S310  our own server
    finally:
        process.terminate()
        status = process.wait()
    lost = sum(one.hanging for one in heard) + sum(answer[0] != 200 for answer in answers)
    load = f"{players} players" + (f", {requests} requests" if requests else "")
    begun, left = sum(one.begun for one in heard), json.loads(kept)
    print(f"{load}: {begun} notes, {lost} lost, {left['sessions']} sessions left, server's status {status}")
    rows = [
        _row(load, "a message with notes, server to client", [s for one in heard for s in one.delivery_s]),
        _row(load, "phrase over, as told, to the first note's time", [s for one in heard for s in one.first_s]),
        _row(load, "a note's time to its arrival, late ones", [max(s, 0) for one in heard for s in one.late_s]),
    ]
    rows += [_stage(load, name, [h.stages[name] for h in heard if name in h.stages]) for name in ("hand-over", "note")]
    if answers:
        rows.append(_row(load, f"a request for {args.music:g} s of music", [seconds for _, seconds in answers]))
    return [{**row, "lost": lost} for row in rows]


async def _crowd(
    args: Namespace, address: str, players: int, requests: int
) -> tuple[list[Heard], list[tuple[int, float]]]:
    ends = time.monotonic() + args.seconds
    playing = [asyncio.create_task(_player(address, ends, i)) for i in range(players)]
    await asyncio.sleep(args.seconds / 5)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=f"{address}api/", timeout=600, trust_env=False, limits=limits) as client:
        answers = await asyncio.gather(*(_request(client, args.music, seed) for seed in range(requests)))
    return list(await asyncio.gather(*playing)), list(answers)


async def _request(client: httpx.AsyncClient, seconds: float, seed: int) -> tuple[int, float]:
    began = time.perf_counter()
    answer = await client.post("generate", json={"seed": seed, "options": {"seconds": seconds}})
    return answer.status_code, time.perf_counter() - began


async def _player(address: str, ends: float, number: int) -> Heard:
    """Plays the phrase, listens to the answer, again and again."""
    heard = Heard()
    async with connect(f"ws{address.removeprefix('http')}api/play", compression=None) as socket:
        await _say(socket, type="hello", protocol=1, seed=number, settings=SETTINGS, lead_s=0.02)
        await socket.recv()
        zero_s = await _clock(socket)
        listening = asyncio.create_task(_listen(socket, zero_s, heard))
        await asyncio.sleep(number * 0.05)
        while time.monotonic() < ends:
            for pitch in PHRASE:
                await _say(socket, type="note_on", pitch=pitch, velocity=80)
                await asyncio.sleep(STEP_S)
                await _say(socket, type="note_off", pitch=pitch)
            await asyncio.sleep(4.5)
        await _say(socket, type="bye")
        await listening
    return heard


async def _clock(socket: ClientConnection) -> float:
    """The time of our clock at which the session's began, by the ping of the shortest round trip."""
    best = (float("inf"), 0.0)
    for _ in range(PINGS):
        began = time.perf_counter()
        await _say(socket, type="ping", t=began)
        message = json.loads(await socket.recv())
        while message["type"] != "pong":
            message = json.loads(await socket.recv())
        now = time.perf_counter()
        best = min(best, (now - began, (now + began) / 2 - message["now_s"]))
    return best[1]


async def _listen(socket: ClientConnection, zero_s: float, heard: Heard) -> None:
    sounding: set[tuple[str, int]] = set()
    phrase_ends_s, waits = 0.0, False
    async for text in socket:
        now_s = time.perf_counter() - zero_s
        message = json.loads(text)
        if message["type"] == "state" and message["turn"] == "listen":
            phrase_ends_s, waits = message["phrase_ends_s"] or phrase_ends_s, True
        elif message["type"] == "meters":
            heard.stages = message["stages"]
        elif message["type"] == "due":
            heard.delivery_s.append(now_s - message["now_s"])
            for event in message["events"]:
                key = event["part"], event["pitch"]
                if not event["on"]:
                    sounding.discard(key)
                    continue
                sounding.add(key)
                heard.begun += 1
                heard.late_s.append(now_s - event["at_s"])
                if waits:
                    heard.first_s.append(max(event["at_s"], now_s) - phrase_ends_s)
                    waits = False
    heard.hanging = len(sounding)


async def _say(socket: ClientConnection, **message: object) -> None:
    await socket.send(json.dumps(message))


def _row(load: str, what: str, seconds: list[float]) -> dict[str, Value]:
    ms = np.array(seconds or [0.0]) * 1000
    p50, p95, p99 = (float(np.percentile(ms, share)) for share in (50, 95, 99))
    return {"load": load, "what": what, "count": len(seconds), "p50 ms": p50, "p95 ms": p95, "p99 ms": p99,
            "max ms": float(ms.max())}  # fmt: skip


def _stage(load: str, stage: str, found: list[dict[str, float]]) -> dict[str, Value]:
    """A stage of the sessions' own ledgers: the median of their percentiles, and the worst of all."""
    row: dict[str, Value] = {"load": load, "what": f"ledger: {stage}", "count": int(sum(one["count"] for one in found))}
    row |= {f"{p} ms": float(np.median([one[f"{p} ms"] for one in found] or [0])) for p in ("p50", "p95", "p99")}
    return row | {"max ms": max((one["max ms"] for one in found), default=0.0)}


if __name__ == "__main__":
    main()
