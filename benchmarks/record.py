"""What every benchmark shares: a table on stdout, and the same as CSV in results/ with what it took to make it.

The first lines of a CSV begin with ``#``: the command, the machine, the versions, the date, and what else a reader
must know.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeAlias

from antiphon.files.paths import written

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results"
PACKAGES = ("antiphon", "numpy", "onnxruntime", "torch", "pretty_midi", "mido", "symusic")
UNITS = {"avx512f": "AVX-512", "avx512_vnni": "VNNI", "amx_bf16": "AMX"}  # of x86 processors, as Linux calls them
Value: TypeAlias = str | int | float


def parser(doc: str, example: str) -> argparse.ArgumentParser:
    """A benchmark's options, with those that all share; ``doc`` is the script's docstring."""
    made = argparse.ArgumentParser(
        description=doc, epilog=f"Example: {example}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--note", action="append", default=[], help="what a reader must know of this run; repeatable")
    made.add_argument("--csv", type=Path, help="where the numbers go (default: benchmarks/results/SCRIPT.csv)")
    return made


def save(
    args: argparse.Namespace, rows: Sequence[Mapping[str, Value]], packages: Sequence[str] = PACKAGES, name: str = ""
) -> None:
    """Print the rows and write them with their origin; ``name`` tells several tables of one script apart."""
    script = Path(sys.argv[0]).stem
    path = args.csv or RESULTS / f"{script}.csv"
    if name:
        path = path.with_name(f"{path.stem}-{name}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        for key, value in origin(args.note, packages):
            file.write(f"# {key}: {value}\n")
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: shown(v) for k, v in row.items()} for row in rows)
    print(table([{k: shown(v) for k, v in row.items()} for row in rows]), end="\n\n")
    print(f"written to {path}", file=sys.stderr)


def origin(notes: Sequence[str], packages: Sequence[str]) -> list[tuple[str, str]]:
    """The command, the machine, the versions and the date; folders outside this one lose all but their last name."""
    words = ["python", f"benchmarks/{Path(sys.argv[0]).name}", *map(_place, _without_notes(sys.argv[1:]))]
    return [
        ("command", shlex.join(words)),
        ("machine", f"{cpu()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"),
        ("versions", ", ".join(f"{p} {v}" for p in packages if (v := _version(p)))),
        ("date", date.today().isoformat()),
        *(("note", note) for note in notes),
    ]


def shown(value: Value) -> str:
    """A number with four significant digits, but none lost before the point."""
    if not isinstance(value, float):
        return str(value)
    digits = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:.{max(4 - digits, 0)}f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a Markdown table; columns of numbers lean right."""
    names = list(rows[0])
    cells = [names, *([row[name] for name in names] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    right = [all(_is_number(row[name]) for row in rows) for name in names]
    rule = ["-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, right, strict=True)]
    lines = [
        " | ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        for row in [names, rule, *cells[1:]]
    ]
    return "\n".join(f"| {line} |" for line in lines)


def cpu() -> str:
    """The processor's name, with its vector and matrix units where the system tells."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    flags = named.get("flags", "").split()
    units = [unit for flag, unit in UNITS.items() if flag in flags]
    return " ".join([named.get("model name", platform.machine()), *([f"({', '.join(units)})"] if units else [])])


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "", 1).lstrip("-").replace("e-", "", 1).isdigit() or cell in ("", "–")


def _without_notes(words: Sequence[str]) -> list[str]:
    """The command line without what says nothing about how to repeat it."""
    kept, skip = [], False
    for word in words:
        if not skip and word not in ("--note", "--csv"):
            kept.append(word)
        skip = word in ("--note", "--csv")
    return kept


def _place(word: str) -> str:
    key, equals, path = word.rpartition("=")
    return key + equals + (Path(path).name if Path(path).is_absolute() else path)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
