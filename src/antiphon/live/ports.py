"""Which port a person means, and opening it: MIDI ports of the system, virtual ones, and ports across a network.

A name is a part of what the system calls the port (``antiphon ports`` lists them); ``virtual`` makes a port that other
programs connect to; ``tcp:HOST:PORT`` calls a port across the network and ``tcp:PORT`` waits to be called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from antiphon.errors import OptionError, unknown

VIRTUAL = "virtual"
NETWORK = "tcp:"
Receive = Callable[[bytes, float], None]  # one message, and when it came on time.monotonic; called in the port's thread
Notice = Callable[[str], None]  # a line for the person: port lost, port back


class Input(Protocol):
    """An open MIDI input; messages reach its receiver until it is closed."""

    name: str

    def close(self) -> None:
        """Let go of the port."""


class Output(Protocol):
    """An open MIDI output."""

    name: str

    def send(self, message: bytes) -> None:
        """Send one message now; one that finds the port gone is lost, and the port is looked for again."""

    def close(self) -> None:
        """Let go of the port."""


def open_input(name: str, receive: Receive, lost: Callable[[], None], notice: Notice) -> Input:
    """An input by its name; ``lost`` is called when it goes away, from the port's thread.

    Raises OptionError for a name that fits nothing, AntiphonError where the system has no MIDI.
    """
    if name.startswith(NETWORK):
        from antiphon.live.network import NetworkPort

        return NetworkPort(name, receive, lost, notice)
    from antiphon.live.midi_ports import SystemInput

    return SystemInput(name, receive, lost, notice)


def open_output(name: str, notice: Notice, shared: Input | None = None) -> Output:
    """An output by its name; ``shared`` is an open input, which serves both ways where it has that very name."""
    if name.startswith(NETWORK):
        from antiphon.live.network import NetworkPort

        if isinstance(shared, NetworkPort) and shared.address == name:
            return shared
        return NetworkPort(name, lambda message, now_s: None, lambda: None, notice)
    from antiphon.live.midi_ports import SystemOutput

    return SystemOutput(name, notice)


def choose(kind: str, wanted: str, names: Sequence[str]) -> str:
    """The one of ``names`` that a person means by all or part of it; the first where several fit.

    Raises OptionError, with a suggestion, where none does.
    """
    for fits in (str.__eq__, str.startswith, str.__contains__):
        for name in names:
            if fits(name.casefold(), wanted.casefold()):
                return name
    if not names:
        raise OptionError(
            f"there is no {kind}, so none is {wanted!r}: plug one in, or use {VIRTUAL!r}, {NETWORK}HOST:PORT or the "
            "computer's keyboard"
        )
    raise OptionError(unknown(kind, wanted, names))
