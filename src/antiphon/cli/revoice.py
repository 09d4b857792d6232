"""``antiphon revoice``: other pitches below the top line of a piece."""

import argparse

from antiphon.cli.harmonise import WITHOUT
from antiphon.cli.writing import PASSAGE, SOURCE, add_files, add_options, write

EXAMPLE = """antiphon revoice song.mid --model diffusion -o revoiced.wav
  antiphon revoice song.mid --key 'D minor' --range C2..C5 -n 3 --model diffusion -o revoiced.mid"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="MUSIC", help=SOURCE)
    add_files(parser, "none: give one of the family diffusion")
    add_options(
        parser, ("edit", "prompt", "sampling", "filling", "pitch", "time", "output"),
        without=(*WITHOUT, "gap", "voices", "every", "velocity", "min-duration", "max-duration", "instrument", "parts"),
        helps=PASSAGE,
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    write(args, "revoice", args.file)
