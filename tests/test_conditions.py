"""What may be asked of a model: words there and codes back, and the levels of real music."""

import numpy as np
import pytest

from antiphon.conditions import LEVELS, NAMES, UNSAID, Conditions, forget
from antiphon.errors import OptionError

KNOWN = Conditions(("Frédéric Chopin", "Franz Schubert", "Franz Liszt"))


def test_a_composer_is_known_by_any_part_of_the_name_that_only_one_has():
    assert KNOWN.ask({"composer": "chopin"}).tolist() == [1, 0, 0, 0]
    assert KNOWN.ask({"composer": "FREDERIC Chopin"})[0] == 1
    with pytest.raises(OptionError, match="franz"):
        KNOWN.ask({"composer": "franz"})


@pytest.mark.parametrize("name", LEVELS)
def test_every_level_has_a_code_of_its_own(name):
    codes = [KNOWN.ask({name: word})[NAMES.index(name)] for word in KNOWN.words[name]]
    assert codes == list(range(1, KNOWN.sizes[NAMES.index(name)]))


def test_what_is_not_known_is_refused_with_what_is():
    with pytest.raises(OptionError, match="did you mean 'density'"):
        KNOWN.ask({"densty": "high"})
    with pytest.raises(OptionError, match="did you mean 'dense'"):
        KNOWN.ask({"density": "denser"})


@pytest.mark.parametrize(
    ("gap_ms", "word"), [(1000, "sparse"), (120, "low"), (85, "medium"), (65, "high"), (20, "dense")]
)
def test_density_counts_onsets_a_second(gap_ms, word):
    onset = np.arange(100) * gap_ms
    codes = KNOWN.count(onset, np.full(100, 64), np.full(100, 64), "Franz Liszt")
    assert [words[code - 1] for words, code in zip(KNOWN.words.values(), codes, strict=True)] == [
        "Franz Liszt", word, "medium", "middle",
    ]  # fmt: skip


def test_one_chord_has_no_density_and_a_stranger_no_name():
    assert KNOWN.count(np.zeros(3), np.array([90, 91, 92]), np.array([100] * 3), "Nobody").tolist() == [
        UNSAID,
        UNSAID,
        5,
        5,
    ]


def test_forgetting_leaves_out_its_share():
    rng = np.random.default_rng(0)
    said = np.array([forget(np.array([1, 2, 3, 4]), 0.3, rng) for _ in range(4000)]) > 0
    assert 0.28 < (~said.any(1)).mean() < 0.34  # all at once, and now and then all of them one by one
    assert np.allclose(said.mean(0), 0.49, atol=0.03)
    assert (forget(np.array([1, 2, 3, 4]), 0.0, rng) == [1, 2, 3, 4]).all()
