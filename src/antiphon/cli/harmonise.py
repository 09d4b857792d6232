"""``antiphon harmonise``: notes below a melody that begin with its own."""

import argparse

from antiphon.cli.writing import SOURCE, add_files, add_options, write

EXAMPLE = """antiphon harmonise '96bpm E5 D5 C5 D5 E5 E5 E5:2' --model diffusion -o both.wav
  antiphon harmonise tune.mid --voices 3 --every 1 --key 'C major' --range C3.. --model diffusion -o both.mid"""
WITHOUT = (  # what goes from note to note in time
    "change", "amount", "candidates", "transpose", "continue", "repetition-penalty", "repetition-window", "drone",
    "drone-every", "chords", "bars-per-chord", "passing", "grid", "swing", "max-polyphony", "notes-per-second",
    "min-step", "max-step", "render",
)  # fmt: skip


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="MELODY", help=SOURCE)
    add_files(parser, "none: give one of the family diffusion")
    add_options(parser, ("edit", "prompt", "sampling", "filling", "pitch", "time", "output"), without=WITHOUT)


def run(args: argparse.Namespace) -> None:
    write(args, "harmonise", args.file)
