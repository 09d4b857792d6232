"""Parts: one stream of notes shared out to several instruments, each with the pitches of its own register."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from antiphon import instruments, theory
from antiphon.errors import OptionError
from antiphon.notes import DRUMS, Score, score

_EXAMPLE = "write instruments from low to high with the pitch between at which the upper begins: cello,C4,violin"
_MOST = 12


@dataclass(frozen=True)
class Parts:
    """Instruments from low to high, and the lowest pitch of each but the first."""

    programs: tuple[int, ...]
    splits: tuple[int, ...]


def read_parts(text: str) -> Parts:
    """``"cello,C4,violin"``: below C4 a cello, from C4 upward a violin; any number of them. Raises OptionError."""
    words = [word.strip() for word in text.split(",")]
    if len(words) < 3 or len(words) % 2 == 0:
        raise OptionError(f"parts {text!r} are not understood; {_EXAMPLE}")
    if len(words) > 2 * _MOST:
        raise OptionError(f"{(len(words) + 1) // 2} parts are out of range: at most {_MOST}")
    splits = tuple(theory.pitch(word) for word in words[1::2])
    programs = tuple(instruments.program(word) for word in words[::2])
    if DRUMS in programs:
        raise OptionError(f"parts {text!r} have drums, which have no register; {_EXAMPLE}")
    if any(low >= high for low, high in pairwise(splits)):
        raise OptionError(f"parts {text!r}: the pitches must rise from one split to the next")
    return Parts(programs, splits)


def share_out(music: Score, parts: Parts) -> Score:
    """Each note but the drums on its part's instrument and track, the highest part first; tracks without notes go.

    Drums stay drums, on the last track.
    """
    notes = music.notes.copy()
    drums = notes["program"] == DRUMS
    part = np.searchsorted(parts.splits, notes["pitch"], side="right")
    notes["program"] = np.where(drums, DRUMS, np.array(parts.programs)[part])
    place = np.where(drums, len(parts.programs), len(parts.programs) - 1 - part)
    used, notes["track"] = np.unique(place, return_inverse=True)
    names = [*(instruments.name(program) for program in reversed(parts.programs)), instruments.name(DRUMS)]
    return score(notes, music.tempos, music.metres, [names[i] for i in used])
