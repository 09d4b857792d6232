"""``antiphon interpolate``: from one melody to another through a model's latent space."""

import argparse
from pathlib import Path

from antiphon.cli.output import emit, say
from antiphon.cli.writing import SOURCE, writer

EXAMPLE = "antiphon interpolate one.mid 'C4 E4 G4:2 r A4' --steps 6 --model vae -o way.mid -o way.wav"
MOST = 64  # steps


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("one", metavar="A", help=f"where it begins: {SOURCE}")
    parser.add_argument("other", metavar="B", help="where it ends")
    parser.add_argument("--steps", type=int, default=6, metavar="N", help="passages, both ends included (default 6)")
    parser.add_argument("--model", required=True, metavar="M", help="a model with a latent space, by name or folder")
    parser.add_argument("--tempo", type=float, metavar="BPM", help="beats a minute (default: that of A)")
    parser.add_argument("--seed", type=int, metavar="S", help="draw the notes; without it the likeliest are taken")
    parser.add_argument(
        "-o", "--output", type=Path, action="append", required=True, metavar="OUT",
        help="by ending: .mid; .wav .flac .ogg .mp3; .svg .png .pdf. May be repeated",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    from antiphon.engine import open_bundle, open_engine
    from antiphon.errors import OptionError
    from antiphon.generate.latent import interpolated
    from antiphon.generate.prompt import read_prompt

    if not 2 <= args.steps <= MOST:
        raise OptionError(f"--steps {args.steps} is out of range: 2 to {MOST}")
    if args.tempo is not None and not 20 <= args.tempo <= 400:
        raise OptionError(f"--tempo {args.tempo} is out of range: 20 to 400 beats a minute")
    if args.seed is not None and args.seed < 0:
        raise OptionError(f"--seed {args.seed} is out of range: it must be 0 or more")
    writers = {path: writer(path) for path in args.output}
    one, other = (read_prompt(source).music for source in (args.one, args.other))
    bundle = open_bundle(args.model)
    way = interpolated(open_engine(bundle), one, other, args.steps, seed=args.seed, tempo=args.tempo)
    for path, write in writers.items():
        say(f"writing {path} …")
        write(way.music, path, ())
    files = [str(path) for path in args.output]
    result = {
        "files": files, "model": bundle.name, "steps": args.steps, "notes": len(way.music),
        "seconds": round(way.music.length_s, 3), "alike": way.alike,
    }  # fmt: skip
    shares = " ".join(f"{share:.0%}" for share in way.alike)
    emit(args, result, "\n".join(files) + f"\n{args.steps} passages by {bundle.name}; like the one before: {shares}")
