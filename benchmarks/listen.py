"""Listening with numbers: pieces that a model writes against passages of real music, measure by measure.

Pieces of 500 notes, seeds 0 to 19, from nothing (``antiphon generate --seed S --notes 500`` writes the same); passages
are all runs of 500 notes of the split that do not overlap, taken through the codec, so that both sides stand on one
grid of times and velocities. A piece is inside where it lies in the 1 % to 99 % range of the passages. The longest
repeat has a limit of its own, 12, because one note for ever is how such models fail. By construction 2 % of real
passages fall outside each range: of 20 pieces as good as real, 0.4 on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import music
from antiphon.codec import NoteCodec
from antiphon.corpus.store import Corpus, open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.evaluate.measures import MEASURES
from antiphon.generate.pieces import Length, write_pieces
from antiphon.generate.sampling import Sampling
from antiphon.notes import Score
from record import Value, parser, save

RANGE = (0.01, 0.99)
MOST_REPEATS = 12
SEEN = 3  # pieces, and as many real passages, evenly spread
JUDGES = ("longest_repeat", "density", "polyphony", "pitch_range", "velocity_spread")
SHOWN = (*JUDGES, "pitch_class_entropy", "longest_silence_s")


def main() -> None:
    """Write, measure, compare."""
    options = parser(__doc__ or "", "python benchmarks/listen.py lstm-piano --corpus corpora/maestro")
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--split", default="validation", help="of the corpus (default: validation)")
    options.add_argument("--pieces", type=int, default=20, help="pieces to write, seeds from 0 (default: 20)")
    options.add_argument("--notes", type=int, default=500, help="of a piece and of a passage (default: 500)")
    options.add_argument("--temperature", type=float, default=1.0, help="default: 1, the model's own")
    options.add_argument("--top-p", type=float, default=1.0, help="default: 1, all")
    options.add_argument("--min-p", type=float, default=0.0, help="default: 0, all")
    options.add_argument("--plot", type=Path, metavar="FILE", help="also draw three of each: FILE-piece-0.svg, …")
    args = options.parse_args()
    bundle, corpus = open_bundle(args.model), open_corpus(args.corpus)
    seeds = [(seed, 0) for seed in range(args.pieces)]
    sampling = Sampling(temperature=args.temperature, top_p=args.top_p, min_p=args.min_p)
    pieces = write_pieces(open_engine(bundle), Length(notes=args.notes), seeds, sampling=sampling).scores
    real = passages(corpus, args.split, bundle.codec, args.notes)
    if args.plot:
        draw(pieces[:SEEN], "piece", args.plot)
        draw(real[:: len(real) // SEEN][:SEEN], "real", args.plot)
    written = _measured(pieces)
    save(args, [{"seed": i, **{n: v[i].item() for n, v in written.items()}} for i in range(len(pieces))], name="pieces")
    save(args, compared(written, _measured(real)))


def compared(written: dict[str, np.ndarray], real: dict[str, np.ndarray]) -> list[dict[str, Value]]:
    """A row for each measure; one for the pieces inside in those that judge a model, and one in all of them."""
    rows: list[dict[str, Value]] = []
    insides: dict[str, np.ndarray] = {}
    for name, values in written.items():
        low, high = np.quantile(real[name], RANGE)
        if name == "longest_repeat":
            low, high = 1, MOST_REPEATS
        insides[name] = inside = (values >= low) & (values <= high)
        rows.append(
            {
                "measure": f"{MEASURES[name].title} ({MEASURES[name].unit})",
                "from": float(low),
                "to": float(high),
                "real median": float(np.median(real[name])),
                "median": float(np.median(values)),
                **_inside(inside),
            }
        )
    for title, names in ((f"the first {len(JUDGES)}", JUDGES), ("all", SHOWN)):
        both = np.all([insides[name] for name in names], axis=0)
        rows.append({"measure": title, "from": "", "to": "", "real median": "", "median": "", **_inside(both)})
    return rows


def _inside(inside: np.ndarray) -> dict[str, Value]:
    outside = "all" if not inside.any() else " ".join(map(str, np.flatnonzero(~inside))) or "none"
    return {"inside": int(inside.sum()), "of": len(inside), "seeds outside": outside}


def passages(corpus: Corpus, split: str, codec: NoteCodec, notes: int) -> list[Score]:
    """Runs of so many notes of every piece, on the codec's grid."""
    return [
        codec.decode(_begun(rows[i : i + notes], codec))
        for rows in music.pieces(codec, corpus, split)
        for i in range(0, len(rows) - notes + 1, notes)
    ]


def _begun(rows: np.ndarray, codec: NoteCodec) -> np.ndarray:
    """A passage whose first note stands at 0."""
    rows = rows.copy()
    rows[0, codec.column["step"]] = 0
    return rows


def _measured(scores: Sequence[Score]) -> dict[str, np.ndarray]:
    return {name: np.array([MEASURES[name](score) for score in scores]) for name in SHOWN}


def draw(music: Sequence[Score], what: str, path: Path) -> None:
    """A piano roll of each."""
    from antiphon import pictures

    for i, score in enumerate(music):
        pictures.draw(score, path.with_name(f"{path.stem}-{what}-{i}{path.suffix}"), title=f"{what} {i}")


if __name__ == "__main__":
    main()
