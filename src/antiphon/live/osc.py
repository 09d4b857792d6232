"""OSC, both ways, with the same verbs: music programs on this machine or network can play, turn and listen.

What comes in on ``--osc PORT``: ``/antiphon/note PITCH VELOCITY`` (0 ends it), ``/antiphon/pedal 0|1``,
``/antiphon/CONTROL VALUE`` for every control, ``/antiphon/turn/CONTROL SHARE`` from 0 to 1 as a fader says it, and
``/antiphon/COMMAND`` for every command. What goes out, to ``--osc-to HOST:PORT``:
``/antiphon/note PITCH VELOCITY PART`` and ``/antiphon/panic``.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from antiphon.errors import AntiphonError, OptionError, missing_extra
from antiphon.live.controls import COMMANDS, CONTROLS, Desk
from antiphon.live.events import NoteOff, NoteOn, Part, Pedal
from antiphon.live.mixer import Sounded
from antiphon.live.player import Command, Post, Set, Share
from antiphon.live.sinks import Sound

ROOT = "/antiphon/"
WAIT_S = 0.2  # how often the waiting thread looks whether it shall end
LARGEST = 65536  # bytes of a datagram


class OscServer:
    """Waits for messages in a thread of its own; of this machine only, unless ``host`` says otherwise."""

    def __init__(self, port: int, post: Callable[[Post, float], None], say: Callable[[str], None], host: str) -> None:
        try:
            from pythonosc.osc_packet import OscPacket, ParseError
        except ModuleNotFoundError as error:
            raise missing_extra("python-osc", "live", "OSC") from error
        self._packet, self._parse_error = OscPacket, ParseError
        self._post, self._say = post, say
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise AntiphonError(f"cannot listen for OSC at {host}:{port}: {error}; choose another port") from error
        self._socket.settimeout(WAIT_S)
        self.port = int(self._socket.getsockname()[1])
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="antiphon OSC", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._closing.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                data = self._socket.recv(LARGEST)
            except TimeoutError:
                continue
            now_s = time.monotonic()
            try:
                for timed in self._packet(data).messages:
                    self._post(meaning(timed.message.address, list(timed.message.params)), now_s)
            except self._parse_error:
                self._say("something that is no OSC came in")
            except AntiphonError as error:
                self._say(str(error))


def meaning(address: str, values: list[Any]) -> Post:
    """What one message asks for; raises OptionError for an address or values that mean nothing."""
    verb = address.removeprefix(ROOT)
    try:
        if not address.startswith(ROOT):
            raise OptionError(f"OSC address {address!r} is unknown: all begin with {ROOT}")
        if verb == "note":
            pitch, velocity = (int(value) for value in values[:2])
            if not (0 <= pitch <= 127 and 0 <= velocity <= 127):
                raise OptionError(f"OSC note {pitch} {velocity} is out of range: 0 to 127 each")
            return NoteOn(pitch, velocity) if velocity else NoteOff(pitch)
        if verb == "pedal":
            return Pedal(bool(values[0]))
        if verb.startswith("turn/"):
            return Share(_known(verb.removeprefix("turn/")), float(values[0]))
        if verb in COMMANDS:
            return Command(verb)
        return Set(_known(verb), values[0] if isinstance(values[0], str) else float(values[0]))
    except (IndexError, ValueError, TypeError) as error:
        raise OptionError(f"OSC {address} {values}: the values make no sense") from error


def _known(name: str) -> str:
    if name not in CONTROLS:
        raise OptionError(f"OSC knows no control {name!r}; it knows {', '.join(CONTROLS)}")
    return name


class OscSink:
    """Tells another program every note, of both parts, when it begins and when it ends."""

    ahead = False
    through = True

    def __init__(self, address: str) -> None:
        try:
            from pythonosc.osc_message_builder import build_msg
        except ModuleNotFoundError as error:
            raise missing_extra("python-osc", "live", "OSC") from error
        self._build = build_msg
        host, _, port = address.rpartition(":")
        if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise OptionError(f"{address!r} is no place to send OSC to: give HOST:PORT")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.connect((host, int(port)))  # the name is looked up once
        except OSError as error:
            self._socket.close()
            raise AntiphonError(f"cannot send OSC to {address}: {error}") from error

    def sound(self, part: Part, event: Sound, at_s: float) -> None:
        """Tell it."""
        if isinstance(event, NoteOn):
            self._send("note", event.pitch, event.velocity, part)
        elif isinstance(event, NoteOff):
            self._send("note", event.pitch, 0, part)

    def turn(self, desk: Desk) -> None:
        """Controls are not told."""

    def silence(self) -> None:
        """Tell that everything ends."""
        self._send("panic")

    def sounded(self) -> Iterator[Sounded]:
        """Nobody reports back."""
        return iter(())

    def close(self) -> None:
        """Tell that everything ends, and let go."""
        self.silence()
        self._socket.close()

    def _send(self, verb: str, *values: int | str) -> None:
        with contextlib.suppress(OSError):  # nobody listens there now
            self._socket.send(self._build(ROOT + verb, values).dgram)
