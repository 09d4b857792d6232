"""``antiphon train``: a model from a recipe and a corpus."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from antiphon.cli.output import emit, say
from antiphon.cli.progress import adding
from antiphon.errors import missing_extra

EXAMPLE = "antiphon train lstm --corpus corpora/maestro -o models/mine --set train.passes=3"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe's name, or a .toml file of your own")
    parser.add_argument("--corpus", type=Path, required=True, metavar="CORPUS", help="a folder that `prepare` wrote")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL", help="the folder of the new model")
    parser.add_argument(
        "--set", action="append", default=[], metavar="A.B=C", help="change one key of the recipe; may be repeated"
    )
    parser.add_argument(
        "--from",
        dest="start_from",
        metavar="MODEL",
        help="begin with the weights of a model of the same size: fine-tuning",
    )
    parser.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")


def run(args: argparse.Namespace) -> None:
    _need_torch()
    from antiphon.files.paths import check_writable
    from antiphon.training.callbacks import Stopped
    from antiphon.training.finish import finish, notes_to_measure
    from antiphon.training.recipe import load_recipe
    from antiphon.training.run import fit, prepare_run, run_folder

    recipe = load_recipe(args.recipe, args.set)
    recipe = replace(recipe, start_from=args.start_from) if args.start_from else recipe
    check_writable(args.output, folder=True)
    training, folder = prepare_run(recipe, args.corpus), run_folder(args.output)
    say(f"{recipe.name}: {training.steps:,} steps; checkpoints and logs in {folder}")
    try:
        best = fit(training, folder, resume=args.resume)
    except Stopped as stopped:
        say(f"{stopped}; the checkpoint is in {folder}: go on with the same command and --resume")
        raise KeyboardInterrupt from stopped
    say(f"best validation {best:.3f} {training.unit}; measuring what is exported …")
    with adding("measuring", notes_to_measure(training)) as heard:
        measured = finish(training, folder, args.output, heard)
    emit(args, {"model": str(args.output), **measured}, f"{args.output}: {_summed_up(measured)} on validation")


def _summed_up(measured: Mapping[str, Any]) -> str:
    """The likelihood, or of a model without one how far what it draws is from real music."""
    if measured.get("validation", {}).get("of") == "frames":
        return f"{measured['validation']['nats_per_frame']:.3f} nats a frame"
    if "phrases" not in measured:
        return f"{measured['validation']['nats_per_note']:.3f} nats a note"
    found = measured["phrases"]
    return (
        f"no likelihood; its phrases are {found['apart']:.2f} deviations from real ones, other real ones "
        f"{found['apart_floor']:.2f},"
    )


def _need_torch() -> None:
    import importlib.util

    for package in ("torch", "lightning", "pyarrow", "onnx", "safetensors"):
        if importlib.util.find_spec(package) is None:
            raise missing_extra(package, "train", "training")
