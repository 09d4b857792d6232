import pytest

from antiphon.engine.base import Engine
from antiphon.errors import FileError, OptionError
from antiphon.generate.finish import finish
from antiphon.generate.options import control
from antiphon.generate.presets import own_file, preset, presets, read_presets
from antiphon.generate.task import perform

NAMES = sorted(presets())


@pytest.fixture
def own():
    """Writes a person's own file of presets."""

    def write(text):
        own_file().parent.mkdir(parents=True, exist_ok=True)
        own_file().write_text(text, encoding="utf-8")
        return own_file()

    return write


def test_those_that_come_along():
    assert {"nocturne", "walking", "sparse"} <= set(NAMES)
    assert all(p.about and not p.own for p in presets().values())


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_played(name, toy: Engine):
    chosen = preset(name)
    finish(chosen.options)
    control(chosen.options)
    works = perform(toy, "generate", {**chosen.options, "notes": 40}, [(1, 0)])
    assert works.pieces[0].notes > 10


def test_ones_own_are_added_and_hide(own):
    own('[mine]\ntemperature = 0.8\n[sparse]\nabout = "other"\nnotes-per-second = "..1"\n')
    assert preset("mine").own
    assert (preset("sparse").about, preset("sparse").options) == ("other", {"notes-per-second": "..1"})
    assert not preset("nocturne").own


def test_an_unknown_one_is_suggested_and_the_place_of_ones_own_said():
    with pytest.raises(OptionError) as error:
        preset("noctrune")
    assert "unknown preset 'noctrune'; did you mean 'nocturne'?" in str(error.value)
    assert str(own_file()) in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nkeey = 'C'\n", "preset 'a': unknown option 'keey'; did you mean 'key'?"),
        ("[a]\nkey = 3.5\ntop-k = 'x'\n", "top-k = 'x' is of the wrong kind; it must be a whole number"),
        ("[a]\nkey = 'H'\n", "preset 'a': 'H' is no key"),
        ("[a]\ntop-p = 7\n", "preset 'a': top-p 7 is out of range"),
        ("[a]\nabout = 7\n", "about = 7 is of the wrong kind"),
        ("a = 1\n", "preset 'a': it must be a table, [a]"),
        ("[a\n", "is no TOML"),
        ("[a]\ngrid = '1/16'\n", "needs a tempo"),
    ],
)
def test_what_is_wrong_in_ones_own_is_named_with_the_file(text, message, own):
    path = own(text)
    with pytest.raises((OptionError, FileError)) as error:
        presets()
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileError, match=r"cannot read .*No such file"):
        read_presets(tmp_path / "none.toml")
