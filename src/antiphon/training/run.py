"""One training run from a recipe and a corpus to a bundle, resumable at any moment.

The run's own folder (``MODEL.run`` beside the model) holds the last checkpoint, the best weights by validation, the
recipe and the logs; the bundle appears when the run ends.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from torch.utils.data import DataLoader

from antiphon.codec import NoteCodec
from antiphon.corpus.store import Corpus, open_corpus
from antiphon.errors import FileError, RecipeError
from antiphon.models.base import Model, Stepper
from antiphon.models.gan import GAN
from antiphon.models.registry import family
from antiphon.models.roll import Roll
from antiphon.training import own, sparring
from antiphon.training.batches import Batches, Endless, Listed, as_batch
from antiphon.training.begin import begin_with
from antiphon.training.callbacks import BEST, CHECKPOINT, Bar, Keeper
from antiphon.training.checkpoint import SafeCheckpointIO, load_tensors
from antiphon.training.cutting import training_batches, validation_batches
from antiphon.training.frames import FrameLearner
from antiphon.training.learner import Learner, unit_of
from antiphon.training.phrases import PhraseLearner
from antiphon.training.recipe import Recipe, build_table
from antiphon.training.sparring import SparringLearner

CALIBRATION_BATCHES = 64


@dataclass(frozen=True)
class Run:
    """A recipe bound to a corpus: the model and the batches."""

    recipe: Recipe
    corpus: Corpus
    codec: NoteCodec
    model: Model
    windows: Batches

    @property
    def steps(self) -> int:
        """Optimiser steps in all."""
        return max(round(self.recipe.train.passes * self.windows.per_pass), 1)

    @property
    def unit(self) -> str:
        """Of what its validation tells."""
        return unit_of(self.model)


def prepare_run(recipe: Recipe, corpus_path: Path) -> Run:
    """Check that recipe and corpus fit, and build the untrained model."""
    corpus = open_corpus(corpus_path)
    codec = NoteCodec(recipe.codec.programs, recipe.codec.ends)
    config = build_table(family(recipe.family).Config, recipe.model, "model.")
    pl.seed_everything(recipe.train.seed, verbose=False)
    model = family(recipe.family)(config, codec)
    own.check(model, recipe)
    sparring.check(model, recipe)
    if recipe.start_from:
        begin_with(model, recipe)
    if not {"train", "validation"} <= {piece.split for piece in corpus.pieces}:
        raise RecipeError(f"{corpus_path} has no training or no validation pieces; prepare it with a split")
    windows = training_batches(recipe, corpus, codec, model)
    return Run(recipe, corpus, codec, model, windows)


def run_folder(out: Path) -> Path:
    """Where a run keeps its checkpoints and logs."""
    return out.with_name(out.name + ".run")


def fit(run: Run, folder: Path, *, resume: bool = False) -> float:
    """Train to the end of the recipe, or until validation stops improving; the best validation in nats a note.

    Raises :class:`~antiphon.training.callbacks.Stopped` after Ctrl-C or at the time limit, with a checkpoint written.
    """
    _claim(folder, run.recipe, resume)
    train, keeper = run.recipe.train, Keeper(folder, run.recipe.train)
    learner = _learner(run)
    _quieten()
    trainer = pl.Trainer(
        max_steps=run.steps,
        max_epochs=-1,
        precision=_precision(train.precision),
        gradient_clip_val=(train.clip or None) if learner.automatic_optimization else None,
        val_check_interval=min(train.validate_every, run.steps),
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        callbacks=[keeper, Bar(run.steps)],
        plugins=[SafeCheckpointIO()],
        logger=_loggers(folder),
        log_every_n_steps=10,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    endless = Endless(run.windows, lambda: trainer.global_step, trainer.global_rank, trainer.world_size)
    checkpoint = folder / CHECKPOINT if resume and (folder / CHECKPOINT).exists() else None
    try:
        with keeper.signals():
            loader = DataLoader(endless, None, num_workers=train.workers, pin_memory=torch.cuda.is_available())
            held_out = DataLoader(_validation(run), None)
            trainer.fit(learner, loader, held_out, ckpt_path=checkpoint)
            if trainer.global_step % train.validate_every:  # the last weights, the most settled of all
                trainer.validate(learner, held_out, verbose=False)
    except SystemExit as stopped:  # how Lightning answers a second Ctrl-C
        raise KeyboardInterrupt from stopped
    except OSError as error:  # a logger's file
        raise FileError(f"cannot write to {folder}: {error.strerror or error}") from error
    trainer.save_checkpoint(folder / CHECKPOINT)
    return keeper.best


def _learner(run: Run) -> Learner:
    """How the run's model learns."""
    train, adversary = run.recipe.train, run.recipe.adversary
    if isinstance(run.model, GAN):
        return PhraseLearner(run.model, train, run.steps)
    if isinstance(run.model, Roll):
        return FrameLearner(run.model, train, run.steps)
    if isinstance(run.model, Stepper) and adversary.weight:
        return SparringLearner(run.model, train, run.steps, adversary)
    return Learner(run.model, train, run.steps)


def best_model(run: Run, folder: Path) -> Model:
    """The run's model with its best weights, calibrated on training data."""
    run.model.load_state_dict(load_tensors(folder / BEST))
    run.model.eval()
    run.model.calibrate(as_batch(run.windows.batch(i)) for i in range(CALIBRATION_BATCHES))
    return run.model


def _validation(run: Run) -> Listed:
    return Listed(validation_batches(run.recipe, run.corpus, run.codec, run.model))


def _claim(folder: Path, recipe: Recipe, resume: bool) -> None:
    """Make the run's folder, or check that the run in it is this one."""
    saved = folder / "recipe.json"
    if resume and saved.exists():
        began = build_table(Recipe, json.loads(saved.read_text()), "")  # keys that are newer than the run: defaults
        if _learns(began) != _learns(recipe):
            raise RecipeError(
                f"{folder} holds a run of another recipe; resume it as it was begun, or choose another -o"
            )
    elif saved.exists():
        raise FileError(f"{folder} holds an unfinished run; add --resume to go on, or remove it to begin anew")
    folder.mkdir(parents=True, exist_ok=True)
    saved.write_text(json.dumps(recipe.to_dict(), indent=2) + "\n")


def _learns(recipe: Recipe) -> Recipe:
    """A recipe without the keys that change nothing about what is learned up to a step.

    A rate that stays the same until its cool-down does not tell how long the run will be.
    """
    free = {"max_minutes": 0.0, "checkpoint_minutes": 0.0, "workers": 0}
    if recipe.train.cooldown < 1:
        free |= {"passes": 0.0, "cooldown": 0.5}
    return replace(recipe, train=replace(recipe.train, **free))


def _loggers(folder: Path) -> list[Logger]:
    loggers: list[Logger] = [CSVLogger(folder, name="logs")]
    if importlib.util.find_spec("tensorboard"):
        loggers.append(TensorBoardLogger(folder, name="tensorboard"))
    return loggers


def _precision(wish: str) -> str:
    """bfloat16 where the device multiplies it in hardware, else float32."""
    if wish != "auto":
        return wish
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    # AMX multiplies bfloat16 some three times as fast as AVX-512 does float32 (LSTM 2 x 512: 22 k against 8 k notes/s),
    # AVX-512's own bfloat16 1.6 times (4.1 k against 2.5 k on one core).
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return "bf16-mixed" if able.get("amx_bf16") or able.get("avx512_bf16") else "32-true"


def _quieten() -> None:
    """Lightning talks about data workers and hardware we have no use for; our own progress says what matters."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"lightning\..*")
