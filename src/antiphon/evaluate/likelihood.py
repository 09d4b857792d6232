"""How well a model predicts real music: nats a note on the 10 ms grid, so that all models stand in one table.

The likelihood is exact: each piece is heard from its beginning to its end, every note predicted from all that came
before it. A time code's probability is spread over the 10 ms cells it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.corpus.store import Corpus, Piece
from antiphon.corpus.windows import NOTE_COLUMNS, Columns, columns_for
from antiphon.engine.base import Engine, State
from antiphon.evaluate.tokens import midi_tokens

LANES = 32  # pieces heard at once: more saves little and holds more state
BLOCK = 64  # steps whose heads are computed together


@dataclass(frozen=True)
class Likelihood:
    """Sums over pieces, and what is reported of them."""

    attributes: tuple[str, ...]
    nats: np.ndarray  # (pieces, A) of each attribute in each piece
    notes: np.ndarray  # (pieces,)
    tokens: np.ndarray  # (pieces,) MIDI-like tokens

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
            "nats_per_note_pitch_step_duration": sum(by_attribute[n] for n in ("pitch", "step", "duration")),
            "midi_tokens": int(self.tokens.sum()),
            "nats_per_midi_token": float(sums.sum() / self.tokens.sum()),
        }


def corpus_likelihood(
    engine: Engine, corpus: Corpus, pieces: Sequence[Piece], progress: Callable[[int], None] = lambda notes: None
) -> Likelihood:
    """The likelihood of some pieces of a corpus; ``progress`` is called with the number of notes just heard.

    A model without instruments hears no drums, and pieces of nothing else are left out.
    """
    columns, spans = columns_for(engine.codec, corpus.columns(), pieces)
    heard = [{name: columns[name][span.first : span.first + span.count] for name in NOTE_COLUMNS} for span in spans]
    rows = [_rows(engine.codec, notes) for notes in heard]
    nats = np.array([-log_prob.sum(0) for log_prob in log_probs(engine, rows, progress)])
    tokens = [midi_tokens(notes["onset_ms"], notes["duration_ms"], notes["velocity"]) for notes in heard]
    attributes = tuple(a.name for a in engine.codec.attributes)
    return Likelihood(attributes, nats, np.array([len(r) for r in rows]), np.array(tokens))


def _rows(codec: NoteCodec, notes: Columns) -> np.ndarray:
    times = notes["onset_ms"], notes["duration_ms"]
    return codec.encode_ms(*times, notes["pitch"], notes["velocity"], notes["program"])


def log_probs(
    engine: Engine, pieces: Sequence[np.ndarray], progress: Callable[[int], None] = lambda notes: None
) -> list[np.ndarray]:
    """For each piece of (N, A) rows, (N, A) float64 log-probabilities on the 10 ms grid."""
    return (_in_lanes if engine.chunk == 1 else _in_chunks)(engine, pieces, progress)


def _in_chunks(engine: Engine, pieces: Sequence[np.ndarray], progress: Callable[[int], None]) -> list[np.ndarray]:
    """Piece by piece, for engines that hear many notes at once."""
    found = []
    for piece in pieces:
        heard, state = np.concatenate([engine.codec.start_row[None], piece[:-1]]), engine.start(1)
        parts = []
        for start in range(0, len(piece), engine.chunk):
            part = slice(start, start + engine.chunk)
            features, state = engine.hear(heard[None, part], state)
            parts.append(_log_prob(engine, features[0], piece[part].astype(np.int64)))
            progress(len(parts[-1]))
        found.append(np.concatenate(parts))
    return found


def _in_lanes(engine: Engine, pieces: Sequence[np.ndarray], progress: Callable[[int], None]) -> list[np.ndarray]:
    """Many pieces side by side, for engines that hear one note at a time.

    Pieces are laid end to end in lanes of about equal length that are heard side by side; a lane's state is reset where
    a piece begins.
    """
    lanes = _lanes([len(p) for p in pieces])
    found = [np.zeros(p.shape) for p in pieces]
    order = [np.concatenate([_places(i, len(pieces[i])) for i in lane]) for lane in lanes]  # (steps, 2) piece, note
    order.sort(key=len, reverse=True)
    state, start, codec = engine.start(len(order)), engine.start(1), engine.codec
    for block in range(0, len(order[0]), BLOCK):
        features, targets, places = [], [], []
        for t in range(block, min(block + BLOCK, len(order[0]))):
            now = np.array([lane[t] for lane in order if len(lane) > t])
            heard = np.stack([pieces[p][n - 1] if n else codec.start_row for p, n in now])
            state = _reset(state, start, now[:, 1] == 0)
            step, state = engine.step(heard, state)
            features.append(step)
            targets.append(np.stack([pieces[p][n] for p, n in now]))
            places.append(now)
        place = np.concatenate(places)
        log_prob = _log_prob(engine, np.concatenate(features), np.concatenate(targets).astype(np.int64))
        for (p, n), row in zip(place, log_prob, strict=True):
            found[p][n] = row
        progress(len(place))
    return found


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


def _log_prob(engine: Engine, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(N, A) log-probabilities of rows given features (N, F), with time codes spread over their cells."""
    columns = []
    for i, cells in enumerate(engine.codec.log_cells):
        logits = engine.logits(i, features, rows).astype(np.float64)
        top = logits.max(axis=-1, keepdims=True)
        norm = np.log(np.exp(logits - top).sum(axis=-1)) + top[:, 0]
        codes = rows[:, i]
        columns.append(np.take_along_axis(logits, codes[:, None], -1)[:, 0] - norm - cells[codes])
    return np.stack(columns, axis=-1)
