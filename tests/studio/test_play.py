"""Live sessions on a real server, through real websockets."""

import asyncio
import json
import random
import shutil
import signal
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from antiphon import DEFAULT_MODEL
from antiphon.engine.bundle import find
from antiphon.studio.app import make_app
from antiphon.studio.options import StudioOptions
from antiphon.studio.said import TYPES

pytestmark = pytest.mark.realtime

HELLO = {"type": "hello", "protocol": 1, "seed": 1, "settings": {"entrance": "now", "silence_s": 0.3}}


def say(websocket, kind, **fields):
    websocket.send(json.dumps({"type": kind, **fields}))


def begun(websocket, **hello):
    websocket.send(json.dumps({**HELLO, **hello}))
    welcome = json.loads(websocket.recv(10))
    assert welcome["type"] == "welcome", welcome
    return welcome


def phrase(websocket, pitches=(60, 64, 67), step_s=0.15):
    for pitch in pitches:
        say(websocket, "note_on", pitch=pitch, velocity=80)
        time.sleep(step_s)
        say(websocket, "note_off", pitch=pitch)


def until(websocket, wanted, seconds=20):
    """Messages up to and with the first that is ``wanted``."""
    found, ends = [], time.monotonic() + seconds
    while True:
        found.append(json.loads(websocket.recv(max(ends - time.monotonic(), 0))))
        if wanted(found[-1]):
            return found


def rest(websocket):
    """All messages up to the end."""
    found = []
    try:
        while True:
            found.append(json.loads(websocket.recv(10)))
    except ConnectionClosed:
        return found


def is_type(kind):
    return lambda message: message["type"] == kind


def model_plays(message):
    return any(event["on"] and event["part"] == "model" for event in message.get("events", ()))


def is_over(message):
    return message["type"] == "state" and message["turn"] == "rest"


def sounding(messages):
    """What began and did not end; an end without a beginning is an error."""
    found = set()
    for event in (event for message in messages for event in message.get("events", ())):
        key = event["part"], event["pitch"]
        if event["on"]:
            assert key not in found, "struck while it sounds"
            found.add(key)
        else:
            found.remove(key)
    return found


def test_welcome_says_what_there_is(server):
    with server.socket() as websocket:
        welcome = begun(websocket, settings={"mode": "duet", "temperature": 0.8})
    assert welcome["model"] in welcome["models"]
    assert welcome["settings"]["mode"] == "duet"
    assert {"mode", "temperature", "density"} <= {control["name"] for control in welcome["controls"]}
    assert welcome["now_s"] < 10


def test_the_model_is_asked_for_what_is_wished(server):
    wishes = {"composer": "chopin", "density": "sparse", "register": "low", "heed": 2}
    with server.socket() as websocket:
        settings = begun(websocket, settings=wishes)["settings"]
        assert {
            "wished_density": "sparse",
            "composer": "chopin",
            "register": "low",
            "heed": 2,
        }.items() <= settings.items()
        say(websocket, "settings", changes={"density": "dense", "composer": ""})
        (changed,) = [m for m in until(websocket, is_type("settings")) if m["type"] == "settings"]
        assert (changed["settings"]["wished_density"], changed["settings"]["composer"]) == ("dense", "")
        phrase(websocket)
        assert any(map(model_plays, until(websocket, is_over)))
        say(websocket, "settings", changes={"composer": "nobody"})
        assert "unknown composer 'nobody'" in until(websocket, is_type("error"))[-1]["message"]


def test_a_phrase_is_answered(server):
    with server.socket() as websocket:
        begun(websocket)
        phrase(websocket)
        messages = until(websocket, is_over)
        assert any(map(model_plays, messages))
        assert sounding(messages) == set()
        parts = {note["part"] for message in messages for note in message.get("notes", ())}
        assert parts == {"player", "model"}
        turns = [message["turn"] for message in messages if message["type"] == "state"]
        assert [turn for turn, before in zip(turns, [None, *turns], strict=False) if turn != before][:2] == [
            "listen",
            "answer",
        ]
        ends = [
            message["phrase_ends_s"]
            for message in messages
            if message["type"] == "state" and message["turn"] == "listen"
        ]
        assert all(end > 0 for end in ends)
        say(websocket, "bye")
        assert rest(websocket)[-1] == {"type": "bye", "reason": "bye"}
        assert websocket.close_code == 1000


