import numpy as np
import pytest
from tests.generate.conftest import Toy

from antiphon.conditions import LEVELS, NAMES, Conditions
from antiphon.engine.asked import Asked
from antiphon.errors import OptionError
from antiphon.generate.control import Control
from antiphon.generate.options import GROUPS, control
from antiphon.generate.wishes import wished


class Bundle:
    """What is looked at of a bundle."""

    name = "toy"

    def __init__(self, *composers):
        self.conditions = Conditions(composers) if composers else None


class Told(Toy):
    """A toy with conditions at the end of its state."""

    def start(self, batch):
        return *super().start(batch), np.zeros((batch, len(NAMES)), np.int64)


def test_every_wish_is_an_option_and_help_names_its_words():
    options = GROUPS["wishes"][1]
    assert tuple(options) == NAMES
    for name, (words, _) in LEVELS.items():
        assert f"{', '.join(words[:-1])} or {words[-1]}" in options[name].help


def test_a_wish_reaches_the_model_and_no_control():
    toy = Told()
    engine = wished(toy, Bundle("Frédéric Chopin", "Franz Liszt"), {"composer": "chopin", "density": "low", "notes": 3})
    assert isinstance(engine, Asked)
    assert engine.start(2)[-1].tolist() == [[1, 2, 0, 0]] * 2
    assert control({"density": "low", "composer": "x"}, endless=True) == control({}, endless=True) != Control()


def test_without_a_wish_the_model_is_the_same():
    toy = Toy()
    assert wished(toy, Bundle(), {"key": "C"}) is toy


@pytest.mark.parametrize(
    ("bundle", "options", "message"),
    [
        (Bundle(), {"density": "low"}, "it was trained without conditions; leave it out, or bound it with --notes-per"),
        (Bundle(), {"composer": "chopin"}, "leave it out, or choose a model whose `antiphon info` lists conditions"),
        (Bundle("Franz Liszt"), {"composer": "Bach"}, "unknown composer 'Bach'. Known: Franz Liszt."),
    ],
)
def test_what_a_model_does_not_know_is_refused(bundle, options, message):
    with pytest.raises(OptionError) as error:
        wished(Told(), bundle, options)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"density": "4..8"}, "A bound in numbers is --notes-per-second 4..8."),
        ({"register": "C2..C4"}, "A bound in numbers is --range C2..C4."),
        ({"dynamics": "lowd"}, "unknown dynamics 'lowd'; did you mean 'loud'?"),
    ],
)
def test_a_word_that_is_none_is_refused_before_any_model_is_opened(options, message):
    with pytest.raises(OptionError) as error:
        control(options)
    assert message in str(error.value)
