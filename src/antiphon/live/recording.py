"""What was played, kept: both parts, each on a track of its own."""

from __future__ import annotations

from array import array

import numpy as np

from antiphon.live.events import Played
from antiphon.notes import Score, from_seconds

TRACKS = ("player", "model")


class Recording:
    """Hand :meth:`add` to a session as ``played``; it costs 22 bytes a note."""

    def __init__(self) -> None:
        self._times = array("d")  # onset and duration of each note, seconds
        self._notes = array("B")  # pitch, velocity and track of each

    def __len__(self) -> int:
        return len(self._times) // 2

    def add(self, note: Played) -> None:
        """A note that has ended; clicks are not music."""
        if note.part in TRACKS and note.duration_s is not None:
            self._times.extend((note.onset_s, note.duration_s))
            self._notes.extend((note.pitch, note.velocity, TRACKS.index(note.part)))

    def score(self, programs: tuple[int, int] = (0, 0)) -> Score:
        """All of it from its first note on; ``programs`` are the instruments of player and model."""
        onset_s, duration_s = np.array(self._times).reshape(-1, 2).T
        pitch, velocity, track = np.array(self._notes).reshape(-1, 3).T
        start_s = onset_s.min() if len(onset_s) else 0.0
        program = np.array(programs)[track.astype(np.int64)]
        return from_seconds(onset_s - start_s, duration_s, pitch, velocity, program, track, tracks=TRACKS)
