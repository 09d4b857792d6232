"""``antiphon corpora``: the named sources of music."""

import argparse

from antiphon.cli.output import emit

EXAMPLE = "antiphon corpora"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = "List the named sources of music: licence, size of the download, and whether it is here."


def run(args: argparse.Namespace) -> None:
    from antiphon.corpus.sources import SOURCES, local

    rows = [
        {
            "name": source.name, "title": source.title, "licence": source.licence, "licence_url": source.licence_url,
            "bytes": source.bytes, "url": source.url, "citation": source.citation,
            "path": str(local(source) or "") or None,
        }
        for source in SOURCES.values()
    ]  # fmt: skip
    lines = [
        f"{row['name']:<15} {row['licence']:<16} {int(row['bytes'] or 0) / 1e6:5.1f} MB  "
        f"{'here' if row['path'] else '-':<5} {row['title']}"
        for row in rows
    ]
    emit(args, {"corpora": rows}, "\n".join([f"{'name':<15} {'licence':<16} {'size':>8}  {'here':<5} what", *lines]))
