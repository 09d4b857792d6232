"""What a wish does to the music, by how much it is heeded, and what it is worth on real music.

A row is ``antiphon generate --notes N --WISH --heed X``, means over pieces of the same seeds. *Nats a note* is how
unlikely the model that was told nothing finds what was written; *gain* is by how much likelier the model is to write it
when it is told the wish. The last rows say what real held-out passages gain by being told what is true of them, so how
much there was to learn from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from antiphon.cli.performing import performed
from antiphon.codec import milliseconds
from antiphon.conditions import LEVELS, NAMES
from antiphon.corpus.store import Corpus, open_corpus
from antiphon.engine import Bundle, asked, open_bundle, open_engine
from antiphon.evaluate.measures import MEASURES
from antiphon.generate.likely import log_probs
from antiphon.notes import Score
from record import Value, parser, save

WISHES = (
    ("density", "sparse"), ("density", "dense"), ("dynamics", "softest"), ("dynamics", "loudest"),
    ("register", "lowest"), ("register", "highest"), ("composer", "bach"),
)  # fmt: skip
HEEDS = (1.0, 4.0)
SHOWN = {"density": "notes/s", "velocity_mean": "velocity", "novelty": "novelty", "polyphony": "polyphony"}


def main() -> None:
    """A row without a wish, one for each wish and heed, one for each kind of wish on real music."""
    options = parser(__doc__ or "", "python benchmarks/wishes.py piano")
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--corpus", type=Path, default=Path("corpora/maestro"), help="(default: corpora/maestro)")
    options.add_argument("--pieces", type=int, default=16, help="of each row (default: 16)")
    options.add_argument("--notes", type=int, default=200, help="of a piece (default: 200)")
    options.add_argument("--passages", type=int, default=32, help="real ones, of 500 notes (default: 32)")
    args = options.parse_args()
    bundle = open_bundle(args.model)
    rows = [_row(bundle, {}, args.pieces, args.notes)]
    for name, word in WISHES:
        for heed in HEEDS:
            rows.append(_row(bundle, {name: word, "heed": heed}, args.pieces, args.notes))
            print(rows[-1], flush=True)
    rows += _real(bundle, open_corpus(args.corpus), args.passages)
    args.note.append(f"{args.pieces} pieces of {args.notes} notes, {args.passages} real passages of 500")
    save(args, rows, ("antiphon", "numpy", "onnxruntime"))


def _row(bundle: Bundle, wish: dict[str, Value], pieces: int, notes: int) -> dict[str, Value]:
    seeds = [(seed, 0) for seed in range(pieces)]
    works = performed(bundle, "generate", {**wish, "notes": notes}, seeds, None, lambda share: None)
    written = [piece.music for piece in works.pieces]
    told = {name: str(word) for name, word in wish.items() if name in NAMES}
    plain, gain = _likelihood(bundle, written, told)
    return {
        "wish": " ".join(f"--{name} {word}" for name, word in told.items()) or "(none)",
        "heed": wish.get("heed", ""),
        **{title: float(np.mean([MEASURES[name](score) for score in written])) for name, title in SHOWN.items()},
        "pitch": float(np.mean([score.notes["pitch"].mean() for score in written])),
        "nats a note": -plain,
        "gain": gain if told else "",
    }


def _real(bundle: Bundle, corpus: Corpus, count: int) -> list[dict[str, Value]]:
    """A row for each kind of wish: every passage is told the word that is true of it."""
    assert bundle.conditions is not None
    groups: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for score, composer in islice(_passages(corpus), count):
        codes = bundle.conditions.count(milliseconds(score)[0], score.notes["pitch"], score.notes["velocity"], composer)
        for name, code in zip(NAMES, codes.tolist(), strict=True):
            if code:
                groups[name, bundle.conditions.words[name][code - 1]].append(score)
    rows: list[dict[str, Value]] = []
    for name in (*LEVELS, "composer"):
        parts = [
            (_likelihood(bundle, of, {name: word}), len(of)) for (kind, word), of in groups.items() if kind == name
        ]
        plain, gain = np.average([found for found, _ in parts], axis=0, weights=[count for _, count in parts]).tolist()
        blank = dict.fromkeys(("heed", *SHOWN.values(), "pitch"), "")
        rows.append({"wish": f"real, told its {name}", **blank, "nats a note": -plain, "gain": gain})
    return rows


def _passages(corpus: Corpus) -> Iterator[tuple[Score, str]]:
    """500 notes from the middle of each held-out piece, and its composer."""
    for piece in corpus.split("validation"):
        score = corpus.score(piece)
        middle = len(score) // 2
        if middle > 500:
            place = np.arange(len(score)) - middle
            yield score.select((place >= 0) & (place < 500)), piece.composer


def _likelihood(bundle: Bundle, scores: Sequence[Score], told: dict[str, str]) -> tuple[float, float]:
    """Nats a note of the model told nothing, and how many more it gives when it is told ``told``."""
    engine = open_engine(bundle)
    rows = [engine.codec.encode(score).astype(np.int64) for score in scores]
    shortest = min(map(len, rows))
    stacked = np.stack([one[:shortest] for one in rows])
    plain = float(log_probs(engine, stacked).mean())
    return plain, float(log_probs(asked(engine, bundle, told), stacked).mean()) - plain if told else 0.0


if __name__ == "__main__":
    main()
