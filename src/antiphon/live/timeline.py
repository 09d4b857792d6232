"""The session's time: whole milliseconds since it began, which never go back, whatever the caller's clock does."""

from __future__ import annotations

JUMP_S = 1.0  # an event may be stamped so much before the latest call; further back, the clock was set


class Timeline:
    """Turns the caller's seconds into milliseconds of the session and back."""

    def __init__(self) -> None:
        self.now_ms = 0  # the latest time of any call
        self.jumps = 0  # times that the clock went back
        self._latest_s: float | None = None
        self._zero_s = 0.0  # the caller's time at which the session began, by the clock as it runs now

    def ms(self, time_s: float) -> int:
        """The session's time at ``time_s``, at most ``JUMP_S`` before the latest."""
        if self._latest_s is None:
            self._zero_s = self._latest_s = time_s
        if time_s < self._latest_s - JUMP_S:
            self._zero_s -= self._latest_s - time_s
            self._latest_s = time_s
            self.jumps += 1
        self._latest_s = max(self._latest_s, time_s)
        ms = max(round((time_s - self._zero_s) * 1000), 0)
        self.now_ms = max(self.now_ms, ms)
        return ms

    def seconds(self, ms: float) -> float:
        """The caller's time at ``ms``."""
        return self._zero_s + ms / 1000
