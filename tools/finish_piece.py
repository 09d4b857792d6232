"""Makes a model of the weights that tools/train_piece.py brought back: exported, quantised, measured, with its card.

.venv/bin/python tools/finish_piece.py piano --corpus corpora/maestro --weights OUT -o models/piano
"""

import argparse
import sys
from pathlib import Path

from antiphon.cli.progress import adding
from antiphon.training.begin import check_fit
from antiphon.training.callbacks import BEST
from antiphon.training.checkpoint import load_tensors, save_tensors
from antiphon.training.finish import finish, notes_to_measure
from antiphon.training.recipe import load_recipe
from antiphon.training.run import prepare_run, run_folder


def main() -> None:
    """Join the files, check that they are the recipe's, and write the bundle."""
    args = _arguments()
    run = prepare_run(load_recipe(args.recipe, args.set), args.corpus)
    files = sorted(args.weights.glob("weights-*.safetensors"))
    if not files:
        sys.exit(
            f"{args.weights} holds no weights-*.safetensors; give the folder that tools/train_piece.py wrote with --out"
        )
    weights = {name: tensor.float() for file in files for name, tensor in load_tensors(file).items()}
    check_fit(run.model.state_dict(), weights, f"recipe {args.recipe}", str(args.weights))
    folder = run_folder(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(weights, folder / BEST)
    with adding("measuring", notes_to_measure(run)) as heard:
        measured = finish(run, folder, args.output, heard)
    print(f"{args.output}: {measured['validation']['nats_per_note']:.4f} nats a note, {measured['engine']}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="the folder of weights-*.safetensors")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="as the training was given")
    return parser.parse_args()


if __name__ == "__main__":
    main()
