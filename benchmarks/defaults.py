"""Which way of sampling is nearest to real music: the settings that a model might have by default, in one table.

Every setting writes pieces of 1,000 notes from nothing, seeds from 0 or ``--first``, and, if asked, continuations of
as many notes after the first 256 of held-out pieces. Real music is every run of so many notes of the validation split,
taken through the codec. Overlap is the shared area of two kernel densities on one grid: of all notes' pitches, pitch
classes, steps, durations and velocities, and of pieces' polyphony and density; the row "real" is half of the real
pieces against the other half. A piece has collapsed where its longest run of one pitch, its longest exact loop or its
longest silence lies above the 99 % point of real music. Copies are the notes of the longest passage, in any key, that
stands in the training split: the 95 % point over pieces.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.codec import milliseconds
from antiphon.corpus.store import Corpus, open_corpus
from antiphon.engine import Engine, open_bundle, open_engine
from antiphon.evaluate import samples
from antiphon.evaluate.distances import overlapped_area
from antiphon.evaluate.measures import MEASURES
from antiphon.evaluate.memorisation import CopyIndex, training_index
from antiphon.generate.pieces import Length, write_pieces
from antiphon.generate.sampling import Sampling
from antiphon.notes import Score
from record import Value, parser, save

SETTINGS: dict[str, dict[str, Any]] = {
    "the model's own": {},
    "temperature 0.98": {"temperature": 0.98},
    "temperature 0.95": {"temperature": 0.95},
    "top-p 0.99": {"top_p": 0.99},
    "top-p 0.98": {"top_p": 0.98},
    "top-p 0.95": {"top_p": 0.95},
    "min-p 0.01": {"min_p": 0.01},
    "min-p 0.02": {"min_p": 0.02},
    "step at 1.05, pitch at 0.95": {"temperature": {"step": 1.05, "pitch": 0.95}},
    "temperature 0.98, min-p 0.035": {"temperature": 0.98, "min_p": 0.035},
}
COLLAPSE = ("longest_repeat", "longest_loop", "longest_silence_s")
PIECEWISE = ("polyphony", "density")
BATCH = 25  # pieces written at once
PROMPT = 256  # notes of a piece that is continued
DRAWN = 20_000  # notes that a density is made of


def main() -> None:
    """A row for real music, and one for each setting."""
    options = parser(__doc__ or "", "python benchmarks/defaults.py piano --corpus corpora/maestro")
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--pieces", type=int, default=50, help="from nothing, of each setting (default: 50)")
    options.add_argument("--first", type=int, default=0, help="their first seed: choose by other pieces than you show")
    options.add_argument("--continued", type=int, default=0, help="held-out pieces continued (default: 0)")
    options.add_argument("--notes", type=int, default=1000, help="of a piece (default: 1000)")
    options.add_argument("--only", default="", help="the settings with this in their name (default: all)")
    args = options.parse_args()
    corpus = open_corpus(args.corpus)
    held_out, index = samples.real(corpus, corpus.split("validation"), args.notes), training_index(corpus)
    halves = [[s for s, g in zip(held_out.scores, held_out.groups, strict=True) if g % 2 == half] for half in (0, 1)]
    limits = {name: float(np.quantile(_measured(held_out.scores, name), 0.99)) for name in COLLAPSE}
    rows = [_row("real", halves[0], halves[1], limits, index)]
    engine = open_engine(open_bundle(args.model))
    for name, settings in SETTINGS.items():
        if args.only in name:
            for how, found in _written(engine, Sampling(**settings), corpus, args).items():
                rows.append(_row(name + how, found, held_out.scores, limits, index))
                save(args, rows)


def _written(engine: Engine, sampling: Sampling, corpus: Corpus, args: Namespace) -> dict[str, list[Score]]:
    """Pieces from nothing, continuations without their prompts, and both together."""
    found = {"": _begun(engine, sampling, args), ", continued": _continued(engine, sampling, corpus, args)}
    found = {how: pieces for how, pieces in found.items() if pieces}
    return found if len(found) == 1 else {**found, ", together": [piece for part in found.values() for piece in part]}


def _begun(engine: Engine, sampling: Sampling, args: Namespace) -> list[Score]:
    length, pieces, last = Length(notes=args.notes), list[Score](), args.first + args.pieces
    for first in range(args.first, last, BATCH):
        seeds = [(seed, 0) for seed in range(first, min(first + BATCH, last))]
        pieces += write_pieces(engine, length, seeds, sampling=sampling).scores
    return [samples.on_grid(piece) for piece in pieces]


def _continued(engine: Engine, sampling: Sampling, corpus: Corpus, args: Namespace) -> list[Score]:
    prompts = samples.real(corpus, corpus.split("validation"), PROMPT, each=1).scores[: args.continued]
    pieces = [
        write_pieces(engine, Length(notes=args.notes), [(i, 1)], prompt=prompt, sampling=sampling).scores[0]
        for i, prompt in enumerate(prompts)
    ]
    return [samples.on_grid(piece) for piece in pieces]


def _row(
    name: str, written: Sequence[Score], real: Sequence[Score], limits: dict[str, float], index: CopyIndex
) -> dict[str, Value]:
    ours, theirs = _values(written), _values(real)
    areas = {what: overlapped_area(ours[what], theirs[what]) for what in ours}
    collapsed = np.any([_measured(written, what) > limit for what, limit in limits.items()], axis=0)
    copied = np.quantile([index.copied(score).longest for score in written], 0.95)
    row: dict[str, Value] = {
        "sampling": name,
        "pieces": len(written),
        "mean overlap": float(np.mean([*areas.values()])),
    }
    return row | areas | {"collapsed": int(collapsed.sum()), "copied notes, 95 %": float(copied)}


def _values(scores: Sequence[Score]) -> dict[str, np.ndarray]:
    """What densities are made of: notes of all pieces, evenly chosen, and a number a piece."""
    steps, durations = zip(*(_times(score) for score in scores), strict=True)
    pitch, velocity = (np.concatenate([score.notes[name] for score in scores]) for name in ("pitch", "velocity"))
    by_note = {
        "pitch": pitch,
        "pitch class": pitch % 12,
        "step": np.log10(np.concatenate(steps) + 10),  # ms; on a scale on which a chord and a breath both show
        "duration": np.log10(np.concatenate(durations) + 10),
        "velocity": velocity,
    }
    every = max(len(pitch) // DRAWN, 1)
    by_piece = {name: _measured(scores, name) for name in PIECEWISE}
    return {name: values[::every].astype(float) for name, values in by_note.items()} | by_piece


def _times(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """(N - 1,) milliseconds from note to note, and (N,) that each sounds."""
    onset_ms, duration_ms = milliseconds(score)
    return np.diff(np.sort(onset_ms)), duration_ms


def _measured(scores: Sequence[Score], name: str) -> np.ndarray:
    return np.array([MEASURES[name](score) for score in scores])


if __name__ == "__main__":
    main()
