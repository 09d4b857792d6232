"""A control says everything, and survives JSON."""

import json

import pytest

from antiphon.errors import OptionError
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import PLAIN, Control
from antiphon.generate.guard import Guard
from antiphon.generate.length import Ending, Length
from antiphon.generate.sampling import Sampling
from antiphon.generate.search import Search

FULL = Control(
    sampling=Sampling(temperature={"pitch": 0.8, "step": 1.1}, top_k=20, typical=0.9, repetition=1.2),
    constraints=Constraints(key="D minor", tempo=96, grid="1/16", chords="Am F", drone=(38, 45), forbidden=(60,)),
    guard=Guard(same_pitch=4),
    search=Search(method="diverse", width=4, groups=2, best_of=3),
    length=Length(bars=8),
    ending=Ending(cadence="D", hold_s=2.0),
)


@pytest.mark.parametrize("control", [PLAIN, FULL, Control(length=Length(seconds=3.5))])
def test_a_control_survives_json(control):
    assert Control.from_dict(json.loads(json.dumps(control.to_dict()))) == control


def test_what_is_left_out_is_as_it_comes():
    assert Control.from_dict({}) == PLAIN
    assert Control.from_dict({"sampling": {"top_k": 5}, "guard": {}}) == Control(
        sampling=Sampling(top_k=5), guard=Guard()
    )
    assert Control.from_dict({"sampling": None, "guard": None}) == PLAIN


def test_plain_asks_for_nothing():
    assert not PLAIN.asks_for_rules
    assert FULL.asks_for_rules
    assert Control(length=Length(notes=3), ending=Ending()).asks_for_rules


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"samplin": {}}, "unknown option of control 'samplin'; did you mean 'sampling'"),
        ({"sampling": {"topk": 3}}, "unknown option of sampling 'topk'; did you mean 'top_k'"),
        ({"constraints": {"tempo": "fast"}}, "constraints has a value of the wrong kind"),
        ({"guard": 3}, "guard is 3; it must be a table of options"),
        ({"constraints": {"polyphony": 0}}, "a polyphony of 0 is out of range"),
        ({"ending": {}}, "an ending needs a length"),
        ({"length": {"bars": 4}}, "a length of 4 bars needs a tempo"),
        ({"length": {}}, "give either a number of notes or of seconds or of bars"),
        ({"ending": {"hold_s": 50}, "length": {"notes": 3}}, "a closing hold of 50 seconds"),
    ],
)
def test_bad_values_are_refused(values, message):
    with pytest.raises(OptionError, match=message):
        Control.from_dict(values)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": {"pich": 1.0}}, "unknown attribute of a note 'pich'; did you mean 'pitch'"),
        ({"temperature": {"pitch": 0}}, "pitch temperature 0 is out of range"),
        ({"typical": 0}, "typical 0 is out of range"),
        ({"repetition": 0}, "repetition penalty 0 is out of range"),
        ({"repetition_window": 0}, "repetition window 0 is out of range"),
    ],
)
def test_sampling_out_of_range_is_refused(options, message):
    with pytest.raises(OptionError, match=message):
        Sampling(**options)
