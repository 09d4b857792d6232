"""How much a call helps: nats a note of real answers given their own call, another passage's, or none.

The passages are those that the model was trained for: consecutive phrases, or the highest part of a piece and the
others. If its own call helps no more than another's, the model does not listen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.corpus.store import Corpus, open_corpus
from antiphon.corpus.windows import Arrays
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Calling
from antiphon.errors import ModelError
from antiphon.evaluate.answers import answer_likelihood
from antiphon.evaluate.otherwise import passages
from record import Value, parser, save


def main() -> None:
    """Measure every model named, print the table, write the CSV."""
    options = parser(__doc__ or "", "benchmarks/answers.py runs/seq2seq --corpus corpora/maestro --passages 500")
    options.add_argument("models", nargs="+", help="models that answer, by name or folder")
    options.add_argument("--corpus", type=Path, required=True, help="what `antiphon prepare` wrote")
    options.add_argument("--split", default="validation")
    options.add_argument("--passages", type=int, default=1000, help="at most so many, evenly spread")
    args = options.parse_args()
    corpus = open_corpus(args.corpus)
    rows = [row for name in args.models for row in _rows(name, corpus, args.split, args.passages)]
    save(args, rows)


def _rows(name: str, corpus: Corpus, split: str, most: int) -> list[dict[str, Value]]:
    bundle = open_bundle(name)
    engine = open_engine(bundle)
    if not isinstance(engine, Calling):
        raise ModelError("this model answers no calls; choose one of the family seq2seq")
    batches = passages(engine, corpus, corpus.split(split), most)
    found = []
    for call, heard in calls(engine.codec, batches).items():
        likelihood = answer_likelihood(engine, heard)
        nats = likelihood.nats.sum(0) / likelihood.notes.sum()
        by_attribute = {name: round(float(n), 3) for name, n in zip(likelihood.attributes, nats, strict=True)}
        whole = round(float(nats.sum()), 3)
        count = {"passages": len(likelihood.notes), "notes": int(likelihood.notes.sum())}
        found.append(
            {"model": bundle.name, "split": split, "call": call, **count, "nats a note": whole, **by_attribute}
        )
    return found


def calls(codec: NoteCodec, batches: list[Arrays]) -> dict[str, list[Arrays]]:
    """The batches with their own calls, with those of passages far away, and with none."""
    own = np.concatenate([batch.call for batch in batches if batch.call is not None])
    edges = np.cumsum([len(batch.weight) for batch in batches])[:-1]
    other = np.split(np.roll(own, len(own) // 2, 0), edges)
    none = np.split(np.broadcast_to(codec.start_row, own.shape), edges)
    changed = {"another's": other, "none": none}
    return {
        "its own": batches,
        **{name: [b._replace(call=c) for b, c in zip(batches, new, strict=True)] for name, new in changed.items()},
    }


if __name__ == "__main__":
    main()
