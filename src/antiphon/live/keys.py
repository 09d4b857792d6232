"""The player's side: which keys are down, what the pedal holds, and what is only an echo of the model's notes."""

from __future__ import annotations

from collections import deque

from antiphon.live.memory import Note

RECENT = 8  # notes that say where on the keyboard the player is


class Keys:
    """Notes of the player that still sound, by pitch; each method returns those that end."""

    def __init__(self) -> None:
        self.sounding: dict[int, Note] = {}  # the oldest first
        self.down: set[int] = set()
        self._pedal = False
        self._recent: deque[int] = deque(maxlen=RECENT)

    def near(self) -> tuple[int, int] | None:
        """The lowest and the highest pitch among those that sound and the last ones struck."""
        pitches = (*self.sounding, *self._recent)
        return (min(pitches), max(pitches)) if pitches else None

    def press(self, note: Note) -> list[Note]:
        """A key goes down; the same pitch still sounding is struck again."""
        ends = self._stop([note.pitch])
        self.sounding[note.pitch] = note
        self.down.add(note.pitch)
        self._recent.append(note.pitch)
        return ends

    def release(self, pitch: int) -> list[Note]:
        """A key comes up."""
        self.down.discard(pitch)
        return [] if self._pedal else self._stop([pitch])

    def pedal(self, down: bool) -> list[Note]:
        """The sustain pedal; lifting it ends what no key holds."""
        self._pedal = down
        return [] if down else self._stop([pitch for pitch in self.sounding if pitch not in self.down])

    def release_all(self) -> list[Note]:
        """All keys and the pedal are up."""
        self._pedal = False
        self.down.clear()
        return self._stop(list(self.sounding))

    def release_older(self, than_ms: int) -> list[Note]:
        """What began before, as if its key had come up: that message must have been missed."""
        old = [pitch for pitch, note in self.sounding.items() if note.onset_ms < than_ms]
        self.down.difference_update(old)
        return self._stop(old)

    def _stop(self, pitches: list[int]) -> list[Note]:
        return [self.sounding.pop(pitch) for pitch in pitches if pitch in self.sounding]


class Echoes:
    """Tells a note of the model's that comes back through a looped port from one that is played."""

    def __init__(self) -> None:
        self._sent_ms: dict[int, int] = {}
        self._swallowed: set[int] = set()

    def sent(self, pitch: int, now_ms: int) -> None:
        """A note of the model's was handed out."""
        self._sent_ms[pitch] = now_ms

    def on(self, pitch: int, now_ms: int, within_ms: float) -> bool:
        """Whether a note that comes in is an echo; each note has one at most, and its end is one too."""
        sent_ms = self._sent_ms.get(pitch)
        if sent_ms is None or not 0 <= now_ms - sent_ms <= within_ms:
            self._swallowed.discard(pitch)
            return False
        del self._sent_ms[pitch]
        self._swallowed.add(pitch)
        return True

    def off(self, pitch: int) -> bool:
        """Whether the end of a note is that of an echo."""
        if pitch in self._swallowed:
            self._swallowed.discard(pitch)
            return True
        return False
