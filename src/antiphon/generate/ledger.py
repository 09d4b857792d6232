"""What constraints remember of B pieces: when the last notes began and end, and what is due. Arrays never change."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

NOTE, DRONE, LAST = 0, 1, 2  # what the note at hand is: one of the music, a drone's, or the closing one


@dataclass(frozen=True)
class Ledger:
    """Times are units of the timeline; the batch is each array's first dimension, so pieces can be picked."""

    fresh: np.ndarray  # (B,) bool: nothing stands in the piece yet, so the note at hand is its first, at 0
    count: np.ndarray  # (B,) notes written
    time: np.ndarray  # (B,) onset of the last note of any kind
    pitch: np.ndarray  # (B,) pitch of the last note, above which a chord goes on; -1: none yet
    chord: np.ndarray  # (B, 128) bool: pitches that began with it
    rest: np.ndarray  # (B,) how much later than on the grid the model has the last note
    onsets: np.ndarray  # (B, R) onsets of the last notes written but drones, the newest first; -FAR: none
    ends: np.ndarray  # (B, M) the latest ends of those, the latest first
    pointed: np.ndarray  # (B, E) ends of the last notes of any kind, the newest first: codes of durations point to them
    began: np.ndarray  # (B,) onset of the first note written
    strike: np.ndarray  # (B,) when the drone is due
    struck: np.ndarray  # (B,) notes of the drone struck at this onset; 0: no strike under way
    done: np.ndarray  # (B,) bool: the closing note is written
    role: np.ndarray  # (B,) of the note at hand, once its step is chosen: NOTE, DRONE or LAST
    now: np.ndarray  # (B,) its onset
    end: np.ndarray  # (B,) its end
    velocity: np.ndarray  # (B,) its exact velocity, 1 to 127

    def take(self, index: np.ndarray) -> Ledger:
        """Piece i becomes piece ``index[i]``."""
        return Ledger(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def with_(self, **arrays: np.ndarray) -> Ledger:
        """The same with other arrays."""
        return replace(self, **arrays)


def pushed(history: np.ndarray, newest: np.ndarray) -> np.ndarray:
    """(B, R) with (B,) ``newest`` in front and the oldest gone."""
    return np.concatenate([newest[:, None], history[:, :-1]], 1) if history.shape[1] else history
