"""Puts a trained model among those that ship, under its own name, with a card that says how to train it again.

.venv/bin/python tools/ship.py runs/piano piano
.venv/bin/python tools/ship.py runs/families/gru gru --package families
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

import onnx

from antiphon.corpus.store import open_corpus
from antiphon.engine import open_engine
from antiphon.engine.bundle import CARD, META, WEIGHTS, open_bundle, read_meta, size, write_bundle
from antiphon.errors import AntiphonError, ModelError, unknown
from antiphon.evaluate.likelihood import corpus_likelihood
from antiphon.training.card import card
from antiphon.training.halve import halve
from antiphon.training.share import share

ROOT = Path(__file__).parent.parent
BASE = "antiphon"
PLACES = {BASE: ROOT / "src" / "antiphon" / "pretrained"} | {
    path.name.removeprefix("antiphon-"): path / "src" / path.name.replace("-", "_")
    for path in sorted((ROOT / "packages").glob("antiphon-*"))
}
LICENCES = "LICENSE-weights.md"
UNKNOWN = "not stated"
HEAD = """# Licence of the weights

Written by `tools/ship.py`. Each model's folder has a `card.md` that says what it was trained on and how.

| model | licence of the weights | trained on |
|---|---|---|
"""


def main() -> None:
    """Copy the bundle: weights byte for byte, graphs number for number."""
    args = _arguments()
    try:
        _ship(args)
    except AntiphonError as error:
        raise SystemExit(f"ship.py: {error}") from error


def _ship(args: argparse.Namespace) -> None:
    if args.package not in PLACES:
        raise ModelError(unknown("package", args.package, PLACES))
    bundle, target = open_bundle(args.model), PLACES[args.package] / args.name
    meta = {key: value for key, value in bundle.meta.items() if key not in ("format", "name", "files")}
    meta |= _licensed(meta, args.licence)
    if args.began:
        meta["recipe"] = {**meta["recipe"], "start_from": args.began}
    if args.corpus:
        corpus = open_corpus(args.corpus)
        found = corpus_likelihood(open_engine(bundle), corpus, corpus.split("validation"))
        meta["measured"] = {**meta["measured"], "validation": found.report()}

    def make(folder: Path) -> None:
        for name in set(bundle.meta["files"]) - {CARD}:
            _copy(bundle.path / name, folder / name)
        (folder / CARD).write_text(card(args.name, meta), encoding="utf-8")

    weights = args.weights or ("needed" if args.package == BASE else "left-out")
    write_bundle(target, meta, make, needed=weights == "needed")
    if weights == "left-out":
        (target / WEIGHTS).unlink()
    print(f"{target}: {size(target, read_meta(target)) / 1e6:.1f} MB")
    if args.package != BASE:
        _list_licences(target.parent)


def _copy(source: Path, target: Path) -> None:
    """A file of a bundle; a graph in its smallest form, which may be smaller than when it was exported."""
    if source.suffix == ".onnx":
        onnx.save(halve(share(onnx.load(source))), target)
    else:
        shutil.copyfile(source, target)


def _licensed(meta: dict[str, Any], licence: str | None) -> dict[str, Any]:
    """What a bundle says of licences, with ``licence`` where the corpus stated none; nothing ships without one."""
    sources = [
        {**source, "licence": licence} if licence and source["licence"] == UNKNOWN else source
        for source in meta["data"]["sources"]
    ]
    names = sorted({source["licence"] for source in sources})
    if UNKNOWN in names:
        silent = ", ".join(source["name"] for source in sources if source["licence"] == UNKNOWN)
        raise ModelError(f"the licence of {silent} is not stated, and the weights take theirs from it: say --licence")
    return {"data": {**meta["data"], "sources": sources}, "licence": {**meta["licence"], "name": " and ".join(names)}}


def _list_licences(folder: Path) -> None:
    """Write the licences of all models in a package into one file, and say how much they weigh."""
    metas = {path.parent.name: read_meta(path.parent) for path in sorted(folder.glob(f"*/{META}"))}
    rows = [
        f"| {name} | {meta['licence']['name']} | {', '.join(source['name'] for source in meta['data']['sources'])} |\n"
        for name, meta in metas.items()
    ]
    sources = {source["name"]: source for meta in metas.values() for source in meta["data"]["sources"]}
    cited = [
        f"- {name}: " + ", ".join(source[key] for key in ("citation", "url", "licence_url") if source.get(key)) + "\n"
        for name, source in sorted(sources.items())
        if source.get("citation") or source.get("url")
    ]
    (folder / LICENCES).write_text(HEAD + "".join(rows) + "\n" + "".join(cited), encoding="utf-8")
    total = sum(size(folder / name, meta) for name, meta in metas.items())
    print(f"{folder}: {total / 1e6:.1f} MB, {', '.join(metas)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a model's folder")
    parser.add_argument("name", help="what it shall be called")
    parser.add_argument("--package", default=BASE, help=f"where it ships: {', '.join(PLACES)} (default: {BASE})")
    parser.add_argument(
        "--weights", choices=("needed", "optional", "left-out"),
        help="in every copy; in the repository only, where pyproject.toml excludes them from the wheel; or nowhere "
        "(default: needed in antiphon, left out of other packages)",
    )  # fmt: skip
    parser.add_argument("--licence", help="of the music, where its corpus stated none: CC0-1.0")
    parser.add_argument("--from", dest="began", help="the run it began from, where that one's name has changed")
    parser.add_argument("--corpus", type=Path, help="measure its validation split again, for the card: minutes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
