"""Makes a model of the weights that tools/train_piece.py brought back: exported, quantised, measured, with its card.

.venv/bin/python tools/finish_piece.py piano --corpus corpora/maestro --weights OUT -o models/piano

Of several trainings that went on from the same weights it takes the mean, which often has the best of each (model
soups, Wortsman et al. 2022). A folder of weights may also be that of a run.

With --temper step=1.1 the model's logits of the steps are divided by 1.1 for good, as by a temperature: for a model
that goes on from its own notes faster and faster, which the likelihood of real music does not show.
"""

import argparse
import sys
from pathlib import Path

import torch

from antiphon.cli.progress import adding
from antiphon.generate.options import settings as numbers
from antiphon.generate.sampling import ATTRIBUTES
from antiphon.training.begin import check_fit
from antiphon.training.callbacks import BEST
from antiphon.training.checkpoint import load_tensors, save_tensors
from antiphon.training.finish import finish, notes_to_measure
from antiphon.training.recipe import load_recipe
from antiphon.training.run import prepare_run, run_folder

EXAMPLE = "step=1.1"


def main() -> None:
    """Join the files, check that they are the recipe's, and write the bundle."""
    args = _arguments()
    run = prepare_run(load_recipe(args.recipe, args.set), args.corpus)
    soup = [_weights(path) for path in args.weights]
    for path, weights in zip(args.weights, soup, strict=True):
        check_fit(run.model.state_dict(), weights, f"recipe {args.recipe}", str(path))
    weights = {name: torch.stack([weights[name] for weights in soup]).mean(0) for name in soup[0]}
    for name, temperature in _temperatures(args.temper).items():
        _temper(weights, [attribute.name for attribute in run.model.codec.attributes].index(name), temperature)
    folder = run_folder(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(weights, folder / BEST)
    with adding("measuring", notes_to_measure(run)) as heard:
        measured = finish(run, folder, args.output, heard)
    print(f"{args.output}: {measured['validation']['nats_per_note']:.4f} nats a note, {measured['engine']}")


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    """All that lies in a folder, as float32."""
    files = sorted(folder.glob("weights-*.safetensors")) or [path for path in [folder / BEST] if path.exists()]
    if not files:
        sys.exit(
            f"{folder} holds neither weights-*.safetensors nor {BEST}; give the folder that tools/train_piece.py wrote"
            " with --out, or that of a run"
        )
    return {name: tensor.float() for file in files for name, tensor in load_tensors(file).items()}


def _temperatures(texts: list[str]) -> dict[str, float]:
    """The temperature of each attribute, from NAME=T."""
    return numbers(",".join(texts), "temper", ATTRIBUTES, EXAMPLE) if texts else {}


def _temper(weights: dict[str, torch.Tensor], index: int, temperature: float) -> None:
    """Divide the logits of a head by a temperature: its last layer gives them."""
    for part in ("weight", "bias"):
        weights[f"heads.heads.{index}.out.{part}"] /= temperature


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, nargs="+", metavar="FOLDER", help="of several the mean")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL")
    parser.add_argument("--temper", action="append", default=[], metavar="NAME=T", help=f"an attribute's, {EXAMPLE}")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="as the training was given")
    return parser.parse_args()


if __name__ == "__main__":
    main()
