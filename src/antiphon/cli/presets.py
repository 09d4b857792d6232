"""``antiphon presets``: named sets of options, those that come along and your own."""

import argparse
from typing import Any

from antiphon.cli.output import emit

EXAMPLE = "antiphon presets && antiphon generate --preset nocturne -o piece.wav"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="only this one")


def run(args: argparse.Namespace) -> None:
    from antiphon.generate.presets import own_file, preset, presets

    chosen = presets().values() if args.name is None else [preset(args.name)]
    rows: list[dict[str, Any]] = [
        {"name": p.name, "about": p.about, "options": dict(p.options), "own": p.own} for p in chosen
    ]
    own = str(own_file())
    text = "\n".join(
        f"{r['name']}{' (yours)' if r['own'] else ''}: {r['about']}\n  {_line(r['options'])}" for r in rows
    )
    emit(args, {"presets": rows, "own_file": own}, f"{text}\nYour own go into {own}.")


def _line(options: dict[str, Any]) -> str:
    """The options as they would be typed."""
    words = []
    for name, value in options.items():
        shown = f"'{value}'" if " " in str(value) else str(value)
        words.append(f"--{name}" if value is True else f"--{name} {shown}")
    return " ".join(words)
