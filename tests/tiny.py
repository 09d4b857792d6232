"""What tests of models share: tiny models of every family, their bundles, and a tiny corpus of real music."""

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from torch import Tensor

from antiphon import __version__
from antiphon.codec import NoteCodec
from antiphon.corpus.prepare import prepare
from antiphon.engine.bundle import write_bundle
from antiphon.models.base import Model, State, Stepper, count_parameters
from antiphon.models.registry import FAMILIES, build
from antiphon.models.registry import family as family_named
from antiphon.training.callbacks import Keeper
from antiphon.training.export import state_spec, write_files

_SMALL = {"size": 16, "head_size": 16}
_NOTEBOOK = {
    "size": 16, "layers": 1, "inputs": "continuous", "window": 5, "heads": "independent",
    "kinds": {"pitch": "gaussian", "step": "gaussian", "duration": "gaussian", "velocity": "marginal"},
}  # fmt: skip
_RECURRENT = {
    "small": _SMALL,
    "three-layers-normalised": {**_SMALL, "layers": 3, "layer_norm": True},
    "independent-heads": {**_SMALL, "heads": "independent"},
    "attention": {**_SMALL, "attention": 5},
    "window": {**_SMALL, "window": 4},
    "notebook": _NOTEBOOK,
    "notebook-ce": {**_NOTEBOOK, "kinds": {**_NOTEBOOK["kinds"], "pitch": "independent"}},
}
# Small configurations of a family; one that is not here is tested as it comes.
CONFIGS = {"lstm": _RECURRENT} | {name: {k: _RECURRENT[k] for k in ("small", "notebook")} for name in ("gru", "rnn")}
CONFIGS["transformer"] = {
    "small": {"size": 64, "layers": 2, "groups": 1, "inner": 64, "context": 6, "head_size": 16},
    "grouped": {"size": 128, "layers": 2, "inner": 32, "context": 64, "head_size": 16},
    "by-seconds": {"size": 128, "layers": 1, "inner": 32, "context": 6, "head_size": 16, "seconds": True},
    "told": {
        "size": 64,
        "layers": 1,
        "groups": 1,
        "inner": 32,
        "context": 6,
        "head_size": 16,
        "conditions": True,
        "composers": ["Franz Liszt", "Claude Debussy"],
    },
}
CONFIGS["autoregressive"] = {"small": {"context": 3, "embedding": 8, "size": 16, "head_size": 16}}
CONFIGS["markov"] = {"small": {"order": 4, "places": 4000}, "no-context": {"order": 0, "places": 400}}
CONFIGS["cnn"] = {
    "small": {"size": 16, "layers": 3, "kernel": 2, "cycle": 3, "head_size": 16},
    "two-cycles": {"size": 16, "layers": 3, "kernel": 3, "cycle": 2, "head_size": 16, "heads": "independent"},
}
CONFIGS["seq2seq"] = {
    "small": {"call": 8, "size": 16, "layers": 1, "attention": 2, "head_size": 16},
    "together": {"call": 12, "size": 16, "encoder_layers": 2, "attention": 1, "head_size": 16, "answer": "together"},
}
CONFIGS["vae"] = {
    "small": {"notes": 12, "latent": 4, "size": 16, "layers": 1, "head_size": 16},
    "planned": {"bars": 4, "notes": 12, "latent": 4, "size": 16, "conductor": True, "free_bits": 1.0, "head_size": 16},
}
CONFIGS["chord"] = {
    "small": {"notes": 3, "size": 16, "layers": 1, "attention": 4, "head_size": 16},
    "independent": {"notes": 2, "beats": True, "size": 16, "attention": 0, "heads": "independent", "head_size": 16},
}
_ROLL = {"lowest": 60, "keys": 13, "head_size": 8, "channels": 4}
_CAUSAL = {"size": 64, "layers": 1, "groups": 1, "inner": 16, "context": 4}
CONFIGS["roll"] = {
    "joint": {**_ROLL, "backbone": "gru", "options": {"size": 32, "layers": 1}},
    "independent": {**_ROLL, "backbone": "cnn", "options": {"size": 16, "layers": 2}, "heads": "independent"},
    "transformer": {**_ROLL, "beats": True, "struck": True, "backbone": "transformer", "options": _CAUSAL},
}
CONFIGS["gan"] = {
    "small": {"noise": 4, "size": 4, "critic_size": 4},
    "wasserstein": {"bars": 1, "steps": 12, "tracks": 1, "noise": 4, "size": 4, "critic_size": 4, "layers": 2,
                    "loss": "wasserstein", "penalty": 10.0, "critic_steps": 2},
}  # fmt: skip
CONFIGS["diffusion"] = {"small": {"size": 64, "layers": 1, "inner": 32, "window": 16}}
EVERY_MODEL = [  # that steps from note to note: the contract
    pytest.param(family, config, id=f"{family}-{name}")
    for family in FAMILIES
    if issubclass(family_named(family), Stepper)
    for name, config in CONFIGS.get(family, {"default": {}}).items()
]
SPLITS = {
    "cc0-openscore-lc6067798.mid": "train",
    "cc0-openscore-lc6652350.mid": "train",
    "pd-mutopia-Anonymous__Ich_ruf__Ich_ruf.mid": "train",
    "cc0-openscore-lc6965894.mid": "validation",
    "cc0-openscore-lc8702982.mid": "test",
}


def tiny_model(family: str = "lstm", config: dict | None = None, programs: bool = False, ends: int = 0) -> Model:
    """An untrained model ready to predict, the same every time."""
    torch.manual_seed(1)
    return build(family, _SMALL if config is None else config, NoteCodec(programs, ends)).eval()


def stepwise(model: Model, rows: Tensor, state: State) -> tuple[Tensor, State]:
    """(B, T, F) features of (B, T, A) rows, and the state after them, one step after another."""
    features = []
    for t in range(rows.shape[1]):
        now, state = model.step(rows[:, t], state)
        features.append(now)
    return torch.stack(features, 1), state


def write_model(path: Path, model: Model, family: str = "lstm", config: dict | None = None, int8: bool = False) -> Path:
    """The bundle of a model."""
    meta = {
        "family": family,
        "config": _SMALL if config is None else config,
        "codec": model.codec.spec(),
        "state": state_spec(model),
        "parameters": count_parameters(model),
        "licence": {"name": "CC0-1.0", "because": "nobody's music"},
        "data": {"sources": [], "splits": {}},
        "recipe": {},
        "measured": {},
        "antiphon": __version__,
    }
    write_bundle(path, meta, lambda folder: write_files(model, folder, "A card.\n", int8=int8))
    return path


@cache
def _bundle(base: Path) -> Path:
    (base / "bundles").mkdir()
    return write_model(base / "bundles" / "tiny", tiny_model())


@cache
def _corpus(base: Path) -> Path:
    data = Path(__file__).parent / "data"
    with (base / "splits.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "split"), *SPLITS.items()])
    prepare([data], base / "tiny-corpus", split_csv=base / "splits.csv", workers=1)
    return base / "tiny-corpus"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained LSTM; not to be changed."""
    return _bundle(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a corpus of five pieces; not to be changed."""
    return _corpus(tmp_path_factory.getbasetemp())


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """Does something right after a step of training, as the outside world might."""

    def add(step: int, act: Callable[[], None]) -> None:
        ended = Keeper.on_train_batch_end

        def on_train_batch_end(self: Keeper, trainer: Trainer, *rest: object) -> None:
            if trainer.global_step == step:
                act()
            ended(self, trainer, *rest)

        monkeypatch.setattr(Keeper, "on_train_batch_end", on_train_batch_end)

    return add
