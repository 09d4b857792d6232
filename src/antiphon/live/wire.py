"""A stream of MIDI bytes, cut into messages as the MIDI 1.0 specification has them.

Running status is filled in, a clock's tick inside another message comes out before it, and system exclusive is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_DATA = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}  # data bytes of each kind on a channel
_COMMON = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0}  # system messages that may stand between others
_CLOCKS = range(0xF8, 0x100)  # one byte each, anywhere


class Wire:
    """What came in so far; one for each line."""

    def __init__(self) -> None:
        self._status = 0  # of the message that goes on; 0: bytes of data mean nothing
        self._data: list[int] = []

    def feed(self, data: Iterable[int]) -> Iterator[bytes]:
        """The messages that these bytes complete, each from its status on."""
        for byte in data:
            if byte in _CLOCKS:
                yield bytes([byte])
            elif byte & 0x80:
                yield from self._begin(byte)
            elif self._status:
                self._data.append(byte)
                yield from self._complete()

    def _begin(self, status: int) -> Iterator[bytes]:
        known = status & 0xF0 in _DATA or status in _COMMON  # not so system exclusive, its end, and what is undefined
        self._status, self._data = status if known else 0, []
        yield from self._complete()

    def _complete(self) -> Iterator[bytes]:
        channel = self._status & 0xF0 in _DATA
        size = _DATA[self._status & 0xF0] if channel else _COMMON.get(self._status, -1)
        if len(self._data) == size:
            yield bytes([self._status, *self._data])
            self._status, self._data = self._status if channel else 0, []
