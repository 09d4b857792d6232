import socket
import sys
import threading
import time

import pytest
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_message_builder import build_msg
from pythonosc.osc_server import BlockingOSCUDPServer

from antiphon.errors import AntiphonError, MissingExtraError, OptionError
from antiphon.live.controls import COMMANDS, CONTROLS
from antiphon.live.events import NoteOff, NoteOn, Pedal
from antiphon.live.osc import OscServer, OscSink, meaning
from antiphon.live.player import Command, Set, Share


def test_every_verb_has_its_meaning():
    assert meaning("/antiphon/note", [60, 70]) == NoteOn(60, 70)
    assert meaning("/antiphon/note", [60.0, 0.0]) == NoteOff(60)
    assert meaning("/antiphon/pedal", [1]) == Pedal(True)
    assert meaning("/antiphon/key", ["D minor"]) == Set("key", "D minor")
    assert meaning("/antiphon/turn/tempo", [0.5]) == Share("tempo", 0.5)
    for name in CONTROLS:
        assert meaning(f"/antiphon/{name}", [1]) == Set(name, 1.0)
    for name in COMMANDS:
        assert meaning(f"/antiphon/{name}", []) == Command(name)


@pytest.mark.parametrize(
    ("address", "values", "message"),
    [
        ("/other/note", [60, 1], "all begin with /antiphon/"),
        ("/antiphon/note", [60], "make no sense"),
        ("/antiphon/note", [200, 1], "out of range"),
        ("/antiphon/pedal", [], "make no sense"),
        ("/antiphon/tempoo", [1], "knows no control 'tempoo'"),
        ("/antiphon/turn/nothing", [1], "knows no control 'nothing'"),
        ("/antiphon/tempo", [[1, 2]], "make no sense"),
        ("/antiphon/tempo", [None], "make no sense"),
    ],
)
def test_messages_that_mean_nothing(address, values, message):
    with pytest.raises(OptionError, match=message):
        meaning(address, values)


def eventually(condition, within_s=10.0):
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "nothing happened"
        time.sleep(0.005)


def test_another_program_plays_and_turns_and_nonsense_is_said():
    posted, said = [], []
    server = OscServer(0, lambda item, at_s: posted.append(item), said.append, "127.0.0.1")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", server.port))
            for message in (("note", [60, 80]), ("temperature", 0.7), ("panic", [])):
                client.send(build_msg(f"/antiphon/{message[0]}", message[1]).dgram)
            eventually(lambda: len(posted) == 3)
            assert posted[0] == NoteOn(60, 80)
            assert (posted[1].name, posted[1].value) == ("temperature", pytest.approx(0.7))
            assert posted[2] == Command("panic")
            for nonsense in (b"no OSC", b"", b"/a\0\0,\xff\xff\xff", b"#bundle\0" + b"\xff" * 16, b"\xff" * 300):
                client.send(nonsense)
            client.send(build_msg("/antiphon/nothing", 1).dgram)
            client.send(build_msg("/antiphon/quit", []).dgram)
            eventually(lambda: posted[-1] == Command("quit"))
        assert "something that is no OSC came in" in said
        assert any("knows no control 'nothing'" in text for text in said)
        with pytest.raises(AntiphonError, match=r"cannot listen for OSC.*choose another port"):
            OscServer(server.port, lambda item, at_s: None, said.append, "127.0.0.1")
    finally:
        server.close()


def test_another_program_is_told_every_note():
    told = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: told.append((address, *values)))
    server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        sink = OscSink(f"127.0.0.1:{server.server_address[1]}")
        sink.sound("model", NoteOn(60, 70), 0.0)
        sink.sound("model", NoteOff(60), 0.0)
        sink.close()
        eventually(lambda: len(told) == 3)
        assert told == [("/antiphon/note", 60, 70, "model"), ("/antiphon/note", 60, 0, "model"), ("/antiphon/panic",)]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_bad_places_and_a_missing_package(monkeypatch):
    for place in ("", "9000", "host:", "host:x", "host:99999"):
        with pytest.raises(OptionError, match="is no place to send OSC to"):
            OscSink(place)
    with pytest.raises(AntiphonError, match="cannot send OSC to"):
        OscSink("no.such.host.invalid:9000")
    for module in ("pythonosc.osc_packet", "pythonosc.osc_message_builder"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"OSC needs python-osc.*antiphon\[live\]"):
        OscSink("127.0.0.1:9000")
    with pytest.raises(MissingExtraError, match="OSC needs python-osc"):
        OscServer(0, lambda item, at_s: None, print, "127.0.0.1")
