"""Writes the tables of the documents again from the CSVs in results/, each between its markers.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``, where NAME is that of a CSV; the text around is
written by hand. ``--check`` writes nothing and fails where a table is not what its CSV says.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys

from record import RESULTS, ROOT, table

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
MARKED = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Write or check the pages."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="write nothing; status 1 if a page would change")
    args = options.parse_args()
    before = {page: page.read_text(encoding="utf-8") for page in PAGES}
    after = {page: MARKED.sub(_filled, text) for page, text in before.items()}
    placed = {found["name"] for text in before.values() for found in MARKED.finditer(text)}
    unused = {path.stem for path in RESULTS.glob("*.csv")} - placed
    if unused:
        print(f"no page has a place for {', '.join(sorted(unused))}", file=sys.stderr)
    if args.check:
        sys.exit(before != after or bool(unused))
    for page, text in after.items():
        page.write_text(text, encoding="utf-8")


def _filled(found: re.Match[str]) -> str:
    return found[1] + block(found["name"]) + found[3]


def block(name: str) -> str:
    """The command, the table, and the machine with all else that a CSV says; one line where there is no such CSV."""
    path = RESULTS / f"{name}.csv"
    if not path.exists():
        return "\nNot measured yet.\n\n"
    lines = path.read_text(encoding="utf-8").splitlines()
    about = [line[2:].split(": ", 1) for line in lines if line.startswith("# ")]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    command = next(value for key, value in about if key == "command")
    origin = ". ".join(value.rstrip(".") for key, value in about if key != "command")
    return f"\n```\n{command}\n```\n\n{table(rows)}\n\n*{origin}.*\n\n"


if __name__ == "__main__":
    main()
