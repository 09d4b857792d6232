"""Whether a model keeps its pace when it hears itself, and what faults in what it hears do to it.

Two tables. ``pace``: held-out pieces are continued after 500 notes, twice each; how long a note takes on average over
the first notes of the continuation, against the same notes of the real piece, as the mean of logarithms with its
standard error. ``faults``: the model hears real pieces in which a share of the notes has another pitch, loudness or
length, and says when the next note comes; the mean time that it expects, against the real one.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import music
from antiphon.bins import STEP_BINS
from antiphon.codec import HELD, milliseconds
from antiphon.corpus.store import Corpus, open_corpus
from antiphon.engine import Engine, open_bundle, open_engine
from antiphon.evaluate import samples
from antiphon.generate.pieces import Length, write_pieces
from antiphon.notes import Score
from record import Value, parser, save

PROMPT, NOTES, TWICE = 500, 400, 2  # notes heard, notes written, continuations of a piece
HORIZONS = 25, 50, 100, 200, 400
FAULTS = (("none", 0.0), ("pitch", 0.1), ("pitch", 0.3), ("velocity", 0.3), ("duration", 0.2))
HEARD, CHUNK = 1000, 256  # notes of a piece that faults are put into; notes heard at once
PACKAGES = ("antiphon", "numpy", "onnxruntime")


def main() -> None:
    """Both tables."""
    options = parser(__doc__ or "", "python benchmarks/drift.py piano --corpus corpora/maestro")
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--every", type=int, default=2, help="of the held-out pieces every so manieth (default: 2)")
    args = options.parse_args()
    engine, corpus = open_engine(open_bundle(args.model)), open_corpus(args.corpus)
    save(args, pace(engine, corpus, args), PACKAGES, "pace")
    save(args, faults(engine, corpus, args), PACKAGES, "faults")


def pace(engine: Engine, corpus: Corpus, args: Namespace) -> list[dict[str, Value]]:
    """A row a horizon."""
    pieces = samples.real(corpus, corpus.split("validation"), PROMPT + NOTES + 1, each=1).scores[:: args.every]
    apart, ours, theirs = ([] for _ in range(3))
    for i, piece in enumerate(pieces):
        heard = piece.select(np.arange(PROMPT))
        written = write_pieces(engine, Length(notes=NOTES), [(i, n) for n in range(TWICE)], prompt=heard).scores
        real = _pace(piece, PROMPT)
        model = np.mean([np.log(_pace(score, 0)) for score in written], 0)
        apart.append(model - np.log(real))
        ours.append(model)
        theirs.append(np.log(real))
    error = np.std(apart, 0) / np.sqrt(len(apart))
    return [
        {
            "notes": notes,
            "pieces": len(pieces),
            "real, ms a note": float(np.exp(np.mean(theirs, 0)[i])),
            "model": float(np.exp(np.mean(ours, 0)[i])),
            "model / real": float(np.exp(np.mean(apart, 0)[i])),
            "give or take": float(error[i]),
        }
        for i, notes in enumerate(HORIZONS)
    ]


def _pace(score: Score, first: int) -> np.ndarray:
    """Milliseconds a note over the notes up to each horizon."""
    onset_ms = np.sort(milliseconds(score)[0])[first:]
    return np.array([max(onset_ms[notes - 1] - onset_ms[0], 1) / notes for notes in HORIZONS])


def faults(engine: Engine, corpus: Corpus, args: Namespace) -> list[dict[str, Value]]:
    """A row a kind of fault."""
    pieces = list(music.pieces(engine.codec, corpus, "validation"))[:: 4 * args.every]
    found = []
    for kind, share in FAULTS:
        rng = np.random.default_rng(0)
        sums = np.sum([_expected(engine, rows[:HEARD].astype(np.int64), kind, share, rng) for rows in pieces], 0)
        ms, real_ms, notes = sums
        found.append({"changed": kind, "share of notes": share, "notes": int(notes), "expected / real": ms / real_ms})
    return found


def _expected(engine: Engine, rows: np.ndarray, kind: str, share: float, rng: np.random.Generator) -> tuple[float, ...]:
    """Milliseconds to the next notes as expected and as they are, summed, and how many notes."""
    middle = STEP_BINS.middle * 10.0
    expected = 0.0
    for logits in _told(engine, _changed(rows, kind, share, rng), rows):
        weight = np.exp(logits - logits.max(-1, keepdims=True))[:, : len(middle)]
        expected += float((weight @ middle / weight.sum(-1)).sum())
    return expected, float(middle[rows[:, 0]].sum()), len(rows)


def _told(engine: Engine, heard: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    """(n, V) logits of the step of each note, given those before it as they were heard."""
    before, state = np.concatenate([engine.codec.start_row[None], heard[:-1]]), engine.start(1)
    for first in range(0, len(rows), CHUNK):
        features, state = engine.hear(before[None, first : first + CHUNK], state)
        yield engine.logits(0, features[0], rows[first : first + CHUNK])


def _changed(rows: np.ndarray, kind: str, share: float, rng: np.random.Generator) -> np.ndarray:
    rows, here = rows.copy(), rng.random(len(rows)) < share
    count = int(here.sum())
    if kind == "pitch":
        rows[here, 1] = rng.integers(30, 100, count)
    elif kind == "velocity":
        rows[here, 2] = np.clip(rows[here, 2] + rng.choice([-5, -4, -3, 3, 4, 5], count), 0, 31)
    elif kind == "duration":
        rows[here, 3] = rng.choice(rows[:, 3][rows[:, 3] < HELD], count)
    return rows


if __name__ == "__main__":
    main()
