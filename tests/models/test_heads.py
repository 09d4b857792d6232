"""Heads: every kind is a distribution over codes, also one trained by squared error."""

import numpy as np
import pytest
import torch
from tests.tiny import CONFIGS

from antiphon.codec import HELD, NoteCodec
from antiphon.models.base import Batch
from antiphon.models.heads import Gaussian, Heads, _log_normal_cdf
from antiphon.models.registry import build

pytestmark = pytest.mark.torch
CODEC = NoteCodec()
COLUMNS = pytest.mark.parametrize("name", ["step", "pitch", "velocity", "duration"])


def head(name):
    return Gaussian(CODEC, CODEC.column[name], 0)


@COLUMNS
@pytest.mark.parametrize("sigma", [0.01, 0.1, 1.0, 10.0])
def test_a_gaussian_s_masses_sum_to_one(name, sigma):
    means = torch.linspace(-0.5, 2, 11)[:, None]
    masses = head(name).log_mass(means, torch.tensor(sigma)).exp()
    assert masses.sum(-1).numpy() == pytest.approx(1, abs=1e-4)


@COLUMNS
def test_a_gaussian_is_a_bell_around_its_mean(name):
    one = head(name)
    code = 20
    logits = one.log_mass(one.values[code].reshape(1, 1), torch.tensor(1e-3))
    assert int(logits.argmax()) == code


def test_a_gaussian_never_holds_a_note():
    assert head("duration").log_mass(torch.tensor([[5.0]]), torch.tensor(1.0))[0, HELD] < -25


def test_a_gaussian_s_log_masses_are_finite_far_from_the_mean():
    assert torch.isfinite(head("step").log_mass(torch.tensor([[-3.0], [0.0], [70.0]]), torch.tensor(1e-3))).all()


def test_the_best_deviation_is_found():
    one = head("pitch")
    rng = np.random.default_rng(0)
    pitch = np.clip(np.rint(64 + 12 * rng.standard_normal(500)), 0, 127).astype(np.int64)
    one.fit(torch.full((500, 1), 64 / 128), torch.from_numpy(pitch))
    assert float(one.sigma) * 128 == pytest.approx(12, rel=0.15)  # the grid's steps are 12 %


def test_a_squared_error_is_zero_at_the_note_and_negative_times_are_pressed_back():
    one = head("step")
    rows = torch.tensor([[30, 60, 10, 20]] * 2)
    exact = one.values[30]
    loss = one.loss(torch.stack([exact, -exact])[:, None], rows)
    assert float(loss[0]) == 0
    assert float(loss[1]) == pytest.approx(float(4 * exact**2 + 10 * exact))


def test_log_normal_cdf_is_torch_s():
    z = torch.linspace(-12, 8, 2001)
    torch.testing.assert_close(_log_normal_cdf(z), torch.special.log_ndtr(z), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["chained", "independent", "gaussian", "marginal"])
@torch.no_grad()
def test_every_kind_is_measured_as_a_distribution(kind):
    torch.manual_seed(0)
    heads = Heads(CODEC, 8, 8, "chained", dict.fromkeys(("pitch", "velocity", "duration"), kind))
    features = heads(torch.randn(2, 3, 8))
    for i, attribute in enumerate(CODEC.attributes):
        codes = torch.zeros(attribute.size, 4, dtype=torch.long)
        codes[:, i] = torch.arange(attribute.size)
        log_p = heads.log_prob(features[:1, :1].expand(attribute.size, 1, -1)[:, 0], codes)[:, i]
        assert float(log_p.exp().sum()) == pytest.approx(1, abs=1e-4)


@torch.no_grad()
def test_only_a_chained_head_listens_to_the_row():
    rows = torch.tensor([[0, 60, 10, 20], [50, 61, 20, 30]])
    for kind, listens in (("chained", True), ("independent", False), ("gaussian", False), ("marginal", False)):
        heads = Heads(CODEC, 8, 8, "chained", {"duration": kind})
        logits = heads.logits(3, heads(torch.zeros(2, 8)), rows)
        assert torch.equal(logits[0], logits[1]) != listens, kind


def test_an_attribute_can_weigh_more():
    torch.manual_seed(0)
    heads = Heads(CODEC, 8, 8, "independent", weights={"pitch": 5.0})
    plain = Heads(CODEC, 8, 8, "independent")
    features, rows = heads(torch.randn(1, 8)), torch.tensor([[0, 60, 10, 20]])
    assert (heads.loss(features, rows) / plain.loss(features, rows))[0].tolist() == pytest.approx([1, 5, 1, 1])


def test_calibration_fits_gaussians_to_what_training_hears():
    torch.manual_seed(0)
    model = build("lstm", CONFIGS["lstm"]["notebook"], CODEC).eval()
    rows = torch.randint(0, 30, (4, 20, 4))
    batch = Batch(rows, rows, torch.ones(4, 20))
    before = model.log_prob(batch).sum()
    model.calibrate([batch])
    assert model.log_prob(batch).sum() > before
    assert "heads.heads.0.sigma" in model.state_dict()  # so it is saved with the weights


def test_the_weight_of_an_empty_window_is_no_division_by_zero():
    model = build("lstm", CONFIGS["lstm"]["notebook"], CODEC)
    rows = torch.zeros(2, 5, 4, dtype=torch.long)
    assert model.loss(Batch(rows, rows, torch.zeros(2, 5))).item() == 0
