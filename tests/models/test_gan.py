"""Families that draw whole phrases: what stands for the contract of those that step, held for each configuration."""

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.codec import NoteCodec
from antiphon.corpus.phrase_rolls import Layout
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Drawing
from antiphon.engine.bundle import CARD, DRAWER, WEIGHTS
from antiphon.engine.torch_engine import load_model
from antiphon.errors import ModelError, RecipeError
from antiphon.models.base import Batch, Drawer, count_parameters
from antiphon.models.gan import GANConfig, binary
from antiphon.models.registry import FAMILIES, build, family

pytestmark = pytest.mark.torch
DRAWING = [
    pytest.param(name, config, id=f"{name}-{key}")
    for name in FAMILIES
    if issubclass(family(name), Drawer)
    for key, config in CONFIGS[name].items()
]
every_drawing = pytest.mark.parametrize(("name", "config"), DRAWING)
TEACHES = {"size": 16, "critic_size": 16, "bars": 1, "steps": 8, "tracks": 1, "pitches": 12, "noise": 8}


def layout(model):
    return Layout(**{f.name: getattr(model.config, f.name) for f in dataclasses.fields(Layout)})


def lively(name, config):
    """An untrained model whose cells are about as often on as off."""
    model = tiny_model(name, config)
    for track in model.player.tracks:
        torch.nn.init.zeros_(track.cells.bias)
    return model


def batch_of(model, count=4, seed=0):
    """Random rolls, as training has them."""
    shape = (count, layout(model).shape[0], int(np.prod(layout(model).shape[1:])))
    rows = torch.from_numpy(np.random.default_rng(seed).integers(0, 2, shape))
    return Batch(rows, rows, torch.ones(shape[:2]))


