import numpy as np
import pytest
from tests.generate.conftest import Toy

from antiphon.conditions import LEVELS, NAMES, Conditions
from antiphon.engine.asked import Asked, Heeding
from antiphon.errors import OptionError
from antiphon.generate.control import Control
from antiphon.generate.options import GROUPS, control
from antiphon.generate.voice import Voices
from antiphon.generate.wishes import wished
from antiphon.live.settings import BOUNDS, LiveSettings


class Bundle:
    """What is looked at of a bundle."""

    name = "toy"

    def __init__(self, *composers):
        self.conditions = Conditions(composers) if composers else None


class Told(Toy):
    """A toy with conditions at the end of its state."""

    def start(self, batch):
        return *super().start(batch), np.zeros((batch, len(NAMES)), np.int64)

    def step(self, rows, state):
        features, (after,) = super().step(rows, (state[0] + state[-1].sum(-1, keepdims=True),))
        return features, (after, state[-1])


def test_every_wish_is_an_option_and_help_names_its_words():
    options = GROUPS["wishes"][1]
    assert tuple(options) == (*NAMES, "heed")
    for name, (words, _) in LEVELS.items():
        assert f"{', '.join(words[:-1])} or {words[-1]}" in options[name].help


def test_a_wish_reaches_the_model_and_no_control():
    toy = Told()
    options = {"composer": "chopin", "density": "low", "notes": 3, "heed": 1}
    engine = wished(toy, Bundle("Frédéric Chopin", "Franz Liszt"), options)
    assert isinstance(engine, Asked)
    assert engine.start(2)[-1].tolist() == [[1, 2, 0, 0]] * 2
    assert control({"density": "low", "composer": "x"}, endless=True) == control({}, endless=True) != Control()


def logits(engine, rows, index=1):
    features, state = engine.step(rows, engine.start(len(rows)))
    features, _ = engine.hear(rows[:, None], state)
    return engine.logits(index, features[:, -1], rows)


@pytest.mark.parametrize("heed", [0.5, 3.0, None])
def test_what_a_wish_changes_counts_as_often_as_it_is_heeded(heed):
    toy, rows = Told(), np.array([[3, 60, 20, 40], [0, 64, 20, 41], [9, 31, 7, 2]])
    bundle, wish = Bundle("Franz Liszt"), {"density": "high", "composer": "liszt"}
    engine = wished(toy, bundle, wish if heed is None else {**wish, "heed": heed})
    assert isinstance(engine, Heeding)
    plain, told = logits(toy, rows), logits(wished(toy, bundle, {**wish, "heed": 1}), rows)
    assert np.abs(told - plain).max() > 1
    np.testing.assert_allclose(logits(engine, rows), plain + (heed or 4) * (told - plain), rtol=1e-5, atol=1e-4)


def test_a_voice_that_heeds_goes_back_and_forks_like_any_other():
    engine = wished(Told(), Bundle("Franz Liszt"), {"density": "high"})
    voices, alone = Voices(engine, [(1,), (2,), (3,)]), Voices(engine, [(2,)])
    assert all((voices.next()[1:2] == alone.next()).all() for _ in range(20))
    mark = voices.mark()
    first = [voices.next() for _ in range(5)]
    voices.rewind(mark)
    assert all((voices.next() == rows).all() for rows in first)
    voices.take(np.array([2, 2, 0]))
    assert voices.next().shape == (3, 4)


def test_without_a_wish_the_model_is_the_same():
    toy = Toy()
    assert wished(toy, Bundle(), {"key": "C"}) is toy


@pytest.mark.parametrize(
    ("bundle", "options", "message"),
    [
        (Bundle(), {"density": "low"}, "it was trained without conditions; leave it out, or bound it with --notes-per"),
        (Bundle(), {"composer": "chopin"}, "leave it out, or choose a model whose `antiphon info` lists conditions"),
        (Bundle("Franz Liszt"), {"composer": "Bach"}, "unknown composer 'Bach'. Known: Franz Liszt."),
        (Bundle("Franz Liszt"), {"composer": "lizst"}, "unknown composer 'lizst'; did you mean 'Franz Liszt'?"),
    ],
)
def test_what_a_model_does_not_know_is_refused(bundle, options, message):
    with pytest.raises(OptionError) as error:
        wished(Told(), bundle, options)
    assert message in str(error.value)


def test_live_playing_names_its_own_bounds():
    for field in ("wished_density", "register"):
        settings = LiveSettings(**{field: "low"})
        with pytest.raises(OptionError, match=f"or bound it with {BOUNDS[field.removeprefix('wished_')]}, or choose"):
            wished(Told(), Bundle(), settings.wishes, BOUNDS)
    with pytest.raises(OptionError, match="without conditions; leave it out, or choose"):
        wished(Told(), Bundle(), LiveSettings(dynamics="soft").wishes, BOUNDS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"density": "4..8"}, "A bound in numbers is --notes-per-second 4..8."),
        ({"register": "C2..C4"}, "A bound in numbers is --range C2..C4."),
        ({"dynamics": "lowd"}, "unknown dynamics 'lowd'; did you mean 'loud'?"),
        ({"density": "low", "heed": 50}, "heed 50 is out of range: 0.1 to 20; 1 is as the model was trained"),
        ({"density": "low", "heed": float("nan")}, "heed nan is out of range"),
        ({"heed": 2.0}, "heed 2.0 is about wishes: give one of composer, density, dynamics, register"),
    ],
)
def test_a_word_that_is_none_is_refused_before_any_model_is_opened(options, message):
    with pytest.raises(OptionError) as error:
        control(options)
    assert message in str(error.value)
