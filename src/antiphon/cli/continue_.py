"""``antiphon continue``: a piece, and how a model goes on from it."""

import argparse

from antiphon.cli.writing import SOURCE, add_files, add_options, write

EXAMPLE = """antiphon continue song.mid --to 20s --seconds 30 -o longer.mid
  antiphon continue '96bpm C4 E4 G4:2 A4 G4:3' --seconds 15 -o longer.wav"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="MUSIC", help=SOURCE)
    add_files(parser)
    add_options(
        parser,
        ("prompt", "length", "wishes", "sampling", "filling", "pitch", "time", "search", "guard", "output"),
        without=("continue",),
    )


def run(args: argparse.Namespace) -> None:
    write(args, "continue", args.file)
