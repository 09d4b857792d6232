"""Drawing codes: at the model's frequencies, never what is not allowed."""

import numpy as np
import pytest

from antiphon.errors import OptionError
from antiphon.generate.sampling import Dice, Sampling, draw

LOGITS = np.array([0.5, -1.0, 2.0, 0.0, 1.0])


def frequencies(temperature=1.0, allowed=None, count=40_000, **options):
    uniform = np.random.default_rng(0).random(count)
    logits = np.tile(LOGITS, (count, 1))
    mask = None if allowed is None else np.tile(allowed, (count, 1))
    codes = draw(logits, Sampling(temperature=temperature, **options), uniform, mask)
    return np.bincount(codes, minlength=5) / count


def softmax(logits):
    weight = np.exp(logits - logits.max())
    return weight / weight.sum()


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0, 10.0])
def test_codes_are_drawn_as_often_as_softmax_says(temperature):
    assert frequencies(temperature) == pytest.approx(softmax(LOGITS / temperature), abs=0.01)


# The probabilities are 0.14, 0.03, 0.55, 0.08 and 0.20.
@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"top_k": 1}, [2]),
        ({"top_k": 3}, [0, 2, 4]),
        ({"top_k": 99}, [0, 1, 2, 3, 4]),
        ({"top_p": 0.5}, [2]),
        ({"top_p": 0.6}, [2, 4]),
        ({"top_p": 0.9}, [0, 2, 3, 4]),
        ({"min_p": 0.2}, [0, 2, 4]),
        ({"min_p": 0.3, "top_k": 4}, [2, 4]),
    ],
)
def test_unlikely_codes_are_left_out(options, kept):
    wanted = softmax(np.where(np.isin(np.arange(5), kept), LOGITS, -np.inf))
    assert frequencies(**options) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize("options", [{"top_k": 2}, {"top_p": 0.3}, {"min_p": 0.9}])
def test_what_is_not_allowed_does_not_count_as_likely(options):
    assert frequencies(allowed=np.array([False, True, False, False, False]), count=10, **options)[1] == 1


@pytest.mark.parametrize(
    "options", [{"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}, {"top_p": float("nan")}, {"min_p": -0.1}, {"min_p": 1}]
)
def test_other_options_out_of_range_are_refused(options):
    with pytest.raises(OptionError, match="is out of range"):
        Sampling(**options)


def test_a_mask_leaves_out_codes_and_keeps_the_others_proportions():
    allowed = np.array([True, True, False, False, True])
    assert frequencies(allowed=allowed) == pytest.approx(softmax(np.where(allowed, LOGITS, -np.inf)), abs=0.01)


@pytest.mark.parametrize("uniform", [0.0, 0.5, np.nextafter(1.0, 0.0)])
def test_a_mask_is_never_violated_even_at_the_ends(uniform):
    allowed = np.zeros((128, 128), bool)
    np.fill_diagonal(allowed, True)
    logits = np.random.default_rng(0).normal(0, 30, (128, 128))
    assert (draw(logits, Sampling(), np.full(128, uniform), allowed) == np.arange(128)).all()


@pytest.mark.parametrize("uniform", [0.0, np.nextafter(1.0, 0.0)])
def test_the_ends_of_chance_are_codes(uniform):
    codes = draw(np.zeros((1, 140), np.float32), Sampling(), np.array([uniform]))
    assert 0 <= codes[0] < 140


def test_a_low_temperature_takes_the_likeliest():
    assert frequencies(0.01, count=100)[2] == 1


@pytest.mark.parametrize("temperature", [0, -1, 10.5, float("nan"), float("inf"), float("-inf")])
def test_a_temperature_out_of_range_is_refused(temperature):
    with pytest.raises(OptionError, match=r"temperature .* is out of range: above 0 and at most 10"):
        Sampling(temperature=temperature)


def test_dice_of_one_seed_are_the_same_beside_any_others():
    alone, among = Dice([(7, 1)], 4), Dice([(7, 0), (7, 1), (7, 2)], 4)
    thrown = [(alone.throw(i)[0], among.throw(i)[1]) for i in range(600)]  # more than a block
    assert all((a == b).all() for a, b in thrown)
    assert len({tuple(a) for a, _ in thrown}) == 600


def test_dice_are_even():
    dice = Dice([(0,)], 4)
    thrown = np.array([dice.throw(i)[0] for i in range(2000)])
    assert thrown.mean(0) == pytest.approx(0.5, abs=0.03)
    assert thrown.min() >= 0
    assert thrown.max() < 1


def expected(logits, options, uniform, allowed):
    """The code that one number draws from (V,) logits, by the definitions alone: sets of codes and their shares."""
    left = [code for code in range(len(logits)) if allowed[code]]
    share = softmax(logits[left] / options.get("temperature", 1.0))
    chance = dict(zip(left, share, strict=True))
    falling = sorted(chance.values(), reverse=True)
    kept = {code for code in left if chance[code] >= options.get("min_p", 0) * falling[0]}
    kept &= {code for code in left if chance[code] >= falling[min(options.get("top_k") or 999, len(left)) - 1]}
    nucleus = 1 + sum(total < options.get("top_p", 1.0) for total in np.cumsum(falling)[:-1])
    kept &= {code for code in left if chance[code] >= falling[nucleus - 1]}
    if "typical" in options:
        entropy = -sum(p * np.log(p) for p in share if p > 0)
        nearest = sorted(left, key=lambda code: abs(-np.log(chance[code]) - entropy))
        before = np.cumsum([0.0, *(chance[code] for code in nearest)])[:-1]
        typical = {code for code, mass in zip(nearest, before, strict=True) if mass < options["typical"]}
        kept &= typical | {code for code in left if chance[code] == falling[0]}
    total, target = 0.0, uniform * sum(chance[code] for code in sorted(kept))
    for code in sorted(kept):
        total += chance[code]
        if total > target:
            return code
    raise AssertionError("chance is below 1")


@pytest.mark.parametrize(
    "options",
    [
        {}, {"temperature": 0.7}, {"top_k": 7}, {"top_p": 0.9}, {"min_p": 0.05}, {"typical": 0.9}, {"typical": 0.2},
        {"temperature": 1.3, "top_k": 20, "top_p": 0.95, "min_p": 0.02}, {"typical": 0.8, "top_k": 9, "top_p": 0.8},
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch", [1, 8])
def test_one_voice_and_several_draw_what_the_definitions_say(options, batch):
    rng = np.random.default_rng(3)
    for _ in range(240 // batch):
        logits, uniform = rng.normal(0, 2, (batch, 40)), rng.random(batch)
        allowed = rng.random((batch, 40)) < 0.8
        allowed[:, 0] = True
        rows = zip(logits, uniform, allowed, strict=True)
        codes = draw(logits, Sampling(**options), uniform, allowed)
        assert codes.tolist() == [expected(row, options, number, mask) for row, number, mask in rows]
