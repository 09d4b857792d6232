"""How large the index of copies is, how long it takes to build and how fast it answers.

The training split is indexed as ``antiphon compare`` does it, and again as often as it takes to hold ``--notes`` notes:
each time in another order of intervals, so that the repetitions are no copies of one another. Questions are passages of
500 notes of the held-out split: the longest match from every one of their notes. "watched" is one pitch of a piece that
is being written, as ``antiphon generate --avoid-copies`` asks for it before every note.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from antiphon.corpus.store import Corpus, open_corpus
from antiphon.evaluate.copy_watch import CopyWatch, Passages
from antiphon.evaluate.memorisation import CopyIndex, make_index, symbols
from antiphon.evaluate.samples import real
from antiphon.notes import DRUMS, Score
from record import Value, parser, save

PASSAGE = 500  # notes of a question
AVOIDED = 16  # notes in a row that the watch does not let pass


def main() -> None:
    """A row for the training split as it is, and one for so many notes."""
    options = parser(__doc__ or "", "python benchmarks/copies.py --corpus corpora/maestro")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--notes", type=int, default=10_000_000, help="of the larger index (default: 10,000,000)")
    options.add_argument("--questions", type=int, default=100, help="passages that are looked up (default: 100)")
    args = options.parse_args()
    corpus = open_corpus(args.corpus)
    texts = [_symbols(corpus, piece.first, piece.count) for piece in corpus.split("train")]
    asked = real(corpus, corpus.split("validation"), PASSAGE, each=1).scores[: args.questions]
    rows = [_row("the training split", texts, asked), _row("repeated", _repeated(texts, args.notes), asked)]
    save(args, rows, ("antiphon", "numpy"))


def _symbols(corpus: Corpus, first: int, count: int) -> np.ndarray:
    columns, part = corpus.columns(), slice(first, first + count)
    pitched = columns["program"][part] != DRUMS
    return np.append(symbols(columns["onset_ms"][part][pitched], columns["pitch"][part][pitched]), 0)


def _repeated(texts: Sequence[np.ndarray], notes: int) -> list[np.ndarray]:
    """The pieces, then the pieces again with their intervals exchanged for others, until there are enough notes."""
    rng, found, count = np.random.default_rng(0), list(texts), sum(map(len, texts))
    while count < notes:
        exchange = np.concatenate([[0], rng.permutation(np.arange(1, 1024))]).astype(np.uint16)
        for text in texts:
            if count >= notes:
                break
            found.append(exchange[text])
            count += len(text)
    return found


def _row(name: str, texts: Sequence[np.ndarray], asked: Sequence[Score]) -> dict[str, Value]:
    began = time.process_time()
    index = make_index(texts, [str(i) for i in range(len(texts))])
    built_s = time.process_time() - began
    answers_ms = [_timed_ms(index, score) for score in asked]
    suffixes = index.suffixes
    watched = CopyWatch(Passages(index), AVOIDED)
    return {
        "index of": name,
        "notes": index.notes,
        "MB": (suffixes.text.nbytes + suffixes.order.nbytes + index.starts.nbytes) / 1e6,
        "built, s": built_s,
        f"{PASSAGE} notes, ms": float(np.median(answers_ms)),
        "slowest, ms": max(answers_ms),
        "watched, ms a note": _watched_ms(watched, asked[0]),
    }


def _timed_ms(index: CopyIndex, score: Score) -> float:
    began = time.process_time()
    index.copied(score)
    return (time.process_time() - began) * 1e3


def _watched_ms(watch: CopyWatch, score: Score) -> float:
    """Milliseconds of processor time for each note of a piece that is watched."""
    cells = np.rint(score.onset_s * 100).astype(int)
    steps = np.diff(cells, prepend=cells[0]).tolist()
    began = time.process_time()
    for step, pitch in zip(steps, score.notes["pitch"].tolist(), strict=True):
        watch.banned(step)
        watch.hear(step, pitch)
    return (time.process_time() - began) * 1e3 / len(score)


if __name__ == "__main__":
    main()
