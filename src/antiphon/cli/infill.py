"""``antiphon infill``: a passage of a piece written again, so that it leads on to what follows."""

import argparse

from antiphon.cli.writing import PASSAGE, SOURCE, add_files, add_options, write

EXAMPLE = """antiphon infill song.mid --from 10s --to 14s --candidates 32 -o mended.wav
  antiphon infill song.mid --from 10s --to 14s --model diffusion -o mended.wav"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="MUSIC", help=SOURCE)
    add_files(parser)
    add_options(
        parser, ("edit", "prompt", "wishes", "sampling", "filling", "pitch", "time", "guard", "output"),
        without=("change", "amount", "gap", "voices", "every", "transpose", "continue", "avoid-copies", "drone",
                 "drone-every", "grid", "swing", "render"), helps=PASSAGE,
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    write(args, "infill", args.file)
