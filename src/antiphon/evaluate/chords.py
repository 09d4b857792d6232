"""How well a model of chords predicts real music, in nats a note of its chords.

The likelihood of the rows is exact, each chord predicted from all before it, times spread over their cells as for
notes. What is counted of each chord: when it begins, how loud it is, the pitch and the length of each of its notes, and
that there are no more. What is not counted is what its rows do not say: how loud each note is beside the others, which
of them comes first within the 50 ms, and the notes that were dropped. So these numbers compare models of chords; beside
models of notes, which pay for all of that, they look too good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from antiphon.chords import ChordCodec
from antiphon.corpus.store import Corpus, Piece
from antiphon.engine.encoding import ChordEngine
from antiphon.evaluate.likelihood import Likelihood, normalised
from antiphon.evaluate.listening import listen

UNCOUNTED = "how loud a note is beside the others of its chord, which of them comes first"
ATTRIBUTES = ("step", "velocity", "pitch", "duration")


@dataclass(frozen=True)
class ChordLikelihood(Likelihood):
    """Sums over pieces, of all notes' pitches together and all durations together; ``tokens`` are not counted."""

    chords: np.ndarray  # (pieces,)
    dropped: np.ndarray  # (pieces,) notes that had no place in a chord

    def report(self) -> dict[str, Any]:
        """The numbers, with the names that those of notes have where they mean the same."""
        notes, sums = int(self.notes.sum()), self.nats.sum(0)
        by_attribute = {name: float(s / notes) for name, s in zip(self.attributes, sums, strict=True)}
        return {
            "of": "chords",
            "pieces": len(self.notes),
            "notes": notes,
            "chords": int(self.chords.sum()),
            "dropped_notes": int(self.dropped.sum()),
            "nats_per_note": float(sums.sum() / notes),
            "nats_per_note_by_attribute": by_attribute,
            "nats_per_note_pitch_step_duration": float(self.without_velocity.sum() / notes),
            "nats_per_chord": float(sums.sum() / self.chords.sum()),
        }


def chord_likelihood(
    engine: ChordEngine,
    corpus: Corpus,
    pieces: Sequence[Piece],
    progress: Callable[[int], None] = lambda notes: None,
    *,
    ruled: bool = False,
) -> ChordLikelihood:
    """The likelihood of some pieces; ``progress`` is called with the number of notes just heard.

    ``ruled`` gives what the codec does not allow no probability, as in writing: independent heads give it some. Steps
    stay free.
    """
    codec, found = engine.chords, [engine.chords.chords(corpus.score(piece)) for piece in pieces]
    heard = [chords for chords in found if len(chords.onset_ms)]
    rows = [codec.rows(chords).astype(np.int64) for chords in heard]
    before = [np.concatenate([codec.start_row[None], music[:-1]]) for music in rows]
    share = sum(chords.notes for chords in heard) / max(sum(map(len, rows)), 1)
    judged = listen(
        engine, before, rows, lambda features, truth: _nats(engine, features, truth, ruled=ruled),
        lambda count: progress(round(count * share)),
    )  # fmt: skip
    return ChordLikelihood(
        attributes=ATTRIBUTES,
        nats=np.array([nats.sum(0) for nats in judged]).reshape(-1, len(ATTRIBUTES)),
        notes=np.array([chords.notes for chords in heard], int),
        tokens=np.zeros(len(heard)),
        chords=np.array([len(music) for music in rows], int),
        dropped=np.array([chords.dropped for chords in heard], int),
    )


def _nats(engine: ChordEngine, features: np.ndarray, rows: np.ndarray, *, ruled: bool) -> np.ndarray:
    """(N, 4) nats of the ATTRIBUTES of (N, A) rows, given features (N, F)."""
    codec: ChordCodec = engine.chords
    nats = np.zeros(rows.shape)
    for i, cells in enumerate(codec.log_cells):
        logits = engine.logits(i, features, rows)
        allowed = codec.allowed(i, rows) if ruled and i else None
        log_prob = normalised(logits if allowed is None else np.where(allowed, logits, -1e9))
        nats[:, i] = cells[rows[:, i]] - np.take_along_axis(log_prob, rows[:, i, None], 1)[:, 0]
    return np.stack([nats[:, 0], nats[:, 1], nats[:, 2::2].sum(1), nats[:, 3::2].sum(1)], -1)
