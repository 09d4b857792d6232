"""``antiphon adapt``: a model learns one player's manner."""

import argparse
from pathlib import Path

from antiphon import DEFAULT_MODEL
from antiphon.cli.output import emit
from antiphon.cli.progress import progress
from antiphon.errors import missing_extra

EXAMPLE = "antiphon adapt my-sessions -o models/mine && antiphon play --model models/mine"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sessions", nargs="+", type=Path, metavar="SESSION",
        help="recorded sessions, other MIDI files of your own playing, or folders of them",
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL", help="the folder of the new model")
    parser.add_argument(
        "--from", dest="start_from", metavar="MODEL",
        help="the model to adapt, by name or folder (default: the one that is shipped); it is not changed",
    )  # fmt: skip
    parser.add_argument(
        "--minutes", type=float, default=5.0, metavar="M", help="learn for so long at most (default: 5)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the order in which it learns (default: 0)")


def run(args: argparse.Namespace) -> None:
    _need_torch()
    from antiphon.engine.bundle import open_bundle
    from antiphon.files.paths import check_writable
    from antiphon.training.adapt import Adaptation, adapt
    from antiphon.training.sessions import midi_files, passages

    how = Adaptation(minutes=args.minutes, seed=args.seed)
    bundle = open_bundle(args.start_from or DEFAULT_MODEL)
    check_writable(args.output, folder=True)
    played = passages(midi_files(args.sessions), bundle.codec)
    with progress("learning", 1.0) as show:
        measured = adapt(bundle, played, args.output, how, show)
    nats = measured["nats_per_note"]
    emit(
        args,
        {"model": str(args.output), **measured},
        f"{args.output}: {nats['after']:.3f} nats a note on {measured['held_out_notes']:,} notes of yours that it did "
        f"not learn from; {bundle.name} has {nats['before']:.3f}. To go back, play with {bundle.name}.",
    )


def _need_torch() -> None:
    import importlib.util

    for package in ("torch", "onnx", "safetensors"):
        if importlib.util.find_spec(package) is None:
            raise missing_extra(package, "train", "learning")
