import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.guard import Guard
from antiphon.generate.length import Ending, Length
from antiphon.generate.options import OPTIONS, checked, control, over
from antiphon.generate.sampling import Sampling
from antiphon.generate.search import Search


def test_nothing_asked_is_a_guarded_minute():
    assert control({}) == Control(guard=Guard(), length=Length(seconds=60.0))
    assert control({"no-guard": True}, endless=True) == Control()


@pytest.mark.parametrize(
    ("options", "part", "wanted"),
    [
        ({"temperature": 0.9}, "sampling", Sampling(temperature=0.9)),
        ({"temperature": "pitch=1.1, step=.9"}, "sampling", Sampling(temperature={"pitch": 1.1, "step": 0.9})),
        ({"top-k": 3, "top-p": 0.9, "min-p": 0.1}, "sampling", Sampling(top_k=3, top_p=0.9, min_p=0.1)),
        (
            {"repetition-penalty": 1.2, "repetition-window": 8},
            "sampling",
            Sampling(repetition=1.2, repetition_window=8),
        ),
        ({"typical": 0.8, "greedy": True}, "sampling", Sampling(typical=0.8, greedy=True)),
        ({"range": "C2..C6"}, "constraints", Constraints(pitch_low=36, pitch_high=84)),
        ({"range": "..60"}, "constraints", Constraints(pitch_high=60)),
        ({"forbid": "C4,F#3 B5"}, "constraints", Constraints(forbidden=(60, 54, 83))),
        ({"velocity": "40.."}, "constraints", Constraints(velocity_low=40)),
        ({"notes-per-second": "4..8"}, "constraints", Constraints(density_low=4, density_high=8)),
        ({"drone": "D2,A2", "drone-every": 3}, "constraints", Constraints(drone=(38, 45), drone_s=3)),
        (
            {"tempo": 96, "grid": "1/16", "swing": 0.6, "metre": "3/4", "chords": "Am F", "passing": True},
            "constraints",
            Constraints(tempo=96, grid="1/16", swing=0.6, metre="3/4", chords="Am F", passing=True),
        ),
        ({"max-polyphony": 2, "min-step": 0.1}, "constraints", Constraints(polyphony=2, step_min_s=0.1)),
        ({"min-duration": 0.2, "max-duration": 2}, "constraints", Constraints(duration_min_s=0.2, duration_max_s=2)),
        ({"beam": 6}, "search", Search(method="beam", width=6)),
        ({"beam": 6, "search": "diverse", "beam-groups": 3}, "search", Search(method="diverse", width=6, groups=3)),
        ({"best-of": 4}, "search", Search(best_of=4)),
        ({"ending": "tonic", "hold": 3.0, "key": "D"}, "ending", Ending(hold_s=3.0)),
        ({"ending": "bb"}, "ending", Ending(cadence="B♭")),
        ({"notes": 12}, "length", Length(notes=12)),
        ({"tempo": 96, "quantise": "1/8", "swing": 0.6}, "constraints", Constraints(tempo=96)),
        ({"guard": "same_pitch=6,silence_s=4.5"}, "guard", Guard(same_pitch=6, silence_s=4.5)),
    ],
)
def test_what_an_option_asks_for(options, part, wanted):
    found = control(options)
    assert getattr(found, part) == wanted
    assert Control.from_dict(found.to_dict()) == found


def test_what_is_above_hides_what_says_the_same_below():
    assert over({"seconds": 30.0, "key": "C"}, {"notes": 5}) == {"key": "C", "notes": 5}
    assert over({"parts": "cello,C4,violin", "tempo": 60}, {"instrument": "harp"}) == {
        "tempo": 60,
        "instrument": "harp",
    }
    assert over({"key": "C"}, {"key": "D"}) == {"key": "D"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temprature": 1}, "a place: unknown option 'temprature'; did you mean 'temperature'"),
        ({"top-k": 2.5}, "a place: top-k = 2.5 is of the wrong kind; it must be a whole number"),
        ({"top-p": "0.9"}, "top-p = '0.9' is of the wrong kind; it must be a number"),
        ({"greedy": 1}, "greedy = 1 is of the wrong kind; it must be true or false"),
        ({"top-k": True}, "top-k = True is of the wrong kind"),
        ({"key": ["C"]}, "it must be text in quotes"),
    ],
)
def test_what_is_no_option_or_of_another_kind(options, message):
    with pytest.raises(OptionError) as error:
        checked(options, "a place")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"best-by": "novelty"}, "best-by novelty chooses among several pieces: give best-of"),
        ({"hold": 2.0}, "hold 2.0 needs an ending"),
        ({"drone-every": 2.0}, "drone-every 2.0 needs a drone: give its pitches, such as D2,A2"),
        ({"bars-per-chord": 2.0}, "bars-per-chord 2.0 needs chords"),
        ({"passing": True}, "passing needs chords: give some, such as 'Am F C G'"),
        ({"repetition-window": 8}, "repetition-window 8 needs a repetition-penalty"),
        ({"beam": 4, "beam-groups": 2}, "beam-groups 2 is about diverse beams: give search diverse"),
        ({"beam-diversity": 0.5, "search": "stochastic"}, "beam-diversity 0.5 is about diverse beams"),
        ({"guard": "same_pitch=6", "no-guard": True}, "guard same_pitch=6 and no-guard contradict each other"),
        ({"ending": "Tonic"}, "ending tonic needs a key: give one, such as 'D minor', or name the pitch"),
        ({"swing": 0.6}, "swing 0.6 needs a grid"),
    ],
)
def test_an_option_that_would_do_nothing_says_what_it_needs(options, message):
    with pytest.raises(OptionError) as error:
        control(options)
    assert message in str(error.value)


def test_what_is_off_needs_nothing():
    assert control({"passing": False, "no-guard": False, "guard": "same_pitch=6"}).guard == Guard(same_pitch=6)


TEXTS = sorted(name for name, option in OPTIONS.items() if option.kind is str and option.read)


@given(st.sampled_from(TEXTS), st.text(max_size=12))
def test_any_text_is_read_or_refused(name, text):
    try:
        control({name: text, "tempo": 96.0})
    except OptionError as error:
        message = str(error)
    else:
        message = "read"
    assert message
