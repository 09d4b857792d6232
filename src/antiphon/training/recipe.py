"""A recipe: one training run, stated in one TOML file; every key is checked and nothing else is read.

Recipes that ship with Antiphon are named; a path works too. ``--set train.seed=3`` overrides one key.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from antiphon.codec import MOST_ENDS
from antiphon.corpus.augment import Augmentation
from antiphon.errors import RecipeError, unknown


@dataclass(frozen=True, kw_only=True)
class Codec:
    """How music becomes rows."""

    programs: bool = False  # rows begin with the instrument
    ends: int = 0  # notes back that a duration may point to, to end together with it; 0: none


@dataclass(frozen=True, kw_only=True)
class Data:
    """What of the corpus a run sees, and in what pieces."""

    window: int = 256  # notes
    batch: int = 64  # windows
    stride: int = 0  # notes between the starts of windows; 0: the window's length
    pieces: int = 0  # use only the first so many training pieces; 0: all
    validation_window: int = 1024  # notes
    validation_share: float = 1.0  # of the validation windows, evenly spaced
    forget: float = 0.3  # how often a model with conditions is told none of them, or not one of them


@dataclass(frozen=True, kw_only=True)
class Train:
    """How a run learns, and when it stops."""

    passes: float = 10.0  # over the training notes
    learning_rate: float = 2e-3  # the highest, after the warm-up
    final_rate: float = 0.02  # the last learning rate as a share of the highest
    cooldown: float = 1.0  # share of the steps, the last, over which the rate falls; below 1 a run can be lengthened
    warmup: int = 200  # steps
    weight_decay: float = 0.01  # of matrices only
    optimiser: str = "adamw"  # adamw, adam, or muon for matrices with adamw for the rest
    clip: float = 1.0  # norm of the gradient; 0: no clipping
    own: float = 0.0  # share of the notes that are heard as the model would have written them: scheduled sampling
    own_after: float = 0.0  # passes before that begins: first it learns from real notes alone
    average: float = 0.0  # decay of the moving average of the weights that is measured and kept; 0: none
    validate_every: int = 500  # steps
    patience: int = 10  # validations without a better one before stopping
    checkpoint_minutes: float = 5.0
    compile: bool = False  # fuse the model's operations first (torch.compile); pays on a GPU
    workers: int = 0  # processes that cut windows; 0: the training process itself
    max_minutes: float = 0.0  # stop with a checkpoint after so long; 0: no limit
    precision: str = "auto"  # auto, 32-true or bf16-mixed
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Adversary:
    """A critic of what a model of notes goes on with, for fine-tuning it by more than likelihood."""

    weight: float = 0.0  # of the critic's verdict beside the nats; 0: there is no critic
    prompt: int = 64  # notes after which the model goes on, the row before the first among them
    notes: int = 32  # that it goes on for
    size: int = 96  # width of the critic's layers
    penalty: float = 0.1  # weight of the critic's squared gradients
    critic_steps: int = 1  # of the critic to one of the model
    head_start: int = 0  # steps at the beginning that are the critic's alone
    rate: float = 5.0  # the critic's learning rate as a multiple of the model's
    temperature: float = 1.0  # of the softmax whose gradient a drawn code has


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training run."""

    name: str
    family: str
    start_from: str = ""  # a model whose weights the run begins with, by name or folder; empty: random ones
    about: str = ""  # why the recipe exists, in a sentence, for the model card
    model: Mapping[str, Any] = field(default_factory=dict)  # keys of the family's Config
    codec: Codec = Codec()
    data: Data = Data()
    augment: Augmentation = Augmentation()
    train: Train = Train()
    adversary: Adversary = Adversary()

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for a model's ``meta.json``."""
        return dataclasses.asdict(self)


def shipped() -> dict[str, Path]:
    """The recipes that come with Antiphon, by name."""
    folder = Path(__file__).parent.parent / "recipes"
    if not folder.is_dir():  # a checkout keeps them at its root; the wheel carries them inside
        folder = Path(__file__).parents[3] / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of that name or file with ``a.b=value`` overrides applied; RecipeError with what is allowed."""
    path = Path(name_or_path)
    if path.suffix != ".toml" or not path.is_file():
        recipes = shipped()
        if str(name_or_path) not in recipes:
            raise RecipeError(unknown("recipe", str(name_or_path), recipes) + " A path to a .toml file works too.")
        path = recipes[str(name_or_path)]
    try:
        tree = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not a recipe: {error}") from error
    for override in overrides:
        _override(tree, override)
    recipe: Recipe = build_table(Recipe, {"name": path.stem, **tree}, "")
    _check(recipe)
    return recipe


def _override(tree: dict[str, Any], text: str) -> None:
    """Apply one ``a.b=value`` to a nested table; the value is TOML, or a bare word."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set {text!r} is not of the form key=value, such as train.learning_rate=1e-3")
    *tables, last = key.strip().split(".")
    for table in tables:
        tree = tree.setdefault(table, {})
        if not isinstance(tree, dict):
            raise RecipeError(f"--set {text!r}: {table} is a value, not a table")
    try:
        tree[last] = tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        tree[last] = value.strip()


