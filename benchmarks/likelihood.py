"""How well models predict real music: nats a note on the 10 ms grid, the same for every model and for histograms.

Every piece of the split is heard from its first note to its last. "histograms" knows how often each code occurs in the
training split, counted with add-one smoothing, and nothing else: what a model must beat to have learned anything. Nats
a MIDI-like token are the sum over all notes, velocity too, by the count of note-on, note-off, velocity and 10 ms-to-1 s
shift tokens that the same notes take, pedal applied: the unit of published tables.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import music
from antiphon.codec import NoteCodec
from antiphon.corpus.store import Corpus, Piece, open_corpus
from antiphon.engine import Engine, open_bundle, open_engine
from antiphon.engine.base import CHUNK, State
from antiphon.evaluate.likelihood import corpus_likelihood
from record import Value, parser, save


class Histograms:
    """An engine that predicts the same whatever it heard: how often each code occurs."""

    def __init__(self, codec: NoteCodec, counts: Sequence[np.ndarray]) -> None:
        """``counts`` are (V,) for each attribute, all above 0."""
        self.codec, self.chunk = codec, CHUNK
        self._logits = [np.log(count).astype(np.float32) for count in counts]

    def start(self, batch: int) -> State:
        """Nothing to remember."""
        return ()

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """Nothing to hear."""
        return np.zeros((len(rows), 0), np.float32), ()

    def hear(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """Nothing to hear, at once."""
        return np.zeros((*rows.shape[:2], 0), np.float32), ()

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The same for all."""
        return np.broadcast_to(self._logits[index], (len(rows), len(self._logits[index])))


def count(codec: NoteCodec, corpus: Corpus, split: str) -> Histograms:
    """The histograms of a split, one added to every code."""
    counts = [np.ones(a.size) for a in codec.attributes]
    for rows in music.pieces(codec, corpus, split):
        for i, attribute in enumerate(codec.attributes):
            counts[i] += np.bincount(rows[:, i], minlength=attribute.size)
    return Histograms(codec, counts)


def main() -> None:
    """A row for the histograms and for each model."""
    options = parser(__doc__ or "", "python benchmarks/likelihood.py lstm-piano --corpus corpora/maestro")
    options.add_argument("models", nargs="*", metavar="MODEL", help="models' names or folders")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--split", default="validation", help="what is predicted (default: validation)")
    options.add_argument("--pieces", type=int, default=0, help="only the first so many, for trying (default: all)")
    args = options.parse_args()
    corpus = open_corpus(args.corpus)
    pieces = corpus.split(args.split)[: args.pieces or None]
    rows = [_row("histograms", count(NoteCodec(), corpus, "train"), corpus, pieces)]
    for bundle in map(open_bundle, args.models):
        print(f"{bundle.name} hears {len(pieces)} pieces …", file=sys.stderr)
        rows.append(_row(bundle.name, open_engine(bundle), corpus, pieces))
    save(args, rows, ("antiphon", "numpy", "onnxruntime"))


def _row(name: str, engine: Engine, corpus: Corpus, pieces: Sequence[Piece]) -> dict[str, Value]:
    """Pitch, step and duration also stand together: they are what the notebooks' models predict."""
    found = corpus_likelihood(engine, corpus, pieces)
    by_attribute = dict(zip(found.attributes, found.nats.sum(0) / found.notes.sum(), strict=True))
    return {
        "model": name,
        "nats a note": float(found.nats.sum() / found.notes.sum()),
        **{name: float(nats) for name, nats in by_attribute.items()},
        "pitch + step + duration": float(sum(by_attribute[n] for n in ("pitch", "step", "duration"))),
        "nats a MIDI-like token": float(found.nats.sum() / found.tokens.sum()),
        "notes": int(found.notes.sum()),
        "pieces": len(pieces),
    }


if __name__ == "__main__":
    main()
