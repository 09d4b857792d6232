"""Telling when a key comes up, in terminals that speak kitty's keyboard protocol.

Textual asks such terminals for plain presses only. Here they are asked to report releases and repeats too, and those
arrive as a message of their own; other terminals ignore the request, and nothing changes for them.
https://sw.kovidgoyal.net/kitty/keyboard-protocol/
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import sys
from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.message import Message

ASK = "\x1b[=2;2u"  # add "report event types" to what is asked already
READ = 4096  # bytes at once
WAIT_S = 0.1  # how often the thread looks whether it shall end
_TYPED = re.compile(r"\x1b\[(?P<codes>[\d:]*);(?P<modifiers>\d*):(?P<type>[123])(?P<text>;[\d:]*)?(?P<end>[u~A-HPQRS])")


class KeyUp(Message):
    """A key came up."""

    def __init__(self, character: str) -> None:
        super().__init__()
        self.character = character


class Parser(XTermParser):
    """Understands the kind of a key event; repeats are presses, as they are without the protocol."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        typed = _TYPED.fullmatch(sequence)
        if typed is None:
            yield from super()._sequence_to_key_events(sequence, alt)
            return
        plain = f"\x1b[{typed['codes']};{typed['modifiers'] or '1'}{typed['text'] or ''}{typed['end']}"
        if typed["type"] != "3":
            yield from super()._sequence_to_key_events(plain, alt)
            return
        code = typed["codes"].partition(":")[0]
        character = chr(int(code)) if typed["end"] == "u" and code else ""
        yield Released(character)


class Released(events.Key):
    """A release on its way through the parser, which lets only keys pass; bound to nothing."""

    def __init__(self, character: str) -> None:
        super().__init__("released", character)


class Patient:
    """Stdout, which may go away with the terminal; Textual's writer would end then, and the screen wait for it."""

    def write(self, text: str) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError):
            assert sys.__stdout__
            return sys.__stdout__.write(text)
        return 0

    def flush(self) -> None:
        """Bring it to the terminal."""
        with contextlib.suppress(OSError):
            assert sys.__stdout__
            sys.__stdout__.flush()

    def fileno(self) -> int:
        """Stdout's number."""
        return 1


def driver_class() -> type[Driver] | None:
    """Textual's driver with releases; None on Windows, where terminals have no such protocol."""
    if sys.platform == "win32":
        return None
    from textual.drivers.linux_driver import LinuxDriver

    class ReleaseDriver(LinuxDriver):
        """Parses with our parser, asks for releases, and draws on stdout: stderr belongs to what libraries print."""

        def __init__(self, app: App[Any], **options: Any) -> None:
            super().__init__(app, **options)
            self._file: Any = Patient()

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's
            self.write(ASK)
            self.flush()

        def run_input_thread(self) -> None:
            parser, decode = Parser(), getincrementaldecoder("utf-8")().decode
            with selectors.DefaultSelector() as selector:
                selector.register(self.fileno, selectors.EVENT_READ)
                while not self.exit_event.is_set():
                    data = None
                    if selector.select(WAIT_S):
                        with contextlib.suppress(OSError):
                            data = os.read(self.fileno, READ)
                        if not data:  # the terminal is gone
                            return
                    text = decode(data or b"")
                    for message in [*(parser.feed(text) if text else ()), *parser.tick()]:
                        self.process_message(message)

        def process_message(self, message: Message) -> None:
            super().process_message(KeyUp(message.character or "") if isinstance(message, Released) else message)

    return ReleaseDriver
