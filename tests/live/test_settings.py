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


def test_a_temperature_by_attribute_stands_instead_of_the_one_for_all():
    sampling = LiveSettings(temperature=0.8, temperatures="pitch=1.1, step=0.9", repetition=2).sampling
    assert [sampling.temperature_of(name) for name in ("pitch", "step", "velocity")] == [1.1, 0.9, 0.8]
    assert (sampling.repetition, sampling.repetition_window) == (2, 32)
    assert field_of("temperature", "pitch=1.1") == "temperatures"


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
        ({"temperatures": "picth=1"}, "did you mean 'pitch'"),
        ({"temperatures": "pitch"}, "write pitch=1.1,step=0.9"),
        ({"temperatures": "pitch=0"}, "pitch temperature 0.0 is out of range"),
        ({"repetition": 0}, "repetition penalty 0 is out of range"),
        ({"softest": 90, "loudest": 30}, "softest 90 is above loudest 30: turn them round"),
        ({"loudest": 200}, "loudest 200 is out of range: 1 to 127"),
        ({"polyphony": -1}, "polyphony -1 is out of range: 1 to 128, or 0 for any number"),
        ({"grid": "1/5"}, "unknown grid '1/5'"),
        ({"grid": "1/8", "swing": 0.9}, "swing 0.9 is out of range: 0.5, even, to 0.8"),
        ({"swing": 0.6}, "swing 0.6 needs a grid"),
        ({"heed": 0}, "heed 0 is out of range: 0.1 to 20"),
        ({"heed": float("nan")}, "heed nan is out of range"),
    ],
)
def test_what_nobody_knows_or_no_music_can_be_is_refused(settings, message):
    with pytest.raises(OptionError) as error:
        LiveSettings(**settings)
    assert message in str(error.value)
