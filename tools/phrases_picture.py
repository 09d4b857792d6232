"""Draws phrases of a model of the family gan beside real ones: the first of a seed, and evenly spread ones of a split.

.venv/bin/python tools/phrases_picture.py models/gan --corpus corpora/lieder -o docs/pictures/gan.svg
"""

import argparse
from pathlib import Path

import numpy as np

from antiphon.charts.panels import panels
from antiphon.corpus.phrase_rolls import PhraseRolls, to_score
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_engine
from antiphon.engine.base import Drawing
from antiphon.evaluate.phrases import spread
from antiphon.pictures import save


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a model's name or folder")
    parser.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=3, help="phrases of each kind")
    parser.add_argument("-o", "--output", type=Path, required=True, help="by ending: .svg .png .pdf")
    args = parser.parse_args()
    engine, corpus = open_engine(args.model), open_corpus(args.corpus)
    if not isinstance(engine, Drawing):
        parser.error(f"{args.model} does not draw phrases: give a model of the family gan")
    layout = engine.layout
    drawn = engine.draw(np.random.default_rng(args.seed).standard_normal((args.count, engine.noise)))
    real = spread(PhraseRolls(corpus, corpus.split(args.split), layout), args.count + 2)[1:-1]
    rows = {
        f"drawn, the first of seed {args.seed}": [to_score(one[None], layout) for one in drawn],
        f"real, evenly spread over the {args.split} split": [to_score(one[None], layout) for one in real],
    }
    save(panels(rows, "phrases that a model drew, and real ones", layout.shape[0] // 4), args.output)
    print(args.output)


if __name__ == "__main__":
    main()
