"""What may be set, and what of it the model is told."""

import pytest

from antiphon.conditions import LEVELS, NAMES
from antiphon.errors import OptionError
from antiphon.generate.sampling import Sampling
from antiphon.live.settings import LiveSettings, field_of


def test_wishes_have_the_names_that_generate_knows_and_count_four_times_unless_told():
    settings = LiveSettings(composer="chopin", wished_density="sparse", dynamics="soft", register="low")
    assert settings.wishes == {
        "composer": "chopin", "density": "sparse", "dynamics": "soft", "register": "low", "heed": 4.0,
    }  # fmt: skip
    assert tuple(settings.wishes) == (*NAMES, "heed")


def test_who_wishes_for_nothing_tells_nothing():
    assert LiveSettings(heed=9, density=4).wishes == {}


def test_codes_are_left_out_as_in_generate():
    left_out = {"temperature": 0.9, "top_k": 9, "top_p": 0.9, "min_p": 0.01, "typical": 0.8}
    assert LiveSettings(**left_out).sampling == Sampling(**left_out)
    with pytest.raises(OptionError, match="typical 0 is out of range: above 0 and at most 1"):
        LiveSettings(typical=0)


@pytest.mark.parametrize("word", [*LEVELS["density"][0], "", "4..8"])
def test_a_word_for_the_density_is_a_wish(word):
    assert field_of("density", word) == "wished_density"


@pytest.mark.parametrize(
    ("name", "value"), [("density", 4.0), ("density", "4"), ("density", ".5"), ("key", "C"), ("nothing", "")]
)
def test_all_else_is_what_it_is_called(name, value):
    assert field_of(name, value) == name


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"wished_density": "sprase"}, "unknown density 'sprase'; did you mean 'sparse'"),
        ({"wished_density": "4..8"}, "A number is a bound: the most notes a second."),
        ({"dynamics": "lowd"}, "unknown dynamics 'lowd'; did you mean 'loud'"),
        ({"register": "C2"}, "unknown register 'C2'. Known: high, highest, low, lowest, middle."),
        ({"heed": 0}, "heed 0 is out of range: 0.1 to 20"),
        ({"heed": float("nan")}, "heed nan is out of range"),
    ],
)
def test_wishes_nobody_knows_are_refused(settings, message):
    with pytest.raises(OptionError) as error:
        LiveSettings(**settings)
    assert message in str(error.value)
