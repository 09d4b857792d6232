"""``antiphon fetch``: a named source of music, downloaded and checked."""

import argparse
from pathlib import Path

from antiphon.cli.output import emit

EXAMPLE = "antiphon fetch maestro-v3.0.0"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a source that `antiphon corpora` lists")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR",
        help="where to put it; by default where `antiphon prepare NAME` finds it",
    )  # fmt: skip
    parser.add_argument(
        "--from", dest="copy", type=Path, metavar="FILE", help="a copy on disk, to be checked and put there instead"
    )


def run(args: argparse.Namespace) -> None:
    from antiphon.cli.progress import counter
    from antiphon.corpus.fetch import fetch, install
    from antiphon.corpus.sources import find_source

    source = find_source(args.name)
    if args.copy:
        path = install(source, args.copy, args.output)
    else:
        with counter(f"fetching {source.name}", unit="bytes") as progress:
            path = fetch(source, args.output, progress=progress)
    result = {"name": source.name, "path": str(path), "bytes": source.bytes, "sha256": source.sha256,
              "licence": source.licence, "citation": source.citation}  # fmt: skip
    emit(args, result, f"{path}: {source.title}\nlicence {source.licence}; please cite: {source.citation}")
