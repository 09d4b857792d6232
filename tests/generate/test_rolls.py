"""Writing piano rolls: what is asked for holds in every frame, and what has no meaning for rolls is refused."""

import numpy as np
import pytest
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.engine import open_engine
from antiphon.errors import ModelError, OptionError
from antiphon.generate.control import PLAIN, Control
from antiphon.generate.guard import Guard
from antiphon.generate.length import Length
from antiphon.generate.options import OPTIONS
from antiphon.generate.pieces import write_pieces
from antiphon.generate.rolls import KNOWN, REST, RING, STAND, Until, drawn_frames
from antiphon.generate.task import perform
from antiphon.notes import DRUMS, from_seconds, score

pytestmark = pytest.mark.torch
SEEDS = [(1, 0), (1, 1), (1, 2)]
PROMPT = from_seconds(np.array([0.25, 0.5, 1.0]), np.full(3, 0.25), np.array([60, 64, 67]), np.full(3, 70))
GUARDED = Control(guard=Guard(), length=Length(seconds=1))
SLOW = score(PROMPT.notes, [(0, 750_000)], [(0, 3, 4)], ["piano"])  # 80 beats a minute


def model(path, kind, **more):
    config = {**CONFIGS["roll"][kind], **more}
    return open_engine(write_model(path, tiny_model("roll", config), "roll", config))


@pytest.fixture(scope="module", params=["joint", "independent"])
def engine(request, tmp_path_factory):
    """Of scores and joint, or of performances and independent."""
    beats = request.param == "joint"
    return model(tmp_path_factory.mktemp("roll") / "m", request.param, beats=beats, lowest=48, keys=30)


def music(engine, options, seeds=SEEDS, prompt=None, command="generate"):
    return [work.music for work in perform(engine, command, options, seeds, prompt).pieces]


def test_an_untrained_model_writes_music_on_its_frames_and_keys(engine):
    for piece in music(engine, {"seconds": 20.0}):
        assert piece.onset_s[0] == 0
        assert np.allclose(piece.onset_s * 8 % 1, 0)
        assert ((piece.notes["pitch"] >= 48) & (piece.notes["pitch"] < 78)).all()
        assert np.array_equal(engine.rolls.encode(engine.rolls.decode(engine.rolls.encode(piece))),
                              engine.rolls.encode(piece))  # fmt: skip


def test_a_piece_does_not_depend_on_its_neighbours(engine):
    together = music(engine, {"seconds": 10.0})
    assert [music(engine, {"seconds": 10.0}, [seed])[0] for seed in SEEDS] == together
    assert len({piece.notes.tobytes() for piece in together}) == 3


@pytest.mark.parametrize("count", [1, 2, 17])
def test_so_many_notes(engine, count):
    assert [len(piece) for piece in music(engine, {"notes": count})] == [count] * 3


def test_no_note_begins_beyond_the_end_and_the_last_ones_ring_on(engine):
    for options, end_s in (({"seconds": 5.0}, 5), ({"bars": 2, "tempo": 60.0, "metre": "3/4"}, 6)):
        for piece in music(engine, options):
            assert piece.onset_s.max() < end_s
            frame_s = 0.125 if not engine.rolls.beats or "seconds" in options else 0.25
            assert piece.length_s <= end_s + RING * frame_s + 1e-6


def test_a_sixteenth_of_a_score_is_one_of_the_tempo(engine):
    (piece,) = music(engine, {"bars": 4, "tempo": 90.0}, SEEDS[:1])
    assert piece.tempos["tempo"].tolist() == [round(60e6 / 90)]
    if engine.rolls.beats:
        assert (piece.notes["onset"] % 480 == 0).all()


def test_key_and_range_hold_for_every_note_and_their_cost_is_told(engine):
    options = {"notes": 60, "key": "D minor", "range": "C3..C5", "forbid": "A3"}
    works = perform(engine, "generate", options, SEEDS)
    for work in works.pieces:
        pitch = work.music.notes["pitch"]
        assert set((pitch % 12).tolist()) <= {2, 4, 5, 7, 9, 10, 0}
        assert ((pitch >= 48) & (pitch <= 72) & (pitch != 57)).all()
    assert min(works.report["cost_nats_per_note"]) > 0
    assert perform(engine, "generate", {"notes": 4}, SEEDS).report == {}


