"""The computer's keyboard as a piano of two rows, from the characters a terminal sends.

Few terminals say when a key comes up. Where one does (:meth:`release` is called), notes last as long as the key; until
then a note lasts to the next key, or a fixed time. There, a key held down repeats itself: the first repeat, which comes
after a quarter of a second or more, strikes the note once more, and the quicker ones after it only hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from antiphon.errors import OptionError, unknown
from antiphon.live.events import NoteOff, NoteOn

Lasting: TypeAlias = Literal["next", "fixed"]

ROWS = {  # the lower row from C, the upper one from the C above
    "qwerty": ("zsxdcvgbhnjm,l.;/", "q2w3er5t6y7ui9o0p"),
    "qwertz": ("ysxdcvgbhnjm,l.ö-", "q2w3er5t6z7ui9o0p"),
    "azerty": ("wsxdcvgbhnj,;l:m!", 'aéz"er(t-yèuiçoàp'),
}
LOWEST_OCTAVE, HIGHEST_OCTAVE = 0, 8
CHORD_S = 0.05  # keys within this are one chord: none of them ends another
REPEAT_S = 0.06  # a key again within this is repeating itself: systems do so 20 to 40 times a second
LONGEST_S = 2.0  # a note that waits for the next key ends by itself
ACCENT = 30  # that Shift adds to the velocity


@dataclass(frozen=True, kw_only=True)
class KeyboardOptions:
    """How the keyboard plays."""

    layout: str = "qwerty"
    octave: int = 4  # of the lower row's C, 0 to 8; middle C is C4
    velocity: int = 80  # of the lower row, 1 to 127
    upper: int = 0  # added to it for the upper row
    lasting: Lasting = "next"  # how long notes are where no key is heard to come up
    fixed_s: float = 0.4

    def __post_init__(self) -> None:
        if self.layout not in ROWS:
            raise OptionError(unknown("keyboard layout", self.layout, ROWS))
        if self.lasting not in get_args(Lasting):
            raise OptionError(unknown("way for notes to last", self.lasting, get_args(Lasting)))
        if not LOWEST_OCTAVE <= self.octave <= HIGHEST_OCTAVE:
            raise OptionError(f"octave {self.octave} is out of range: {LOWEST_OCTAVE} to {HIGHEST_OCTAVE}")
        if not 1 <= self.velocity <= 127:
            raise OptionError(f"velocity {self.velocity} is out of range: 1 to 127")
        if not 0.05 <= self.fixed_s <= 10:
            raise OptionError(f"a fixed length of {self.fixed_s} s is out of range: 0.05 to 10")


class Keyboard:
    """Characters in, notes out. Times are seconds on any clock that does not go back."""

    def __init__(self, options: KeyboardOptions | None = None) -> None:
        self.options = options or KeyboardOptions()
        self.octave, self.velocity = self.options.octave, self.options.velocity
        self.reports_release = False
        lower, upper = ROWS[self.options.layout]
        self._keys = {key: (semitone, 0) for semitone, key in enumerate(lower)}
        self._keys |= {key: (semitone, self.options.upper) for semitone, key in enumerate(upper, 12)}
        self._down: dict[str, _Key] = {}

    def plays(self, character: str) -> bool:
        """Whether a character is a key of the piano."""
        return character.lower() in self._keys

    def press(self, character: str, now_s: float) -> list[NoteOn | NoteOff]:
        """A key goes down, or repeats itself; what is no key of the piano does nothing."""
        key = character.lower()
        semitone, louder = self._keys.get(key, (-1, 0))
        pitch = 12 * (self.octave + 1) + semitone
        if semitone < 0 or pitch > 127:
            return []
        held = self._down.get(key)
        if held and (self.reports_release or now_s - held.seen_s < REPEAT_S):
            held.seen_s = now_s
            return []
        ends = [] if self.reports_release else self._ended_by(key, now_s)
        velocity = self.velocity + louder + (ACCENT if character != key else 0)
        self._down[key] = _Key(pitch, now_s)
        return [*ends, NoteOn(pitch, min(max(velocity, 1), 127))]

    def release(self, character: str) -> list[NoteOn | NoteOff]:
        """A key comes up: from now on this terminal is known to say so."""
        self.reports_release = True
        key = self._down.pop(character.lower(), None)
        return [NoteOff(key.pitch)] if key else []

    def tick(self, now_s: float) -> list[NoteOn | NoteOff]:
        """The notes that end by themselves; call it about every 20 ms."""
        if self.reports_release:
            return []
        longest_s = self.options.fixed_s if self.options.lasting == "fixed" else LONGEST_S
        return self._end([key for key, held in self._down.items() if now_s - held.seen_s >= longest_s])

    def release_all(self) -> list[NoteOn | NoteOff]:
        """All keys up, as when the window is left."""
        return self._end(list(self._down))

    def shift(self, octaves: int) -> None:
        """Move up or down; keys that are down keep their notes."""
        self.octave = min(max(self.octave + octaves, LOWEST_OCTAVE), HIGHEST_OCTAVE)

    def louder(self, by: int) -> None:
        """Change the velocity of what is struck from now on."""
        self.velocity = min(max(self.velocity + by, 1), 127)

    def _ended_by(self, key: str, now_s: float) -> list[NoteOn | NoteOff]:
        """What a key that is struck ends: itself, and where notes last until the next key, those before its chord."""
        until_next = self.options.lasting == "next"
        older = [each for each, held in self._down.items() if until_next and now_s - held.struck_s > CHORD_S]
        return self._end([*older, *({key} & self._down.keys() - set(older))])

    def _end(self, keys: list[str]) -> list[NoteOn | NoteOff]:
        return [NoteOff(self._down.pop(key).pitch) for key in keys]


class _Key:
    """A key that is down."""

    __slots__ = ("pitch", "seen_s", "struck_s")

    def __init__(self, pitch: int, now_s: float) -> None:
        self.pitch = pitch
        self.struck_s = self.seen_s = now_s