def build_table(cls: type, values: Mapping[str, Any], place: str) -> Any:
    """An instance of a dataclass from a table, each key known and each value of its field's type."""
    hints = get_type_hints(cls)
    for key in values:
        if key not in hints:
            raise RecipeError(unknown("recipe key", place + key, [place + k for k in hints]))
    missing = [f.name for f in dataclasses.fields(cls) if f.default is f.default_factory and f.name not in values]
    if missing:
        raise RecipeError(f"the recipe lacks the key {place}{missing[0]}")
    return cls(**{key: _value(hints[key], value, place + key) for key, value in values.items()})


def _value(hint: Any, value: Any, place: str) -> Any:
    """``value`` checked against a field's type, tables and lists member by member; lists become tuples."""
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return build_table(hint, value, place + ".")
    inner = get_args(hint)
    if get_origin(hint) is Mapping and isinstance(value, dict):
        return {key: _value(inner[1], v, f"{place}.{key}") for key, v in value.items()}
    if get_origin(hint) is tuple and isinstance(value, list | tuple):
        if inner[1:] == (Ellipsis,):
            inner = inner[:1] * len(value)
        if len(value) != len(inner):
            raise RecipeError(f"recipe key {place} has {len(value)} values; it must have {len(inner)}")
        return tuple(_value(one, v, place) for one, v in zip(inner, value, strict=True))
    return _plain(hint, value, place)


def _plain(hint: Any, value: Any, place: str) -> Any:
    """A value that holds no others, checked against its type; whole numbers pass for floats."""
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise RecipeError(unknown(f"value of recipe key {place}", str(value), get_args(hint)))
        return value
    if hint is float and type(value) is int:
        return float(value)
    wanted = {Mapping: dict, tuple: list}.get(get_origin(hint), hint)
    if hint is not Any and type(value) is not wanted:
        raise RecipeError(f"recipe key {place} is {value!r}; it must be of type {wanted.__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise RecipeError(f"recipe key {place} is {value}; it must be a finite number")
    return value


def _check(recipe: Recipe) -> None:
    """Raise RecipeError for the first value out of range."""
    data, train, augment, adversary = recipe.data, recipe.train, recipe.augment, recipe.adversary
    low, high = augment.stretch
    for good, key, rule in (
        (0 <= recipe.codec.ends <= MOST_ENDS, "codec.ends", f"0 to {MOST_ENDS}"),
        (data.window >= 1, "data.window", "at least 1"),
        (data.batch >= 1, "data.batch", "at least 1"),
        (0 <= data.stride <= data.window, "data.stride", "0 to data.window"),
        (0 <= data.forget <= 1, "data.forget", "0 to 1"),
        (data.pieces >= 0, "data.pieces", "at least 0"),
        (data.validation_window >= 1, "data.validation_window", "at least 1"),
        (0 < data.validation_share <= 1, "data.validation_share", "above 0 and at most 1"),
        (train.passes > 0, "train.passes", "above 0"),
        (train.learning_rate > 0, "train.learning_rate", "above 0"),
        (0 <= train.final_rate <= 1, "train.final_rate", "0 to 1"),
        (0 < train.cooldown <= 1, "train.cooldown", "above 0 and at most 1"),
        (train.warmup >= 0, "train.warmup", "at least 0"),
        (train.weight_decay >= 0, "train.weight_decay", "at least 0"),
        (train.clip >= 0, "train.clip", "at least 0"),
        (train.checkpoint_minutes >= 0, "train.checkpoint_minutes", "at least 0"),
        (train.max_minutes >= 0, "train.max_minutes", "at least 0"),
        (train.workers >= 0, "train.workers", "at least 0"),
        (train.seed >= 0, "train.seed", "at least 0"),
        (0 <= train.own <= 0.5, "train.own", "0 to 0.5"),
        (train.own_after >= 0, "train.own_after", "at least 0"),
        (0 <= train.average < 1, "train.average", "at least 0 and below 1"),
        (train.validate_every >= 1, "train.validate_every", "at least 1"),
        (train.patience >= 1, "train.patience", "at least 1"),
        (train.optimiser in ("adamw", "adam", "muon"), "train.optimiser", "adamw, adam or muon"),
        (train.precision in ("auto", "32-true", "bf16-mixed"), "train.precision", "auto, 32-true or bf16-mixed"),
        (0 <= augment.transpose <= 60, "augment.transpose", "0 to 60 semitones"),
        (0.1 <= low <= high <= 10, "augment.stretch", "two factors from 0.1 to 10, the lower first"),
        (0 <= augment.velocity <= 126, "augment.velocity", "0 to 126"),
        (0 <= augment.held <= 1, "augment.held", "0 to 1"),
        (augment.after >= 0, "augment.after", "at least 0"),
        (augment.until == 0 or augment.until > augment.after, "augment.until", "0, or above augment.after"),
        (adversary.weight >= 0, "adversary.weight", "at least 0"),
        (adversary.prompt >= 2, "adversary.prompt", "at least 2"),
        (adversary.notes >= 4, "adversary.notes", "at least 4"),
        (adversary.size >= 1, "adversary.size", "at least 1"),
        (adversary.penalty >= 0, "adversary.penalty", "at least 0"),
        (adversary.critic_steps >= 1, "adversary.critic_steps", "at least 1"),
        (adversary.head_start >= 0, "adversary.head_start", "at least 0"),
        (adversary.rate > 0, "adversary.rate", "above 0"),
        (adversary.temperature > 0, "adversary.temperature", "above 0"),
    ):
        if not good:
            raise RecipeError(f"recipe key {key} is out of range: it must be {rule}")
