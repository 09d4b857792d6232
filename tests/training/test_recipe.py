"""Recipes: every one that ships works, and every mistake in one of your own is named."""

import dataclasses

import pytest
import torch

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.registry import build, family
from antiphon.training.batches import as_batch
from antiphon.training.recipe import Recipe, build_table, load_recipe, shipped
from antiphon.training.run import prepare_run

pytestmark = pytest.mark.torch
LEAST = "[model]\nsize = 16\n[data]\nwindow = 8\nbatch = 2\n"


@pytest.fixture
def write(tmp_path):
    def make(text, family='family = "lstm"\n'):
        (path := tmp_path / "mine.toml").write_text(family + text)
        return path

    return make


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_takes_a_step(name, corpus):
    recipe = load_recipe(name)
    small = {"size": 128, "layers": 1, "head_size": 16, "inner": 64, "steps": 8}  # keys of those that the family has
    keys = {field.name for field in dataclasses.fields(family(recipe.family).Config)}
    model = recipe.model | {key: value for key, value in small.items() if key in keys}
    data = dataclasses.replace(recipe.data, batch=2)
    run = prepare_run(dataclasses.replace(recipe, model=model, data=data, start_from=""), corpus)
    loss = run.model.loss(as_batch(run.windows.batch(0)))
    loss.backward()
    assert torch.isfinite(loss)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_says_why_it_exists(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.about.endswith(".")
    assert shipped()[name].read_text().startswith("# ")
    build_table(family(recipe.family).Config, recipe.model, "model.")


def test_a_path_works_and_what_it_does_not_say_is_the_default(write):
    recipe = load_recipe(write(LEAST))
    assert (recipe.name, recipe.family, recipe.model) == ("mine", "lstm", {"size": 16})
    assert recipe.train == Recipe(name="", family="").train


@pytest.mark.parametrize(
    ("override", "place", "value"),
    [
        ("train.seed=3", "train.seed", 3),
        ("train.learning_rate=1e-3", "train.learning_rate", 1e-3),
        ("train.clip=2", "train.clip", 2.0),
        ("train.optimiser=adam", "train.optimiser", "adam"),
        ("train.optimiser='adam'", "train.optimiser", "adam"),
        ("augment.stretch=[0.9, 1.1]", "augment.stretch", (0.9, 1.1)),
        (" codec.programs = true", "codec.programs", True),
        ("model.dropout=0.3", "model.dropout", 0.3),
        ("name=other", "name", "other"),
    ],
)
def test_one_key_can_be_set(override, place, value, write):
    found = load_recipe(write(LEAST), [override])
    for part in place.split("."):
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    assert found == value
    assert type(found) is type(value)


def test_the_last_setting_counts(write):
    assert load_recipe(write(LEAST), ["train.seed=1", "train.seed=2"]).train.seed == 2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.learning_rat=1", "unknown recipe key 'train.learning_rat'; did you mean 'train.learning_rate'"),
        ("trian.seed=1", "unknown recipe key 'trian'; did you mean 'train'"),
        ("train.seed=one", "recipe key train.seed is 'one'; it must be of type int"),
        ("train.seed=1.5", "recipe key train.seed is 1.5; it must be of type int"),
        ("train.seed=true", "recipe key train.seed is True; it must be of type int"),
        ("train.learning_rate=nan", "recipe key train.learning_rate is nan; it must be a finite number"),
        ("train.learning_rate=-inf", "must be a finite number"),
        ("train.learning_rate=0", "train.learning_rate is out of range: it must be above 0"),
        ("train.optimiser=sgd", "train.optimiser is out of range: it must be adamw, adam or muon"),
        ("augment.stretch=[1.2]", "has 1 values; it must have 2"),
        ("augment.stretch=[1.2, 0.8]", "the lower first"),
        ("augment.stretch=2.0", "augment.stretch is 2.0; it must be of type list"),
        ("augment.held=1.5", "augment.held is out of range"),
        ("data.batch=0", "data.batch is out of range: it must be at least 1"),
        ("data.stride=9", "data.stride is out of range: it must be 0 to data.window"),
        ("data.validation_share=0", "above 0 and at most 1"),
        ("train.seed=-1", "train.seed is out of range: it must be at least 0"),
        ("train.clip=-1", "train.clip is out of range: it must be at least 0"),
        ("train.warmup=-1", "train.warmup is out of range: it must be at least 0"),
        ("train.final_rate=2", "train.final_rate is out of range: it must be 0 to 1"),
        ("train.max_minutes=-1", "train.max_minutes is out of range: it must be at least 0"),
        ("train.average=1", "at least 0 and below 1"),
        ("train=3", "recipe key train is 3"),
        ("train.seed.more=1", "seed is a value, not a table"),
        ("model=3", "recipe key model is 3; it must be of type dict"),
        ("seed", "not of the form key=value"),
        ("=3", "not of the form key=value"),
    ],
)
def test_a_wrong_setting_is_named(override, message, write):
    with pytest.raises(RecipeError) as error:
        load_recipe(write(LEAST + "[train]\nseed = 0\n"), [override])
    assert message in str(error.value)


def test_a_wrong_key_of_the_model_is_named():
    config = family("lstm").Config
    with pytest.raises(RecipeError, match=r"unknown recipe key 'model\.sise'; did you mean 'model\.size'"):
        build_table(config, {"sise": 16}, "model.")
    with pytest.raises(RecipeError, match=r"unknown value of recipe key model\.heads 'chaind'; did you mean 'chained'"):
        build_table(config, {"heads": "chaind"}, "model.")
    with pytest.raises(RecipeError, match=r"unknown value of recipe key model\.kinds\.pitch"):
        build_table(config, {"kinds": {"pitch": "gausian"}}, "model.")


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"size": 0}, r"model\.size 0 is out of range: at least 1"),
        ({"layers": 0}, r"model\.layers 0 is out of range"),
        ({"window": -1}, r"model\.window -1 is out of range: at least 0"),
        ({"dropout": 1.0}, r"model\.dropout 1\.0 is out of range: at least 0 and below 1"),
        ({"kinds": {"pich": "marginal"}}, "unknown attribute of a note 'pich'; did you mean 'pitch'"),
        ({"weights": {"program": 2.0}}, "unknown attribute of a note 'program'"),
    ],
)
def test_a_model_that_cannot_be_is_refused(name, table, message):
    with pytest.raises(RecipeError, match=message):
        build(name, table, NoteCodec())


@pytest.mark.parametrize(
    ("text", "message"),
    [("seed = ", "is not a recipe"), ("[model]\nsize = 16\n[model]\n", "is not a recipe")],
)
def test_what_is_no_toml_is_refused(text, message, write):
    with pytest.raises(RecipeError, match=message):
        load_recipe(write(text))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="is not a recipe"):
        load_recipe(tmp_path / "mine.toml")


def test_a_recipe_without_a_family_is_refused(write):
    with pytest.raises(RecipeError, match="lacks the key family"):
        load_recipe(write(LEAST, family=""))


@pytest.mark.parametrize("name", ["lstn", "no/such.toml"])
def test_an_unknown_recipe_lists_what_there_is(name):
    with pytest.raises(RecipeError, match=r"unknown recipe .*lstm.*A path to a \.toml file works too"):
        load_recipe(name)
