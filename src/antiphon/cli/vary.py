"""``antiphon vary``: a piece with some of its notes drawn anew by a model."""

import argparse

from antiphon.cli.writing import PASSAGE, SOURCE, add_files, add_options, write

EXAMPLE = """antiphon vary song.mid --change pitch --amount 0.2 -o varied.wav
  antiphon vary song.mid --change step,velocity,duration --amount 1 -n 3 -o played-otherwise.mid"""
# A played-through piece has its own length, beat and chords; what would need others is not offered.
WITHOUT = (
    "transpose", "continue", "candidates", "gap", "voices", "every", "drone", "drone-every", "chords", "bars-per-chord",
    "passing", "grid", "swing", "notes-per-second", "min-step", "max-step",
)  # fmt: skip


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="MUSIC", help=SOURCE)
    add_files(parser)
    add_options(
        parser, ("edit", "prompt", "wishes", "sampling", "pitch", "time", "output"),
        without=(*WITHOUT, "max-polyphony", "render"), helps=PASSAGE,
    )  # fmt: skip
    parser.add_argument("--best-of", dest="option best-of", type=int, metavar="N", help="keep the likeliest of N")


def run(args: argparse.Namespace) -> None:
    write(args, "vary", args.file)