def test_what_is_due_comes_before_its_time(server):
    with server.socket() as websocket:
        begun(websocket, lead_s=0.1, settings={**HELLO["settings"], "ahead_s": 1})
        phrase(websocket)
        messages = until(websocket, is_over)
        leads = [e["at_s"] - m["now_s"] for m in messages if m["type"] == "due" for e in m["events"] if e["on"]]
        assert sorted(leads)[len(leads) // 2] > 0.05


def test_ping_tells_the_time(server):
    with server.socket() as websocket:
        begun(websocket)
        say(websocket, "ping", t="now")
        (*_, pong) = until(websocket, is_type("pong"))
        assert pong["t"] == "now"
        time.sleep(0.2)
        say(websocket, "ping", t=None)
        assert until(websocket, is_type("pong"))[-1]["now_s"] >= pong["now_s"] + 0.19


def test_settings_and_models_change(start, tmp_path):
    other = tmp_path / "data" / "antiphon" / "models" / "other"
    shutil.copytree(find(DEFAULT_MODEL), other)
    with start().socket() as websocket:
        begun(websocket)
        say(websocket, "settings", changes={"mode": "trade", "tempo": 120, "bars": 1})
        changed = until(websocket, is_type("settings"))[-1]["settings"]
        assert (changed["mode"], changed["tempo"], changed["bars"]) == ("trade", 120.0, 1)
        say(websocket, "settings", changes={"tempo": 90, "bars": 0}, n=5)
        error = until(websocket, is_type("error"))[-1]
        assert error["n"] == 5
        assert "bars" in error["message"]
        say(websocket, "settings", changes={})
        assert until(websocket, is_type("settings"))[-1]["settings"]["tempo"] == 120
        say(websocket, "model", name="other")
        assert until(websocket, is_type("model"))[-1]["name"] == "other"
        say(websocket, "model", name="../other", n=6)
        assert until(websocket, is_type("error"))[-1]["n"] == 6


def test_ghosts_are_vetoed_locked_and_moved(server):
    with server.socket() as websocket:
        begun(websocket, settings={**HELLO["settings"], "ahead_s": 3})
        phrase(websocket)
        say(websocket, "hand_over")
        planned = until(websocket, lambda m: len(m.get("planned", ())) > 3)[-1]["planned"]
        last = planned[-1]
        say(websocket, "lock", id=last["id"], locked=True)
        until(websocket, lambda m: any(g["locked"] for g in m.get("planned", ()) if g["id"] == last["id"]))
        say(websocket, "veto", id=last["id"])
        until(websocket, lambda m: m["type"] == "state" and last["id"] not in [g["id"] for g in m["planned"]])
        say(websocket, "veto", id=last["id"], n=1)
        assert until(websocket, is_type("error"))[-1]["n"] == 1


def test_panic(server):
    with server.socket() as websocket:
        begun(websocket)
        phrase(websocket)
        messages = until(websocket, model_plays)
        say(websocket, "silence")
        messages += until(websocket, lambda m: m["type"] == "state" and not m["planned"] and m["turn"] == "rest")
        assert sounding(messages) == set()


def test_a_prompt_was_heard_before(server):
    music = {"notes": [[0.2 * i, 0.2, 60 + i, 80] for i in range(8)]}
    with server.socket() as websocket:
        begun(websocket, prompt=music, settings={"mode": "continue"})
        assert until(websocket, model_plays)


@pytest.mark.parametrize(
    "hello",
    [
        {"protocol": 2}, {"type": "note_on"}, {"model": "nobody"}, {"model": 3}, {"seed": -1}, {"seed": 1.5},
        {"lead_s": 1}, {"lead_s": "soon"}, {"settings": {"mode": "waltz"}}, {"settings": [1]},
        {"prompt": {"notes": [[1]]}},
        {"prompt": {"notes": [[0, 1, 200, 80]]}},
    ],
)  # fmt: skip
def test_a_hello_that_asks_for_what_cannot_be(server, hello):
    with server.socket() as websocket:
        websocket.send(json.dumps({**HELLO, **hello}))
        messages = rest(websocket)
        assert messages[0]["type"] == "error"
        assert websocket.close_code == 4000


@pytest.mark.parametrize("text", ["no JSON", "[]", b"\x00"])
def test_what_is_no_message(server, text):
    with server.socket() as websocket:
        begun(websocket)
        websocket.send(text)
        rest(websocket)
        assert websocket.close_code == 4002


def test_messages_that_mean_nothing_change_nothing(server):
    with server.socket() as websocket:
        begun(websocket)
        for message in ({"type": "dance", "n": 1}, {"type": "note_on", "pitch": 400, "velocity": 1, "n": 2}):
            websocket.send(json.dumps(message))
            assert until(websocket, is_type("error"))[-1]["n"] == message["n"]


def test_messages_that_are_made_up(server):
    """Whatever comes is an error or is done; the session goes on and the server has no fault."""
    dice = random.Random(1)
    values = [
        None,
        True,
        -1,
        0,
        3.5,
        60,
        127,
        1e300,
        10**30,
        "",
        "answer",
        "1-60",
        [],
        {},
        {"tempo": 90, "bars": -1},
        [[1]],
    ]
    fields = ["pitch", "velocity", "at_s", "down", "changes", "name", "id", "locked", "onset_s", "t", "n", "type"]
    with server.socket() as websocket:
        begun(websocket, settings={"mode": "duet"})
        for count in range(600):
            message = {name: dice.choice(values) for name in dice.sample(fields, 5)}
            message |= {"type": dice.choice([kind for kind in TYPES if kind != "bye"])} if dice.random() < 0.9 else {}
            websocket.send(json.dumps(message))
            if count % 100 == 99:
                time.sleep(0.3)  # fewer than are too many
        say(websocket, "ping", t=-7)
        until(websocket, lambda message: message["type"] == "pong" and message["t"] == -7)
        say(websocket, "silence")
        say(websocket, "bye")
        assert rest(websocket)[-1]["reason"] == "bye"
    assert [line for line in server.lines if line["level"] == "error"] == []


def test_too_many_messages(server):
    with server.socket() as websocket:
        begun(websocket)
        try:
            for _ in range(3000):
                say(websocket, "ping")
        except ConnectionClosed:
            pass
        rest(websocket)
        assert websocket.close_code == 4029


def test_too_large_a_message(server):
    with server.socket(max_size=None) as websocket:
        begun(websocket)
        websocket.send(" " * 1_000_001)
        rest(websocket)
        assert websocket.close_code == 1009


def test_a_page_of_another_origin(server):
    with pytest.raises(InvalidStatus, match="403"), server.socket(origin="http://evil.example"):
        pass


def test_too_many_sessions_and_room_again(start):
    server, open_ = start(), []
    try:
        for _ in range(32):
            open_.append(server.socket())
            begun(open_[-1].__enter__())
        with server.socket() as websocket:
            rest(websocket)
            assert websocket.close_code == 1013
    finally:
        for one in open_:
            one.__exit__(None, None, None)
    wait_for(lambda: server.api.get("health").json()["sessions"] == 0)
    with server.socket() as websocket:
        begun(websocket)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_end_of_the_server_ends_every_note(start, number):
    server = start()
    with server.socket() as first, server.socket() as second:
        heard = []
        for websocket in (first, second):
            begun(websocket, settings={**HELLO["settings"], "silence_s": 0.1})
            phrase(websocket, step_s=0.1)
            heard.append(until(websocket, model_plays))
        assert all(map(sounding, heard))
        server.process.send_signal(number)
        for websocket, messages in zip((first, second), heard, strict=True):
            messages += rest(websocket)
            assert sounding(messages) == set()
            assert messages[-1]["type"] == "bye"
            assert websocket.close_code == 1001
    began = time.monotonic()
    server.process.wait(20)
    assert time.monotonic() - began < 10
    assert [line for line in server.lines if line["level"] == "error"] == []


@contextmanager
def served(app):
    """The port of a server in this process, on which tests may lay hands."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def test_what_a_step_hands_out_while_the_session_is_ended_is_still_sent():
    """Its last words end a note, so the beginning must have been sent, however late the step comes back."""
    app, studio = make_app(StudioOptions())
    run, ended = studio.run, []

    async def slow_at_the_first_note(function, *arguments):
        result = await run(function, *arguments)
        if not ended and function.__name__ == "_stepped" and any(map(model_plays, result[0])):
            ended.extend(asyncio.create_task(session.end("enough", 1001)) for session in studio.sessions)
            await asyncio.sleep(0.2)
        return result

    studio.run = slow_at_the_first_note
    with served(app) as port, connect(f"ws://127.0.0.1:{port}/api/play", compression=None) as websocket:
        begun(websocket, settings={"mode": "continue"})
        messages = rest(websocket)
    assert ended
    assert any(map(model_plays, messages))
    assert sounding(messages) == set()


def wait_for(condition, seconds=20):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_the_end_of_the_server_answers_who_waits(start):
    server, answers = start("--workers", "1"), []

    def ask():
        answers.append(server.api.post("generate", json={"options": {"seconds": 600}}))

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(lambda: gauge(server, "antiphon_jobs") == 1)
    server.process.send_signal(signal.SIGTERM)
    asking.join(20)
    assert answers[0].status_code == 503
    server.process.wait(20)
    assert [line for line in server.lines if line["level"] == "error"] == []


def gauge(server, name):
    line = next(line for line in server.api.get("metrics").text.splitlines() if line.startswith(f"{name} "))
    return float(line.split()[1])


def test_clients_that_go_without_a_word_leave_nothing(server):
    def left():
        wait_for(lambda: server.api.get("health").json()["sessions"] == 0)
        time.sleep(0.1)  # what is over is taken down in the loop's next turn
        files = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        return gauge(server, "antiphon_tasks"), files

    def come_and_go(count):
        for _ in range(count):
            with server.socket() as websocket:
                begun(websocket)
                phrase(websocket, step_s=0.01)
                websocket.socket.shutdown(socket.SHUT_RDWR)

    come_and_go(5)  # the first ones fill caches
    before, memory = left(), gauge(server, "antiphon_memory_bytes")
    grown = []
    while not grown or (grown[-1] >= 15e6 and len(grown) < 4):  # the allocator may keep some, but not each time anew
        come_and_go(15)
        wait_for(lambda: left() <= before)
        now = gauge(server, "antiphon_memory_bytes")
        grown.append(now - memory)
        memory = now
    assert grown[-1] < 15e6, grown  # a session that stayed would keep 2 MB and more


def test_a_client_that_does_not_read_is_cut_off(server):
    """It asks and takes nothing; it is sent away within seconds, and nobody else waits meanwhile."""
    host, port = server.address.removeprefix("http://").rstrip("/").split(":")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.connect((host, int(port)))
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    deaf.sendall(
        f"GET /api/play HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in deaf.recv(100)
    deaf.sendall(frame(json.dumps(HELLO)))
    wait_for(lambda: server.api.get("health").json()["sessions"] == 1)
    asks = frame(json.dumps({"type": "settings", "changes": {}}))
    deaf.settimeout(15)

    def ask():
        for _ in range(10_000):
            deaf.sendall(asks)
            time.sleep(0.004)

    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        ask()
    deaf.close()
    wait_for(lambda: server.api.get("health").json()["sessions"] == 0)
    over = [line for line in server.lines if line["event"] == "session over"][-1]
    assert over["code"] == 4008


def frame(text):
    """A client's text frame, masked with zeros."""
    content = text.encode()
    return b"\x81" + bytes([0x80 | 126]) + len(content).to_bytes(2, "big") + b"\0\0\0\0" + content
