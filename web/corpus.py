"""Count what the page's histograms compare with: ``python web/corpus.py corpora/maestro > web/src/corpus.json``.

Shares of the training pieces' pitches, steps, durations and velocities in the bins of ``web/src/music/statistics.ts``.
"""

import json
import sys

import numpy as np

from antiphon.corpus.store import open_corpus

STEP = [0, 0.02, 0.05, 0.08, 0.12, 0.17, 0.23, 0.3, 0.4, 0.55, 0.75, 1, 1.5, 2, 4, np.inf]
DURATION = [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1, 1.5, 2, 3, 4, 6, np.inf]
PITCH = [20 + 4 * i for i in range(23)]
VELOCITY = [8 * i for i in range(17)]


def shares(values: np.ndarray, edges: list[float]) -> list[float]:
    """The share of values in each bin; those beyond the ends are in the outermost."""
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return [round(float(share), 5) for share in np.bincount(bins, minlength=len(edges) - 1) / len(values)]


def main(folder: str) -> None:
    """Write the shares to standard output."""
    corpus = open_corpus(folder)
    rows = corpus.columns()
    pieces = corpus.split("train")
    inside = np.concatenate([np.arange(piece.first, piece.first + piece.count) for piece in pieces])
    onset = rows["onset_ms"] / 1000
    steps = np.concatenate([np.diff(onset[piece.first : piece.first + piece.count]) for piece in pieces])
    found = {
        "name": "MAESTRO",
        "performances": len(pieces),
        "pitch": shares(rows["pitch"][inside], PITCH),
        "step": shares(steps, STEP),
        "duration": shares(rows["duration_ms"][inside] / 1000, DURATION),
        "velocity": shares(rows["velocity"][inside], VELOCITY),
    }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