@every_drawing
@torch.no_grad()
def test_phrases_are_binary_and_of_noise_alone(name, config):
    model, noise = lively(name, config), torch.randn(3, tiny_model(name, config).draws)
    rolls = model.draw(noise)
    assert rolls.shape == (3, *layout(model).shape)
    assert set(rolls.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(rolls, model.draw(noise))
    assert not torch.equal(rolls[0], rolls[1])
    assert torch.equal(rolls[1:2], model.draw(noise[1:2]))  # whatever its neighbours
    assert (rolls[:, :, :, 1] <= rolls[:, :, :, 0]).all()  # nothing begins that does not sound


@every_drawing
def test_each_side_has_a_gradient_for_every_weight_of_its_own_and_none_of_the_other(name, config):
    model = lively(name, config).train()
    for loss, own, other in ((model.critic_loss, model.critic, model.player), (model.player_loss, model.player, None)):
        model.zero_grad()
        value = loss(batch_of(model))
        assert value.dim() == 0
        value.backward()
        assert torch.isfinite(value)
        assert all(torch.isfinite(p.grad).all() for p in own.parameters() if p.grad is not None)
        without = [n for n, p in own.named_parameters() if p.grad is None]
        assert not without or model.config.loss == "relativistic"
        assert all("score.bias" in n for n in without)  # of two scores the difference counts
        assert other is None or all(p.grad is None for p in other.parameters())


def test_a_straight_through_step_has_the_logistic_slope():
    logits = torch.tensor([-1.0, 0.5, 3.0], requires_grad=True)
    hard = binary(logits)
    assert hard.tolist() == [0.0, 1.0, 1.0]
    hard.sum().backward()
    share = torch.sigmoid(logits.detach())
    torch.testing.assert_close(logits.grad, share * (1 - share))


@pytest.mark.parametrize("loss", ["wasserstein", "relativistic"])
def test_learns_a_pattern(loss):
    """A fifth in even crotchets, the same in every phrase: after a while nothing else is drawn."""
    torch.manual_seed(0)
    weight = {"wasserstein": 1.0, "relativistic": 0.1}[loss]
    model = build("gan", {**TEACHES, "loss": loss, "penalty": weight}, NoteCodec())
    real = torch.zeros(16, 8, 1, 2, 12)
    real[:, :, :, 0, [0, 7]] = 1
    real[:, ::4, :, 1, [0, 7]] = 1
    rows = real.flatten(2).long()
    batch = Batch(rows, rows, torch.ones(16, 8))
    sides = [torch.optim.Adam(side.parameters(), 0.005, betas=(0.0, 0.9)) for side in (model.critic, model.player)]
    for step in range(300):
        turn = step % 2
        sides[turn].zero_grad()
        (model.player_loss if turn else model.critic_loss)(batch).backward()
        sides[turn].step()
    with torch.no_grad():
        wrong = (model.draw(torch.randn(64, 8)) != real[:1]).float().mean()
    assert wrong < 0.02  # of all cells; that nothing sounds would be 0.1


@every_drawing
def test_weights_there_and_back(name, config):
    model, other = lively(name, config), build(name, config, NoteCodec()).eval()
    other.load_state_dict(load(save(model.state_dict())))
    noise = torch.randn(2, model.draws)
    with torch.no_grad():
        assert torch.equal(model.draw(noise), other.draw(noise))


@every_drawing
def test_the_bundle_draws_what_torch_does(name, config, tmp_path):
    model = lively(name, config)
    bundle = open_bundle(write_model(tmp_path / "model", model, name, config))
    assert {path.name for path in bundle.path.iterdir()} == {WEIGHTS, DRAWER, CARD, "meta.json"}
    assert bundle.meta["state"] == []
    engine = open_engine(bundle)
    assert isinstance(engine, Drawing)
    assert engine.layout == layout(model)
    assert engine.noise == model.draws
    noise = np.random.default_rng(0).standard_normal((300, model.draws))
    found = engine.draw(noise)
    with torch.no_grad():
        expected = load_model(bundle).draw(torch.from_numpy(noise).float()).numpy()
    assert found.dtype == np.uint8
    assert (found != expected).mean() < 1e-4  # a logit may lie within an error of rounding of 0
    assert np.array_equal(engine.draw(noise[7:9]), found[7:9])


@every_drawing
def test_it_refuses_to_step(name, config, tmp_path):
    engine = open_engine(write_model(tmp_path / "mine", tiny_model(name, config), name, config))
    for ask in (
        lambda: engine.start(1), lambda: engine.step(np.zeros((1, 4)), ()),
        lambda: engine.hear(np.zeros((1, 1, 4)), ()), lambda: engine.logits(0, np.zeros((1, 1)), np.zeros((1, 4))),
    ):  # fmt: skip
        with pytest.raises(ModelError, match="mine draws whole phrases and hears no music"):
            ask()


def test_a_bundle_whose_graph_is_another_is_refused(tmp_path):
    small = CONFIGS["gan"]["small"]
    path = write_model(tmp_path / "mine", tiny_model("gan", small), "gan", {**small, "bars": 4})
    with pytest.raises(ModelError, match=r"drawer\.onnx draws \[32, 2, 2, 60\]; copy or train"):
        open_engine(path)


def test_what_a_bundle_s_phrases_look_like_unless_it_says_so_is_the_family_s():
    config = GANConfig()
    assert all(getattr(config, f.name) == getattr(Layout(), f.name) for f in dataclasses.fields(Layout))


def test_most_weights_are_counted_on_both_sides():
    model = tiny_model("gan", {})
    assert count_parameters(model) == count_parameters(model.player) + count_parameters(model.critic) < 1_500_000


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"loss": "hinge"}, "unknown value of model.loss 'hinge'"),
        ({"bars": 0}, "model.bars 0 is out of range: 1 to 64"),
        ({"tracks": 3}, "model.tracks 3 is out of range: 1 to 2"),
        ({"critic_steps": 0}, "model.critic_steps 0 is out of range"),
        ({"steps": 14}, r"model\.steps must be a multiple of 4"),
        ({"pitches": 50}, r"model\.pitches of 12"),
        ({"lowest": 100}, "model.pitches 60 above model.lowest 100 leave the range"),
        ({"penalty": -1.0}, "model.penalty -1.0 is out of range"),
    ],
)
def test_what_is_out_of_range_is_named(config, message):
    with pytest.raises(RecipeError, match=message):
        build("gan", config, NoteCodec())


@pytest.mark.parametrize("codec", [NoteCodec(programs=True), NoteCodec(ends=4)])
def test_rolls_are_no_rows_of_notes(codec):
    with pytest.raises(RecipeError, match=r"leave codec\.programs and codec\.ends out"):
        build("gan", {}, codec)
