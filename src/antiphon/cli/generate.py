"""``antiphon generate``: new music from a model."""

import argparse

from antiphon.cli.writing import SOURCE, add_files, add_options, write

EXAMPLE = """antiphon generate --seconds 60 --seed 1 -o piece.mid -o piece.wav -o piece.svg
  antiphon generate --key 'D minor' --tempo 96 --grid 1/16 --bars 16 --ending tonic -o piece.wav
  antiphon generate --prompt 'C4 E4 G4:2 r A4' --continue --temperature pitch=0.9 -o piece.wav"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_files(parser)
    parser.add_argument("--prompt", metavar="MUSIC", help=f"music for the model to continue: {SOURCE}")
    add_options(
        parser,
        ("length", "prompt", "wishes", "sampling", "filling", "pitch", "time", "search", "guard", "output"),
        without=("gap",),
    )


def run(args: argparse.Namespace) -> None:
    write(args, "generate", args.prompt)
