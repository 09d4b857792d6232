"""Writing chords: what is asked for holds in every chord, and what has no meaning for chords is refused."""

import numpy as np
import pytest
from tests.tiny import tiny_model, write_model

from antiphon.chords import APART_MS, BEAT_MS, Chords
from antiphon.engine import open_engine
from antiphon.errors import ModelError, OptionError
from antiphon.generate.chords import KNOWN, Until, drawn_chords, rendered
from antiphon.generate.control import PLAIN
from antiphon.generate.options import OPTIONS
from antiphon.generate.task import perform
from antiphon.notes import from_seconds

pytestmark = pytest.mark.torch
SMALL = {"notes": 4, "size": 16, "layers": 1, "attention": 4, "head_size": 16}
SEEDS = [(1, 0), (1, 1), (1, 2)]
PROMPT = from_seconds(np.array([0, 0.5, 1.0]), np.full(3, 0.4), np.array([60, 64, 67]), np.full(3, 70))


@pytest.fixture(scope="module", params=[False, True], ids=["performances", "scores"])
def engine(request, tmp_path_factory):
    config = {**SMALL, "beats": request.param}
    return open_engine(
        write_model(tmp_path_factory.mktemp("chord") / "m", tiny_model("chord", config), "chord", config)
    )


def music(engine, options, seeds=SEEDS, prompt=None, command="generate"):
    return [work.music for work in perform(engine, command, options, seeds, prompt).pieces]


def test_an_untrained_model_writes_chords(engine):
    for piece in music(engine, {"seconds": 60.0}):
        onsets = np.unique(np.rint(piece.onset_s * 1000))
        assert onsets[0] == 0
        assert (np.diff(onsets) > APART_MS).all()
        if engine.chords.beats:
            assert np.allclose(onsets % BEAT_MS, 0)
        for onset in onsets:
            pitch = piece.notes["pitch"][np.rint(piece.onset_s * 1000) == onset]
            assert 1 <= len(pitch) <= 4
            assert len(set(pitch.tolist())) == len(pitch)


def test_a_piece_does_not_depend_on_its_neighbours(engine):
    together = music(engine, {"seconds": 40.0})
    assert [music(engine, {"seconds": 40.0}, [seed])[0] for seed in SEEDS] == together
    assert len({piece.notes.tobytes() for piece in together}) == 3


@pytest.mark.parametrize("count", [1, 2, 17])
def test_so_many_notes(engine, count):
    assert [len(piece) for piece in music(engine, {"notes": count})] == [count] * 3


def test_no_chord_begins_beyond_the_end(engine):
    for piece in music(engine, {"seconds": 30.0}):
        assert piece.onset_s.max() < 30
    for piece in music(engine, {"bars": 8, "tempo": 60.0, "metre": "3/4"}):
        assert piece.onset_s.max() < 8 * 3


def test_a_beat_of_a_score_is_one_of_the_tempo(engine):
    (piece,) = music(engine, {"bars": 16, "tempo": 90.0}, SEEDS[:1])
    assert piece.tempos["tempo"].tolist() == [round(60e6 / 90)]
    if engine.chords.beats:
        assert (piece.notes["onset"] % 1920 == 0).all()


def test_key_range_and_loudness_hold_for_every_note(engine):
    options = {"notes": 300, "key": "D minor", "range": "C3..C5", "forbid": "A3", "velocity": "50..60"}
    for piece in music(engine, options):
        pitch = piece.notes["pitch"]
        assert set((pitch % 12).tolist()) <= {2, 4, 5, 7, 9, 10, 0}
        assert ((pitch >= 48) & (pitch <= 72) & (pitch != 57)).all()
        assert ((piece.notes["velocity"] >= 50) & (piece.notes["velocity"] <= 60)).all()


def test_what_the_constraints_cost_is_told(engine):
    report = perform(engine, "generate", {"notes": 40, "key": "C"}, SEEDS).report
    assert len(report["cost_nats_per_note"]) == 3
    assert min(report["cost_nats_per_note"]) > 0
    assert perform(engine, "generate", {"notes": 40}, SEEDS).report == {}