def test_greedy_is_the_same_for_every_seed(engine):
    one, other, _ = music(engine, {"notes": 5, "greedy": True})
    assert one == other


def test_a_prompt_changes_what_follows_and_is_kept_where_wished(engine):
    alone, after = (music(engine, {"notes": 20}, SEEDS[:1], prompt)[0] for prompt in (None, PROMPT))
    assert alone != after
    whole = music(engine, {"notes": 20, "continue": True}, SEEDS[:1], SLOW)[0]
    assert len(whole) == 23
    assert whole.tracks[0] == "piano"
    assert whole.tempos.tolist() == SLOW.tempos.tolist()
    new = whole.select(whole.notes["track"] == 1)
    assert (new.onset_s >= SLOW.length_s - 1e-6).all()
    if engine.rolls.beats:
        assert (new.notes["onset"] % 480 == 0).all()
    again = music(engine, {"seconds": 6.0}, SEEDS[:1], SLOW, "continue")[0]
    assert SLOW.length_s + 3 < again.onset_s.max() < SLOW.length_s + 6


def test_a_prompt_that_is_not_heard_is_no_prompt(engine):
    with pytest.raises(OptionError, match="it hears no drums"):
        music(engine, {"notes": 20}, prompt=PROMPT.transpose(-40))
    drums = PROMPT.notes.copy()
    drums["program"] = DRUMS
    with pytest.raises(OptionError, match="it hears no drums"):
        music(engine, {"notes": 20}, prompt=score(drums))


class Bent:
    """An engine whose scores are bent: towards silence, or towards one chord for ever."""

    def __init__(self, engine, chord=()):
        self._engine, self._chord = engine, list(chord)

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def scores(self, features, rows):
        scores = np.full((len(rows), self.rolls.keys + self.joint), -30.0, np.float32)
        for row, line in zip(scores, rows, strict=True):
            left = [key for key in self._chord if not line[key]]
            row[left[:1] if self.joint else left] = 30
            if self.joint and not left:
                row[-1] = 30
        return scores


def test_a_piece_begins_with_a_note_and_the_guard_ends_silence_and_chords_that_stand(engine):
    until = Until(np.inf, 80)
    for frames in drawn_frames(Bent(engine), PLAIN, SEEDS, until).frames:  # PLAIN has no guard
        assert frames.any(1).tolist() == [True]
    for frames in drawn_frames(Bent(engine), GUARDED, SEEDS, until).frames:
        silent = ~frames.any(1)
        assert not silent[0]
        assert silent[1 : REST + 1].all()
        assert not silent[REST + 1]
    for frames in drawn_frames(Bent(engine, (3, 7)), GUARDED, SEEDS, until).frames:
        assert frames[:STAND, [3, 7]].all()
        assert not frames[STAND].any()


def test_a_model_that_falls_silent_is_not_waited_for(engine):
    assert np.isfinite(Until.of(Control(length=Length(notes=2)), engine.rolls, 120).frames)
    assert len(drawn_frames(Bent(engine), PLAIN, SEEDS, Until(9, 50)).frames[0]) == 1


@pytest.mark.parametrize("name", sorted({"grid", "chords", "velocity", "beam", "render", "best-of"} & set(OPTIONS)))
def test_what_rolls_do_not_know_is_refused(engine, name):
    assert name not in KNOWN
    value = {"grid": "1/8", "chords": "Am", "velocity": "1..9", "render": "block"}.get(name, 3)
    with pytest.raises(OptionError, match=f"a model of piano rolls does not know {name}"):
        music(engine, {"tempo": 90.0, name: value})


def test_a_range_beyond_the_keys_is_refused(engine):
    with pytest.raises(OptionError, match="leave none of the 30 keys of this model, from pitch 48 up"):
        music(engine, {"notes": 3, "range": "C6.."})


@pytest.mark.parametrize("command", ["vary", "accompany"])
def test_notes_are_not_edited_by_a_model_of_rolls(engine, command):
    with pytest.raises(ModelError, match="writes frames of a piano roll, not notes"):
        music(engine, {"amount": 0.5} if command == "vary" else {}, prompt=PROMPT, command=command)


def test_the_model_alone_is_what_comparisons_hear(engine):
    found = write_pieces(engine, Length(notes=12), SEEDS)
    assert found.scores == music(engine, {"notes": 12, "no-guard": True})
    assert found.notes == 36
