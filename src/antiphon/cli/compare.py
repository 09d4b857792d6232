"""``antiphon compare``: models and folders of MIDI files in one table, and a page to look at."""

import argparse
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from antiphon.cli.output import emit, resumable, say
from antiphon.cli.progress import on_screen, progress

EXAMPLE = "antiphon compare piano their-midi/ --corpus corpora/maestro -o report"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "contestants", nargs="+", metavar="MODEL", help="a model's name or folder, or a folder of MIDI files"
    )
    parser.add_argument("--corpus", type=Path, required=True, metavar="CORPUS", help="a folder that `prepare` wrote")
    parser.add_argument("--split", default="validation", metavar="NAME", help="the real music (default: validation)")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER",
        help="where the page, index.html, and the numbers go: results.json, results.csv, leaderboard.md",
    )  # fmt: skip
    parser.add_argument(
        "--pieces", type=int, default=0, metavar="N", help="measure likelihood on N pieces only (default: all)"
    )
    parser.add_argument("--samples", type=int, default=64, metavar="N", help="pieces each model writes (default: 64)")
    parser.add_argument("--notes", type=int, default=500, metavar="N", help="notes of a sample (default: 500)")
    parser.add_argument("--each", type=int, default=2, metavar="N", help="samples of every real piece (default: 2)")
    parser.add_argument(
        "--clips", type=int, default=2, metavar="N", help="samples of each to hear on the page (default: 2; 0: none)"
    )
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="results.json of an earlier comparison: print what changed"
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="FOLDER",
        help="where training runs keep their logs, for their curves (default: runs)",
    )  # fmt: skip
    parser.add_argument("--fresh", action="store_true", help="measure everything again, whatever is known already")


def run(args: argparse.Namespace) -> None:
    from antiphon.corpus.store import open_corpus
    from antiphon.errors import OptionError
    from antiphon.evaluate import results as tables
    from antiphon.evaluate.cache import Cache
    from antiphon.evaluate.comparison import Comparison, Study, cache_folder
    from antiphon.evaluate.contestants import open_contestants
    from antiphon.evaluate.report import Page

    if not 0 <= args.clips <= 20:
        raise OptionError(f"--clips {args.clips} is out of range: 0 to 20")
    study = Study(split=args.split, pieces=args.pieces, samples=args.samples, notes=args.notes, each=args.each)
    before = tables.read(args.against) if args.against else None
    folder = _folder(args.output)
    cache = Cache(cache_folder(), args.fresh)
    comparison = Comparison(open_contestants(args.contestants), open_corpus(args.corpus), study, cache)
    page = Page(comparison, args.clips, args.runs)
    with resumable():
        for title, work in chain(comparison.steps(), page.steps()):
            with _step(title) as show:
                work(show)
        with _step("writing the page"):
            found = {**tables.origin(_command(args)), **comparison.results()}
            tables.write(found, folder)
            page.write(found, folder)
    changed = None if before is None else tables.changes(before, found)
    if before is not None and not tables.comparable(before, found):
        say(f"{args.against} measured other music, or measured it otherwise: what changed is not the models' alone")
    result = {"report": str(folder / "index.html"), **found, **({} if changed is None else {"changes": changed})}
    emit(args, result, _text(result))


@contextmanager
def _step(title: str) -> Iterator[Callable[[float], None]]:
    """Progress of a step; where no bar can be drawn, a line that says what begins."""
    if not on_screen():
        say(f"{title} …")
    with progress(title) as show:
        yield show


def _command(args: argparse.Namespace) -> str:
    """What makes this report again."""
    words = ["antiphon", "compare", *args.contestants, "--corpus", args.corpus, "-o", args.output]
    usually = {
        "split": "validation",
        "pieces": 0,
        "samples": 64,
        "notes": 500,
        "each": 2,
        "clips": 2,
        "runs": Path("runs"),
    }
    for name, usual in usually.items():
        if (value := getattr(args, name)) != usual:
            words += [f"--{name}", value]
    return shlex.join(map(str, words))


def _folder(path: Path) -> Path:
    """The report's folder, made if it is not there; an error now rather than after the work."""
    from antiphon.errors import FileError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {path}: {error.strerror}; give another one with -o") from error
    return path


def _text(result: dict[str, Any]) -> str:
    from antiphon.evaluate.results import leaderboard, otherwise, remarks

    others = [
        f"{name}: {nats} nats a {unit} ({of})" if unit else f"{name}: {of}"
        for name, nats, unit, of in otherwise(result)
    ]
    said = [f"{names}: {sentence}" for names, sentence in remarks(result)]
    changed = [_changed(result["changes"])] if "changes" in result else []
    blocks = [_table(leaderboard(result)), "\n".join(others), "\n".join(said), *changed, f"page: {result['report']}"]
    return "\n\n".join(filter(None, blocks))


def _table(rows: list[list[str]]) -> str:
    """Rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _changed(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "nothing changed"
    lines = []
    for row in rows:
        if row["change"] != "changed":
            lines.append(f"{row['contestant']}: {row['change']}")
            continue
        verdict = {True: "better", False: "worse", None: "different"}[row["better"]]
        sure = {True: "", False: ", within the interval", None: ""}[row["clear"]]
        lines.append(f"{row['contestant']}: {row['key']} {row['before']:.4g} → {row['after']:.4g} ({verdict}{sure})")
    return "\n".join(lines)
