"""``antiphon prepare``: files of music as a corpus."""

import argparse
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from antiphon.cli.output import emit
from antiphon.errors import missing_extra

EXAMPLE = "antiphon prepare my-midi -o corpora/mine"
SHOWN = 5  # unreadable files named on the screen


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources", nargs="+", metavar="SOURCE",
        help="folders, MIDI files, archives (.zip .tar .tar.xz), or names that are fetched",
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="CORPUS", help="the folder to make")
    parser.add_argument(
        "--split-csv", type=Path, metavar="CSV",
        help="a table with the files' names and splits, such as MAESTRO's; by default a source's own, or else by title",
    )  # fmt: skip
    parser.add_argument(
        "--licence", action="append", default=[], metavar="NAME",
        help="of your own music, for the record: CC0-1.0; with several sources once for all, or once for each",
    )  # fmt: skip
    parser.add_argument(
        "--url", action="append", default=[], metavar="URL",
        help="where your own music is from, for the record; likewise",
    )  # fmt: skip
    parser.add_argument("--no-pedal", action="store_true", help="notes as the keys were held, without the pedal")
    parser.add_argument(
        "--instruments", type=_families, default=(), metavar="FAMILY,…",
        help="only the notes of these families of General MIDI, such as piano or piano,organ; by default all",
    )  # fmt: skip
    parser.add_argument("--workers", type=_workers, metavar="N", help="processes that read; by default one a processor")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the split by title; default 0")


def run(args: argparse.Namespace) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise missing_extra("pyarrow", "corpus", "preparing a corpus")
    from antiphon.cli.progress import counter
    from antiphon.corpus.prepare import prepare

    with counter("reading") as progress:
        corpus = prepare(
            args.sources, args.output, split_csv=args.split_csv, pedal=not args.no_pedal,
            instruments=args.instruments, workers=args.workers, seed=args.seed, licence=args.licence, url=args.url,
            progress=progress,
        )  # fmt: skip
    about = corpus.manifest
    emit(args, {"corpus": str(args.output), **about}, _text(args.output, about))


def _families(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _workers(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 1024:
        raise argparse.ArgumentTypeError(f"{count} is outside 1 to 1024")
    return count


def _text(path: Path, about: Mapping[str, Any]) -> str:
    """The corpus in a few lines: what is in it, and what is not and why."""
    lines = [f"{path}: {_amount(about['totals'])}"]
    lines += [f"  {name}: {_amount(split)}" for name, split in about["splits"].items()]
    missing = {"duplicates": "dropped as copies", "left_out": "not in the table", "quarantined": "unreadable"}
    for key, what in missing.items():
        if about[key]:
            lines.append(f"  {what}: {len(about[key]):,} (see manifest.json)")
    return "\n".join(lines + [f"    {one['name']}: {one['why']}" for one in about["quarantined"][:SHOWN]])


def _amount(counts: Mapping[str, Any]) -> str:
    pieces = "piece" if counts["pieces"] == 1 else "pieces"
    return f"{counts['pieces']:,} {pieces}, {counts['notes']:,} notes, {counts['hours']:.1f} h"
