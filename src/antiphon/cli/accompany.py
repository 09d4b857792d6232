"""``antiphon accompany``: a left hand for a melody."""

import argparse

from antiphon.cli.writing import SOURCE, add_files, add_options, write

EXAMPLE = """antiphon accompany '96bpm E5 D5 C5 D5 E5 E5 E5:2' --key 'C major' --range C2.. -o both.wav
  antiphon accompany tune.mid --chords 'C F G C' --tempo 96 --instrument harp -o both.mid"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="MELODY", help=SOURCE)
    add_files(parser)
    add_options(
        parser, ("edit", "prompt", "wishes", "sampling", "pitch", "time", "guard", "output"),
        without=("change", "amount", "candidates", "voices", "every", "transpose", "continue", "avoid-copies", "drone",
                 "drone-every", "grid", "swing", "min-step", "max-step", "notes-per-second", "render"),
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    write(args, "accompany", args.file)
