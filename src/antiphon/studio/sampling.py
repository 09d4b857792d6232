"""A run that is under way as a model to hear: its best weights so far, exported for the moment."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from antiphon.engine import Engine, open_engine
from antiphon.errors import OptionError

BEST = "best.safetensors"  # of antiphon.training.callbacks, which would import torch


@contextmanager
def opened(run: str, corpus: str) -> Iterator[Engine]:
    """The engine of a run's best weights by its folder. Raises OptionError before its first validation."""
    folder = Path(run)
    if not (folder / BEST).is_file():
        raise OptionError("the run has no weights to hear yet; they come with its first validation")
    from antiphon.training.finish import preview
    from antiphon.training.recipe import Recipe, build_table
    from antiphon.training.run import prepare_run

    recipe = build_table(Recipe, json.loads((folder / "recipe.json").read_text(encoding="utf-8")), "")
    with tempfile.TemporaryDirectory(prefix="antiphon-") as place:
        out = Path(place) / folder.name.removesuffix(".run")
        preview(prepare_run(recipe, Path(corpus)), folder, out)
        yield open_engine(out)
