"""MIDI ports of the system, through mido and python-rtmidi: opened by name, and looked for again when unplugged.

rtmidi does not tell when a device goes away, so a thread asks once a second what there is. Which system is asked (ALSA,
JACK, Core MIDI, Windows) is mido's: the variable MIDO_BACKEND, for example ``mido.backends.rtmidi/UNIX_JACK``.
"""

from __future__ import annotations

import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from antiphon.errors import AntiphonError, OptionError, missing_extra
from antiphon.live.ports import VIRTUAL, Notice, Receive, choose
from antiphon.live.quiet import quiet

OWN = "Antiphon"  # what a virtual port is called
WITHOUT = "Without it, MIDI across the network (--midi-in tcp:PORT) and the computer's keyboard work"
POLL_S = 1.0  # how often the system is asked what there is
_LOOPS = ("through", "rtmidi", OWN.casefold())  # inputs that no keyboard is behind
_NUMBERS = re.compile(r" \d+:\d+$")  # ALSA's client and port, other ones after each plugging in


def library() -> ModuleType:
    """mido with python-rtmidi loaded; raises AntiphonError, with what to do, where one is missing or has no system."""
    try:
        import mido
    except ModuleNotFoundError as error:
        raise missing_extra("mido", "live", "MIDI") from error
    try:
        with quiet():
            mido.backend.load()
            mido.get_input_names()
    except ModuleNotFoundError as error:
        raise AntiphonError(
            f"MIDI ports need {error.name}, which is not installed: pip install 'antiphon[live]'. {WITHOUT}"
        ) from error
    except OSError as error:  # rtmidi's own errors are of this kind
        raise AntiphonError(f"the system's MIDI cannot be used: {str(error).rstrip('.')}. {WITHOUT}") from error
    return mido


def names() -> tuple[list[str], list[str]]:
    """The inputs and the outputs there are; raises AntiphonError where the system has no MIDI."""
    mido = library()
    with quiet():
        return list(mido.get_input_names()), list(mido.get_output_names())


def lister(kind: str) -> Callable[[], Sequence[str]]:
    """How to ask again and again which ports there are: by one client of the system's, kept.

    mido makes a client for each question. Under JACK that takes a third of a second, a tenth of it with Python's lock
    held, in which nothing would sound.
    """
    mido = library()
    if not mido.backend.name.startswith("mido.backends.rtmidi"):
        return mido.get_input_names if kind == SystemInput.kind else mido.get_output_names
    import rtmidi

    api = getattr(rtmidi, f"API_{mido.backend.api or 'UNSPECIFIED'}")
    client = (rtmidi.MidiIn if kind == SystemInput.kind else rtmidi.MidiOut)(rtapi=api)
    return client.get_ports


class _Port(ABC):
    """An open port of the system, and the thread that looks for it when it is gone."""

    kind = ""

    def __init__(self, wanted: str, notice: Notice) -> None:
        self.name = ""  # of the port that is open now; empty: none
        self._mido = library()
        self._wanted, self._notice = wanted, notice
        self._port: Any = None
        self._list: Callable[[], Sequence[str]] | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._connect()
        self._watcher = threading.Thread(target=self._watch, name=f"antiphon {self.kind}", daemon=True)
        if wanted != VIRTUAL:
            self._watcher.start()

    def close(self) -> None:
        """Let go of the port."""
        self._closing.set()
        if self._watcher.is_alive():
            self._watcher.join()
        self._let_go()

    def _names(self) -> list[str]:
        """The ports there are."""
        if self._list is None:
            self._list = lister(self.kind)
        return list(self._list())

    @abstractmethod
    def _open(self, name: str, virtual: bool) -> Any:
        """The port of that name, of Mido."""

    def _connect(self) -> None:
        """Open the port; raises OptionError where there is none of that name, AntiphonError where it is taken."""
        virtual = self._wanted == VIRTUAL
        name = OWN if virtual else choose(self.kind, _NUMBERS.sub("", self._wanted), self._names())
        try:
            with quiet():
                port = self._open(name, virtual)
        except (OSError, NotImplementedError, ValueError) as error:
            raise AntiphonError(
                f"cannot open the {self.kind} {name!r}: {error}; is another program using it?"
            ) from error
        with self._lock:
            self._port, self.name = port, name

    def _let_go(self) -> None:
        with self._lock:
            port, self._port, self.name = self._port, None, ""
        if port is not None:
            with quiet():
                port.close()

    def _watch(self) -> None:
        while not self._closing.wait(POLL_S):
            try:
                self._look(self._names())
            except AntiphonError:
                continue  # not there yet, or still taken
            except OSError as error:  # the system's MIDI itself is gone
                self._list = None
                self._drop(f"MIDI is gone ({error})")

    def _look(self, there: list[str]) -> None:
        if self.name and self.name not in there:
            self._drop(f"{self.kind} {self.name!r} is gone; it is opened again when it is back")
        elif not self.name:
            self._connect()
            self._notice(f"{self.kind} {self.name!r} is open")

    def _drop(self, why: str) -> None:
        if self.name:
            self._let_go()
            self._notice(why)


class SystemInput(_Port):
    """A MIDI input; without a name the first keyboard there is, now or later."""

    kind = "MIDI input"

    def __init__(self, wanted: str, receive: Receive, lost: Callable[[], None], notice: Notice) -> None:
        self._receive, self._lost = receive, lost
        super().__init__(wanted, notice)

    def _connect(self) -> None:
        if self._wanted or self._names():
            super()._connect()

    def _names(self) -> list[str]:
        found = super()._names()
        if self._wanted:
            return found
        return [name for name in found if not any(loop in name.casefold() for loop in _LOOPS)]

    def _open(self, name: str, virtual: bool) -> Any:
        return self._mido.open_input(name, virtual=virtual, callback=self._heard)

    def _heard(self, message: Any) -> None:
        self._receive(bytes(message.bytes()), time.monotonic())

    def _drop(self, why: str) -> None:
        was_open = bool(self.name)
        super()._drop(why)
        if was_open:
            self._lost()


class SystemOutput(_Port):
    """A MIDI output."""

    kind = "MIDI output"

    def __init__(self, wanted: str, notice: Notice) -> None:
        if not wanted:
            raise OptionError(f"a MIDI output needs a name (antiphon ports lists them), or {VIRTUAL!r}")
        super().__init__(wanted, notice)

    def send(self, message: bytes) -> None:
        """Send one message now."""
        with self._lock:
            if self._port is not None:
                self._port.send(self._mido.Message.from_bytes(message))

    def _open(self, name: str, virtual: bool) -> Any:
        return self._mido.open_output(name, virtual=virtual)
