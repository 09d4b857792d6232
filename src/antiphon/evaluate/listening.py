"""A model hears pieces note by note, and a judge says of each note what it was worth: the pass under all likelihoods.

Shapes: N notes of a piece, A attributes of a note, K numbers that the judge gives a note.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from antiphon.engine.base import Engine, State

LANES = 32  # pieces heard at once: more saves little and holds more state
BLOCK = 64  # steps whose heads are computed together

# Given features (M, F) of the model before M notes, and the notes' targets (M, …): (M, K) float64.
Judge = Callable[[np.ndarray, np.ndarray], np.ndarray]
Progress = Callable[[int], None]  # is told the number of notes just heard


def listen(
    engine: Engine,
    heard: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    judge: Judge,
    progress: Progress = lambda notes: None,
) -> list[np.ndarray]:
    """For each piece what the judge says of its notes, (N, K) float64.

    ``heard`` are the rows that the model hears before each note, (N, A): see :func:`before`. ``targets`` (N, …) go to
    the judge as they are.
    """
    return (_in_lanes if engine.chunk == 1 else _in_chunks)(engine, heard, targets, judge, progress)


def before(engine: Engine, rows: np.ndarray) -> np.ndarray:
    """(N, A) the row before each of a piece's (N, A) rows; before the first that which stands for the start."""
    return np.concatenate([engine.codec.start_row[None], rows[:-1]])


def _in_chunks(
    engine: Engine, heard: Sequence[np.ndarray], targets: Sequence[np.ndarray], judge: Judge, progress: Progress
) -> list[np.ndarray]:
    """Piece by piece, for engines that hear many notes at once."""
    found = []
    for rows, wanted in zip(heard, targets, strict=True):
        state, parts = engine.start(1), []
        for start in range(0, len(rows), engine.chunk):
            part = slice(start, start + engine.chunk)
            features, state = engine.hear(rows[None, part], state)
            parts.append(judge(features[0], wanted[part]))
            progress(len(parts[-1]))
        found.append(np.concatenate(parts))
    return found


def _in_lanes(
    engine: Engine, heard: Sequence[np.ndarray], targets: Sequence[np.ndarray], judge: Judge, progress: Progress
) -> list[np.ndarray]:
    """Many pieces side by side, for engines that hear one note at a time.

    Pieces are laid end to end in lanes of about equal length that are heard side by side; a lane's state is reset where
    a piece begins.
    """
    lanes = _lanes([len(rows) for rows in heard])
    order = [np.concatenate([_places(i, len(heard[i])) for i in lane]) for lane in lanes]  # (steps, 2) piece, note
    order.sort(key=len, reverse=True)
    found: list[np.ndarray | None] = [None] * len(heard)
    state, start = engine.start(len(order)), engine.start(1)
    for block in range(0, len(order[0]) if order else 0, BLOCK):
        features, places = [], []
        for t in range(block, min(block + BLOCK, len(order[0]))):
            now = np.array([lane[t] for lane in order if len(lane) > t])
            state = _reset(state, start, now[:, 1] == 0)
            step, state = engine.step(np.stack([heard[p][n] for p, n in now]), state)
            features.append(step)
            places.append(now)
        place = np.concatenate(places)
        judged = judge(np.concatenate(features), np.stack([targets[p][n] for p, n in place]))
        for (p, n), row in zip(place, judged, strict=True):
            piece = found[p]
            if piece is None:
                piece = found[p] = np.zeros((len(heard[p]), judged.shape[1]))
            piece[n] = row
        progress(len(place))
    return [piece for piece in found if piece is not None]


def _lanes(lengths: Sequence[int]) -> list[list[int]]:
    """Pieces dealt to lanes, the longest first, each to the shortest lane so far."""
    lanes: list[list[int]] = [[] for _ in range(min(LANES, len(lengths)))]
    filled = np.zeros(len(lanes), np.int64)
    for piece in np.argsort([-n for n in lengths], kind="stable"):
        lane = int(filled.argmin())
        lanes[lane].append(int(piece))
        filled[lane] += lengths[piece]
    return lanes


def _places(piece: int, length: int) -> np.ndarray:
    return np.stack([np.full(length, piece), np.arange(length)], axis=-1)


def _reset(state: State, start: State, begins: np.ndarray) -> State:
    """The state of the lanes that go on, which are the first, with those where a piece begins emptied."""
    parts = []
    for part, empty in zip(state, start, strict=True):
        part = part[: len(begins)]
        where = begins.reshape(-1, *[1] * (part.ndim - 1))
        parts.append(np.where(where, empty, part) if begins.any() else part)
    return tuple(parts)
