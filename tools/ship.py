"""Puts a trained model among those that ship, under its own name, with a card that says how to train it again.

.venv/bin/python tools/ship.py runs/lstm-ends lstm-piano --from runs/lstm-settle
"""

import argparse
import shutil
from pathlib import Path

from antiphon.corpus.store import open_corpus
from antiphon.engine import open_engine
from antiphon.engine.bundle import CARD, open_bundle, write_bundle
from antiphon.evaluate.likelihood import corpus_likelihood
from antiphon.training.card import card

PRETRAINED = Path(__file__).parent.parent / "src" / "antiphon" / "pretrained"


def main() -> None:
    """Copy the bundle; its weights and graphs stay byte for byte."""
    args = _arguments()
    bundle = open_bundle(args.model)
    meta = {key: value for key, value in bundle.meta.items() if key not in ("format", "name", "files")}
    if args.began:
        meta["recipe"] = {**meta["recipe"], "start_from": args.began}

    if args.corpus:
        corpus = open_corpus(args.corpus)
        found = corpus_likelihood(open_engine(bundle), corpus, corpus.split("validation"))
        meta["measured"] = {**meta["measured"], "validation": found.report()}

    def make(folder: Path) -> None:
        for name in set(bundle.meta["files"]) - {CARD}:
            shutil.copyfile(bundle.path / name, folder / name)
        (folder / CARD).write_text(card(args.name, meta), encoding="utf-8")

    write_bundle(PRETRAINED / args.name, meta, make)
    megabytes = sum(path.stat().st_size for path in (PRETRAINED / args.name).iterdir()) / 1e6
    print(f"{PRETRAINED / args.name}: {megabytes:.1f} MB")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a model's folder")
    parser.add_argument("name", help="what it shall be called")
    parser.add_argument("--from", dest="began", help="the run it began from, where that one's name has changed")
    parser.add_argument("--corpus", type=Path, help="measure its validation split again, for the card: minutes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
