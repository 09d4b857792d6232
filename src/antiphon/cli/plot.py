"""``antiphon plot``: a MIDI file as a picture."""

import argparse
from pathlib import Path

from antiphon.cli.output import emit

EXAMPLE = "antiphon plot piece.mid -o piece.svg"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a file of music, such as .mid")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT",
        help="the picture; its ending says the format: .svg, or with matplotlib .png .pdf .jpg",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=("roll", "histograms"), default="roll",
        help="roll (default): a piano roll with velocity as colour; histograms: of pitch, step, duration and velocity",
    )  # fmt: skip
    parser.add_argument("--title", help="what stands above it; by default the name of the file, and '' for none")
    parser.add_argument("--no-pedal", action="store_true", help="notes as the keys were held, without the pedal")


def run(args: argparse.Namespace) -> None:
    from antiphon.files import read_music
    from antiphon.pictures import check, draw

    check(args.output, args.kind)
    score = read_music(args.file, pedal=not args.no_pedal)
    draw(score, args.output, args.kind, args.file.stem if args.title is None else args.title)
    result = {"output": str(args.output), "kind": args.kind, "notes": len(score), "length_s": round(score.length_s, 3)}
    emit(args, result, f"{args.output}: {len(score):,} notes")
