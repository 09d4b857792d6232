"""How a corpus is cut into what a family learns from: windows of consecutive notes, or calls and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from antiphon.chords import ChordCodec
from antiphon.codec import NoteCodec
from antiphon.corpus.chord_windows import TrainingChords, chords_of, fixed_chords
from antiphon.corpus.melodies import Bars
from antiphon.corpus.pairs import Cut, Pairs, Sizes, TrainingPairs, fixed_pairs
from antiphon.corpus.phrases import Parts, Phrases
from antiphon.corpus.store import Corpus, Piece
from antiphon.corpus.windows import Arrays, TrainingWindows, columns_for, fixed_batches
from antiphon.errors import RecipeError
from antiphon.models.base import Listener, Model
from antiphon.models.gan import GAN
from antiphon.models.roll import Roll
from antiphon.training.batches import Batches, Phased
from antiphon.training.frames import training_frames, validation_frames
from antiphon.training.phrases import training_rolls, validation_rolls
from antiphon.training.recipe import Recipe

VALIDATION_BATCH = 16  # windows; bounds memory: 16 · 1,024 notes · 4 attributes · 148 codes · 4 bytes = 39 MB of logits


def training_batches(recipe: Recipe, corpus: Corpus, codec: NoteCodec, model: Model) -> Batches:
    """What the model learns from, from the training pieces. RecipeError where recipe and family do not fit."""
    augment, changed = recipe.augment, _training_batches(recipe, corpus, codec, model)
    if not (augment.after or augment.until):
        return changed
    plain = _training_batches(replace(recipe, augment=augment.unchanged), corpus, codec, model)
    return Phased(plain, changed, augment.after, augment.until or inf)


def _training_batches(recipe: Recipe, corpus: Corpus, codec: NoteCodec, model: Model) -> Batches:
    data, seed = recipe.data, recipe.train.seed
    pieces = corpus.split("train")[: data.pieces or None]
    if isinstance(model.codec, ChordCodec):
        check_on_beats(recipe, model.codec)
        chords, places = chords_of(corpus, pieces, model.codec)
        return TrainingChords(
            chords, places, model.codec, length=data.window, batch=data.batch, augmentation=recipe.augment,
            stride=data.stride, seed=seed,
        )  # fmt: skip
    if isinstance(model, Roll):
        return training_frames(recipe, corpus, model)
    columns, spans = columns_for(codec, corpus.columns(), pieces)
    if model.cut == "windows":
        return TrainingWindows(
            columns, spans, codec, length=data.window, batch=data.batch, augmentation=recipe.augment,
            stride=data.stride, seed=seed, conditions=model.conditions, forget=data.forget,
        )  # fmt: skip
    if model.cut != "phrases" and recipe.augment.stretch != (1.0, 1.0):
        raise on_a_grid(recipe)
    if isinstance(model, GAN):
        return training_rolls(recipe, corpus, model)
    pitch = [columns["pitch"][span.first : span.first + span.count] for span in spans]
    pitches = min(int(p.min()) for p in pitch), max(int(p.max()) for p in pitch)
    forget = data.forget if model.cut != "bars" else 0.0
    pairs = cut_pairs(recipe, corpus, pieces, codec, model)
    return TrainingPairs(
        pairs, batch=data.batch, pitches=pitches, augmentation=recipe.augment, forget=forget, seed=seed
    )


def check_on_beats(recipe: Recipe, codec: ChordCodec) -> None:
    """Raise RecipeError where chords lie on beats and the recipe would stretch time."""
    if codec.beats and recipe.augment.stretch != (1.0, 1.0):
        raise on_a_grid(recipe)


def on_a_grid(recipe: Recipe) -> RecipeError:
    """The error for a recipe that stretches what lies on a grid."""
    return RecipeError(f"the family {recipe.family} learns on a grid, so time stays: set augment.stretch to [1, 1]")


def validation_batches(recipe: Recipe, corpus: Corpus, codec: NoteCodec, model: Model) -> list[Arrays]:
    """The validation pieces as they are, or as much of them as the recipe wants."""
    data = recipe.data
    if isinstance(model.codec, ChordCodec):
        found = chords_of(corpus, corpus.split("validation"), model.codec)
        length, share = data.validation_window, data.validation_share
        return list(fixed_chords(*found, model.codec, length=length, batch=VALIDATION_BATCH, share=share))
    if isinstance(model, Roll):
        return validation_frames(recipe, corpus, model, VALIDATION_BATCH)
    if isinstance(model, GAN):
        return validation_rolls(corpus, model, VALIDATION_BATCH)
    if model.cut != "windows":
        return held_out(recipe, corpus, codec, model, data.validation_share)
    columns, spans = columns_for(codec, corpus.columns(), corpus.split("validation"))
    length, share = data.validation_window, data.validation_share
    return list(fixed_batches(columns, spans, codec, length=length, batch=VALIDATION_BATCH, share=share))


def held_out(recipe: Recipe, corpus: Corpus, codec: NoteCodec, model: Model, share: float = 1.0) -> list[Arrays]:
    """The validation pieces as calls and answers, or evenly spaced ones."""
    pairs = cut_pairs(recipe, corpus, corpus.split("validation"), codec, model)
    return list(fixed_pairs(pairs, VALIDATION_BATCH, share))


def cut_pairs(recipe: Recipe, corpus: Corpus, pieces: Sequence[Piece], codec: NoteCodec, model: Model) -> Pairs:
    """Some pieces as calls and answers, cut as the model wants them; answers have ``data.window`` rows at most."""
    assert isinstance(model, Listener)
    sizes = Sizes(call=model.encodes, answer=recipe.data.window)
    found: Cut
    if model.cut == "bars":
        found = Bars(corpus, pieces, model.bars, sizes.call)
    elif model.cut == "parts":
        found = Parts(corpus.columns(), pieces, sizes.call)
    else:
        found = Phrases(*columns_for(codec, corpus.columns(), pieces), min(sizes.call, sizes.answer))
    return Pairs(found, codec, sizes)
