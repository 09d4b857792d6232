"""How well a model predicts real music: nats a note on the 10 ms grid, so that all models stand in one table.

The likelihood is exact: each piece is heard from its beginning to its end, every note predicted from all that came
before it. A time code's probability is spread over the 10 ms cells it stands for. Where a codec has several codes for
one length, because the note ends with others, their probabilities are added. What a model spends on codes that are
impossible just then, such as one that points to a note that is over, is lost to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from antiphon.bins import CELL_MS, DURATION_BINS
from antiphon.codec import HELD, NoteCodec
from antiphon.corpus.store import Corpus, Piece
from antiphon.corpus.windows import NOTE_COLUMNS, Columns, columns_for
from antiphon.engine.base import Engine
from antiphon.evaluate.cache import Arrays
from antiphon.evaluate.listening import before, listen
from antiphon.evaluate.tokens import midi_tokens


@dataclass(frozen=True)
class Likelihood:
    """Sums over pieces, and what is reported of them."""

    attributes: tuple[str, ...]
    nats: np.ndarray  # (pieces, A) of each attribute in each piece
    notes: np.ndarray  # (pieces,)
    tokens: np.ndarray  # (pieces,) MIDI-like tokens

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All of it as arrays to be kept."""
        return {field.name: np.array(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def joined(cls, parts: Sequence[Arrays]) -> Self:
        """The likelihood of several groups of pieces as one, of what :meth:`to_arrays` kept of each."""
        names = [field.name for field in fields(cls) if field.name != "attributes"]
        whole = {name: np.concatenate([part[name] for part in parts]) for name in names}
        return cls(attributes=tuple(parts[0]["attributes"].tolist()), **whole)

    @property
    def mean(self) -> float:
        """Nats a note, or a frame, or whatever else the rows of the model stand for."""
        return float(self.nats.sum() / self.notes.sum())

    @property
    def without_velocity(self) -> np.ndarray:
        """(pieces,) nats of what the classic notebooks predict: pitch, step, duration; and of a latent place."""
        columns = [i for i, name in enumerate(self.attributes) if name not in ("velocity", "program")]
        return np.asarray(self.nats[:, columns].sum(1))

    def report(self) -> dict[str, object]:
        """The numbers, with stable names; means are over notes or tokens, not over pieces."""
        notes, sums = int(self.notes.sum()), self.nats.sum(0)
        by_attribute = {name: float(s / notes) for name, s in zip(self.attributes, sums, strict=True)}
        return {
            "pieces": len(self.notes),
            "notes": notes,
            "nats_per_note": float(sums.sum() / notes),
            "bits_per_note": float(sums.sum() / notes / np.log(2)),
            "nats_per_note_by_attribute": by_attribute,
            "nats_per_note_pitch_step_duration": float(self.without_velocity.sum() / notes),
            "midi_tokens": int(self.tokens.sum()),
            "nats_per_midi_token": float(sums.sum() / self.tokens.sum()),
        }


def corpus_likelihood(
    engine: Engine, corpus: Corpus, pieces: Sequence[Piece], progress: Callable[[int], None] = lambda notes: None
) -> Likelihood:
    """The likelihood of some pieces of a corpus; ``progress`` is called with the number of notes just heard.

    A model without instruments hears no drums, and pieces of nothing else are left out.
    """
    heard = notes_of(engine.codec, corpus, pieces)
    truths = [truth_of(engine.codec, notes) for notes in heard]
    nats = np.array([-log_prob.sum(0) for log_prob in log_probs(engine, truths, progress)])
    tokens = [midi_tokens(notes["onset_ms"], notes["duration_ms"], notes["velocity"]) for notes in heard]
    attributes = tuple(a.name for a in engine.codec.attributes)
    return Likelihood(attributes, nats, np.array([len(t) for t in truths]), np.array(tokens))


def notes_of(codec: NoteCodec, corpus: Corpus, pieces: Sequence[Piece]) -> list[Columns]:
    """The columns of each piece as a codec hears it: without instruments no drums, and no pieces of nothing else."""
    columns, spans = columns_for(codec, corpus.columns(), pieces)
    return [{name: columns[name][span.first : span.first + span.count] for name in NOTE_COLUMNS} for span in spans]


def rows_of(codec: NoteCodec, notes: Columns) -> np.ndarray:
    """(N, A) rows of a piece's columns."""
    times = notes["onset_ms"], notes["duration_ms"]
    return codec.encode_ms(*times, notes["pitch"], notes["velocity"], notes["program"])


def truth_of(codec: NoteCodec, notes: Columns) -> np.ndarray:
    """(N, A) rows of a piece's columns; for a codec whose durations point back (N, A + 1 + ends) int64.

    Then each note's duration as a time of its own follows, and which codes beyond HELD stand for the same end.
    """
    rows = rows_of(codec, notes)
    if not codec.ends:
        return rows
    start, end = (to_cells(t) for t in (notes["onset_ms"], notes["onset_ms"].astype(np.int64) + notes["duration_ms"]))
    order = np.lexsort((notes["pitch"], start))
    start, end = start[order], end[order]
    same = np.zeros((len(rows), codec.ends), np.int64)
    for back in range(1, min(codec.ends, len(rows) - 1) + 1):
        same[back:, back - 1] = (end[back:] == end[:-back]) & (end[back:] > start[back:])
    return np.column_stack([rows.astype(np.int64), DURATION_BINS.index(end - start), same])


def to_cells(time_ms: np.ndarray) -> np.ndarray:
    """The 10 ms cell nearest to each time, as the codec takes it."""
    return (np.asarray(time_ms, np.int64) + CELL_MS // 2) // CELL_MS


def log_probs(
    engine: Engine, pieces: Sequence[np.ndarray], progress: Callable[[int], None] = lambda notes: None
) -> list[np.ndarray]:
    """For each piece, (N, A) rows or what :func:`truth_of` gives, (N, A) float64 log-probabilities on the 10 ms grid.

    Rows alone count the probability of the codes in them and no other.
    """
    size = len(engine.codec.attributes)
    heard = [before(engine, piece[:, :size].astype(np.uint8)) for piece in pieces]
    return listen(engine, heard, pieces, lambda features, truth: log_prob_of(engine, features, truth), progress)


def normalised(logits: np.ndarray) -> np.ndarray:
    """(N, V) float64 log-probabilities of logits."""
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def log_prob_of(engine: Engine, features: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N, A) log-probabilities of rows, or of what :func:`truth_of` gives, given features (N, F)."""
    size = len(engine.codec.attributes)
    rows = truth[:, :size].astype(np.int64)
    return np.stack(
        [log_prob_on_grid(engine, i, normalised(engine.logits(i, features, rows)), truth) for i in range(size)],
        axis=-1,
    )


def log_prob_on_grid(engine: Engine, index: int, log_prob: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N,) log-probability of what came true, a time to its 10 ms cell, from (N, V) of an attribute's codes."""
    codec = engine.codec
    cells, size = codec.log_cells[index], len(codec.attributes)
    if truth.shape[1] == size or codec.attributes[index].name != "duration":
        code = truth[:, index].astype(np.int64)
        return np.take_along_axis(log_prob, code[:, None], -1)[:, 0] - cells[code]
    own = truth[:, size].astype(np.int64)
    alone = np.take_along_axis(log_prob, own[:, None], -1)[:, 0] - cells[own]
    pointing = np.where(truth[:, size + 1 : size + 1 + codec.ends] > 0, log_prob[:, HELD + 1 :], -np.inf)
    return np.logaddexp.reduce(np.column_stack([alone, pointing]), axis=1)
