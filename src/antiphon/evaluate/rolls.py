"""How well a model of piano rolls predicts real music, in nats a frame.

By the protocol of the published sets: of every piece each frame but the first is predicted from all before it, the
negative log-likelihood is summed over keys, frames and pieces and divided by the number of predicted frames. A frame is
a moment of silence, of notes that are held, or of new ones, and longer or shorter by the codec: nats a frame compare
models of one codec, and say nothing beside nats a note.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.corpus.roll_windows import begun
from antiphon.corpus.store import Corpus, Piece
from antiphon.engine.rolls import RollEngine
from antiphon.evaluate.likelihood import Likelihood, normalised
from antiphon.evaluate.listening import listen
from antiphon.rolls import ON, struck_notes


@dataclass(frozen=True)
class RollLikelihood(Likelihood):
    """Sums over pieces; ``notes`` are those that the frames show, ``tokens`` are not counted."""

    frames: np.ndarray  # (pieces,) that were predicted
    copied: np.ndarray  # (pieces,) of these such as are like the frame before

    @property
    def mean(self) -> float:
        """Nats a frame."""
        return float(self.nats.sum() / self.frames.sum())

    def report(self) -> dict[str, object]:
        """The numbers, with stable names; none of them is per note."""
        frames = int(self.frames.sum())
        return {
            "of": "frames",
            "pieces": len(self.frames),
            "frames": frames,
            "notes": int(self.notes.sum()),
            "nats_per_frame": self.mean,
            "frames_like_the_one_before": float(self.copied.sum() / frames),
        }


def roll_likelihood(
    engine: RollEngine, corpus: Corpus, pieces: Sequence[Piece], progress: Callable[[int], None] = lambda notes: None
) -> RollLikelihood:
    """The likelihood of some pieces; ``progress`` is called with the number of notes just heard, about.

    A piece of one frame has nothing to predict and is left out.
    """
    codec = engine.rolls
    rows = [frames.astype(np.int64) for piece in pieces if len(frames := begun(codec, corpus.score(piece))) > 1]
    share = sum(piece.count for piece in pieces) / max(sum(map(len, rows)), 1)
    before = [np.concatenate([codec.start_row[None], music[:-1]]) for music in rows]
    judged = listen(
        engine, before, rows, lambda features, truth: frame_nats(engine, features, truth)[:, None],
        lambda count: progress(round(count * share)),
    )  # fmt: skip
    return RollLikelihood(
        attributes=("frame",),
        nats=np.array([nats[1:].sum(0) for nats in judged]).reshape(-1, 1),
        notes=np.array([struck_notes(music) for music in rows], int),
        tokens=np.zeros(len(rows)),
        frames=np.array([len(music) - 1 for music in rows], int),
        copied=np.array([(music[1:] == music[:-1]).all(1).sum() for music in rows], int),
    )


def frame_nats(engine: RollEngine, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(N,) nats of (N, K) frames in all their keys, given features (N, F)."""
    return (_joint if engine.joint else _apart)(engine, features, rows)


def _apart(engine: RollEngine, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
    odds = engine.scores(features, np.zeros_like(rows)).astype(np.float64)
    return np.logaddexp(0, np.where(rows == ON, -odds, odds)).sum(1)


def _joint(engine: RollEngine, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Note after note from the lowest, each given those below it; only of the frames that have so many."""
    keys = rows.shape[1]
    count, nats = (rows == ON).sum(1), np.zeros(len(rows))
    notes = np.argsort(rows != ON, axis=1, kind="stable")  # the keys that sound, the lowest first
    there, highest = np.zeros_like(rows), np.full(len(rows), -1)
    for turn in range(int(count.max(initial=0)) + 1):
        some = np.flatnonzero(count >= turn)
        scores = engine.scores(features[some], there[some])
        log_prob = normalised(np.where(np.arange(keys + 1) > highest[some, None], scores, -np.inf))
        note = np.where(count[some] > turn, notes[some, min(turn, keys - 1)], keys)
        nats[some] -= log_prob[np.arange(len(some)), note]
        some, note = some[note < keys], note[note < keys]
        there[some, note], highest[some] = ON, note
    return nats