def test_greedy_is_the_same_for_every_seed(engine):
    one, other, _ = music(engine, {"notes": 20, "greedy": True})
    assert one == other


def test_a_prompt_changes_what_follows_and_is_kept_where_wished(engine):
    alone, after = (music(engine, {"notes": 20}, SEEDS[:1], prompt)[0] for prompt in (None, PROMPT))
    assert alone != after
    assert after.onset_s[0] == 0
    if engine.chords.beats:
        with pytest.raises(OptionError, match="leave --continue out"):
            music(engine, {"notes": 20, "continue": True}, prompt=PROMPT)
    else:
        whole = music(engine, {"notes": 20, "continue": True}, SEEDS[:1], PROMPT)[0]
        assert whole.passage(0, 1.01).notes["pitch"].tolist() == [60, 64, 67]
        assert len(whole) == 23
        assert (np.sort(whole.onset_s)[3:] > 1.05).all()


def test_a_prompt_of_drums_alone_is_no_prompt(engine):
    with pytest.raises(OptionError, match="it hears no drums"):
        music(engine, {"notes": 20}, prompt=PROMPT.with_program(0).select(np.zeros(3, bool)))


@pytest.mark.parametrize("name", sorted({"grid", "chords", "top-z", "beam", "max-polyphony"} & set(OPTIONS)))
def test_what_chords_do_not_know_is_refused(engine, name):
    assert name not in KNOWN
    with pytest.raises(OptionError, match=f"a model of chords does not know {name}"):
        music(engine, {"tempo": 90.0, name: {"grid": "1/8", "chords": "Am"}.get(name, 3)})


def test_a_way_of_rendering_that_is_none_is_refused(engine):
    with pytest.raises(OptionError, match="unknown way to render chords 'blok'; did you mean 'block'"):
        music(engine, {"notes": 3, "render": "blok"})


@pytest.mark.parametrize("command", ["vary", "infill", "accompany"])
def test_notes_are_not_edited_by_a_model_of_chords(engine, command):
    with pytest.raises((ModelError, OptionError), match=r"writes chords, not notes|from"):
        music(engine, {"amount": 0.5} if command == "vary" else {}, prompt=PROMPT, command=command)


def test_a_model_of_notes_renders_no_chords(toy):
    with pytest.raises(OptionError, match="render arpeggio is about models of chords"):
        perform(toy, "generate", {"notes": 3, "render": "arpeggio"}, SEEDS)


BROKEN = Chords(
    onset_ms=np.array([0, 600]),
    velocity=np.array([64, 80]),
    pitch=np.array([[67, 64, 60], [72, -1, -1]]),
    duration_ms=np.array([[900, 300, 1000], [500, 0, 0]]),
)


def test_a_block_is_struck_together():
    piece = rendered(BROKEN, "block", program=4)
    assert np.rint(piece.onset_s * 1000).tolist() == [0, 0, 0, 600]
    assert set(piece.notes["program"].tolist()) == {4}


def test_an_arpeggio_rises_until_the_next_chord_and_ends_where_the_chord_does():
    piece = rendered(BROKEN, "arpeggio")
    assert piece.notes["pitch"].tolist() == [60, 64, 67, 72]
    assert np.rint(piece.onset_s * 1000).tolist() == [0, 200, 400, 600]
    assert np.rint(piece.end_s * 1000).tolist() == [1000, 400, 900, 1100]  # a note that is over lasts to the next


@pytest.mark.parametrize("render", ["block", "arpeggio"])
def test_all_notes_are_there_however_they_are_rendered(engine, render):
    chords = drawn_chords(engine, PLAIN, SEEDS[:1], Until(40, np.inf)).chords[0]
    piece = rendered(chords, render)
    assert sorted(piece.notes["pitch"].tolist()) == sorted(chords.pitch[chords.pitch >= 0].tolist())
