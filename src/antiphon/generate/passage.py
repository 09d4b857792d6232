"""A passage of a piece that is to be written again: what stands before and after it, and the time that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from antiphon.bins import CELL_MS
from antiphon.codec import NoteCodec, milliseconds
from antiphon.errors import OptionError
from antiphon.generate.options import Value
from antiphon.generate.prompt import seconds
from antiphon.notes import DRUMS, Score


@dataclass(frozen=True)
class Passage:
    """What is kept of a piece around the notes that begin from ``from_s`` until before ``to_s``."""

    kept: Score  # all other notes
    before: Score  # of them, those before and after that the model hears
    after: Score
    from_s: float
    to_s: float

    @property
    def origin_ms(self) -> int:
        """The last onset before it; without any, where it begins."""
        return int(milliseconds(self.before)[0].max()) if len(self.before) else round(self.from_s * 1000)

    def follows(self, codec: NoteCodec, previous_ms: int) -> np.ndarray:
        """(N, A) rows of what follows, when the note before began at ``previous_ms``."""
        onset_ms, duration_ms = milliseconds(self.after)
        notes = self.after.notes
        return codec.encode_ms(onset_ms, duration_ms, notes["pitch"], notes["velocity"], notes["program"], previous_ms)

    def cells(self, time_s: float) -> int:
        """Whole cells from :attr:`origin_ms` to a time."""
        return round(time_s * 1000 - self.origin_ms) // CELL_MS


def cut(codec: NoteCodec, prompt: Score, options: Mapping[str, Value]) -> Passage:
    """The passage that options name. Raises OptionError where they do not, or where nothing follows it."""
    if "from" not in options or "to" not in options:
        raise OptionError("infill needs both ends of the passage: give --from and --to, such as 10s and 14s")
    from_s, to_s = seconds(str(options["from"]), "from"), seconds(str(options["to"]), "to")
    if to_s <= from_s:
        raise OptionError(f"a passage from {from_s:g} s to {to_s:g} s is empty: it must end after it begins")
    onset_s, audible = prompt.onset_s, codec.programs | (prompt.notes["program"] != DRUMS)
    before, after = (prompt.select(audible & where) for where in (onset_s < from_s, onset_s >= to_s))
    if not len(after):
        raise OptionError(
            f"no note follows {to_s:g} s, so nothing says how to lead on; `antiphon continue FILE --to {from_s:g}` "
            "writes a new ending"
        )
    kept = prompt.select((onset_s < from_s) | (onset_s >= to_s) | ~audible)
    return Passage(kept, before, after, from_s, to_s)
