"""``antiphon pack``: a corpus as one small file."""

import argparse
from pathlib import Path

from antiphon.cli.output import emit

EXAMPLE = "antiphon pack corpora/maestro -o maestro.corpus"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", type=Path, metavar="CORPUS", help="a folder that `prepare` wrote")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the file, for train's --corpus"
    )


def run(args: argparse.Namespace) -> None:
    from antiphon.corpus.pack import pack
    from antiphon.corpus.store import open_corpus

    corpus = open_corpus(args.corpus)
    pack(corpus, args.output)
    size, notes = args.output.stat().st_size, corpus.manifest["totals"]["notes"]
    result = {"file": str(args.output), "bytes": size, "notes": notes}
    emit(args, result, f"{args.output}: {notes:,} notes, {size / 1e6:.1f} MB")
