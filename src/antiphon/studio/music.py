"""Music as JSON, in both directions: what ``docs/studio-protocol.md`` calls music."""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.errors import OptionError
from antiphon.notes import DRUMS, NOTE, TICKS_PER_QUARTER, Score, score

LAST_TICK = 2**31 - 1  # what the note table holds
LONGEST_S = 86_400.0
MOST_NOTES = 50_000
_RANGES = {"pitch": (0, 127), "velocity": (1, 127), "program": (0, DRUMS), "track": (0, 255)}


def score_of(music: dict[str, Any]) -> Score:
    """A Score of what :class:`~antiphon.studio.requests.Music` let in; OptionError for a note or metre out of range."""
    rows = music["notes"]
    table = np.zeros((len(rows), 6))
    for size in {len(row) for row in rows}:
        where = [i for i, row in enumerate(rows) if len(row) == size]
        table[where, :size] = [rows[i] for i in where]
    for metre in music["metres"]:
        if metre[2] & (metre[2] - 1):
            raise OptionError(
                f"metre {metre[1]}/{metre[2]} cannot be: the lower number is 1, 2, 4, 8, 16, 32, 64 or 128"
            )
    frame = score(np.empty(0, NOTE), music["tempos"], music["metres"])
    onset = frame.ticks(table[:, 0])
    end = frame.ticks(table[:, 0] + table[:, 1])
    if len(end) and int(end.max()) > LAST_TICK:
        raise OptionError("the music is too long for its tempo: at most 1,118,000 quarter notes")
    notes = np.zeros(len(rows), NOTE)
    notes["onset"], notes["duration"] = onset, np.maximum(end - onset, 1)
    for column, (name, (low, high)) in enumerate(_RANGES.items(), 2):
        values = table[:, column]
        bad = (values < low) | (values > high) | (values != np.rint(values))
        if bad.any():
            raise OptionError(
                f"note {int(bad.argmax())}: {name} {values[bad][0]:g} is not a whole number {low} to {high}"
            )
        notes[name] = values
    return score(notes, frame.tempos, frame.metres, music["tracks"])


def music_of(music: Score) -> dict[str, Any]:
    """The JSON of a Score."""
    onset_s = music.onset_s
    duration_s = music.end_s - onset_s
    columns = [music.notes[name].tolist() for name in _RANGES]
    times = np.round(onset_s, 6).tolist(), np.round(duration_s, 6).tolist()
    return {
        "notes": [list(row) for row in zip(*times, *columns, strict=True)],
        "tempos": music.tempos.tolist(),
        "metres": music.metres.tolist(),
        "tracks": list(music.tracks),
        "length_s": round(music.length_s, 6),
        "ticks_per_quarter": TICKS_PER_QUARTER,
    }
