"""The classifier two-sample test: chance for the same, near certainty for the different."""

import numpy as np
import pytest

from antiphon.errors import MissingExtraError
from antiphon.evaluate import two_sample as module
from antiphon.evaluate.two_sample import FEWEST, two_sample

GROUPS = np.repeat(np.arange(60), 2)


def music(seed: int, count: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"density": rng.normal(shift, 1, count), "polyphony": rng.normal(0, 1, count)}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(module, "ROUNDS", 50)
    monkeypatch.setattr(module, "TREES", 20)


def test_the_same_music_cannot_be_told_apart():
    found = two_sample(music(1, 64), music(2, 120), GROUPS)
    assert 0.3 < found["auc"] < 0.7
    assert found["auc_low"] <= found["auc"] <= found["auc_high"]
    assert 0.3 < found["control"]["auc"] < 0.7
    assert found["samples"] == 60


def test_other_music_is_told_apart_by_what_differs():
    told = []
    found = two_sample(music(1, 64, 3.0), music(2, 120), GROUPS, progress=told.append)
    assert found["auc"] > 0.95
    assert found["telling"][0]["measure"] == "density"
    assert found["auc_low"] > found["control"]["auc"]
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_same_seed_gives_the_same():
    assert two_sample(music(1, 64), music(2, 120), GROUPS) == two_sample(music(1, 64), music(2, 120), GROUPS)


def test_too_few_are_refused():
    found = two_sample(music(1, FEWEST - 1), music(2, 120), GROUPS)
    assert found == {"refused": f"too few samples: {FEWEST - 1} a side, {FEWEST} are needed"}


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"needs scikit-learn, .* pip install 'antiphon\[lab\]'"):
        module.check_installed()
