"""Editing a piece: what is not to change does not, and what is does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generate.conftest import Toy

from antiphon import theory
from antiphon.codec import NoteCodec
from antiphon.errors import OptionError
from antiphon.generate.melody import read_melody
from antiphon.generate.task import perform
from antiphon.notes import DRUMS, join, score

PIECE = read_melody("90bpm C5 D5 E5:2 F5:1/2 G5:1/2 A5 B5:2 C6 ; C3:4 G2:2 E3+G3:2@99")
COLUMNS = ("onset", "duration", "pitch", "velocity", "program", "track")


def run(command, music=PIECE, seeds=((7, 0),), engine=None, **options):
    named = {name.rstrip("_").replace("_", "-"): value for name, value in options.items()}
    return perform(engine or Toy(), command, named, seeds, music)


def columns(music, *names):
    return [music.notes[name].tolist() for name in names]


@pytest.mark.parametrize("change", ["pitch", "velocity", "duration", "pitch,velocity", "all"])
def test_varying_changes_what_it_is_told_to_and_nothing_else(change):
    found = run("vary", change=change, amount=1.0).pieces[0].music
    changed = {"all": {"onset", "duration", "pitch", "velocity"}}.get(change, set(change.split(",")))
    assert len(found) == len(PIECE)
    assert found.tempos.tolist() == PIECE.tempos.tolist()
    if change in ("velocity", "duration"):  # the order of the notes is that of the piece
        kept = [name for name in COLUMNS if name not in changed]
        assert columns(found, *kept) == columns(PIECE, *kept)
    if "onset" not in changed:
        assert sorted(found.notes["onset"].tolist()) == sorted(PIECE.notes["onset"].tolist())
    for name in changed:
        assert found.notes[name].tolist() != PIECE.notes[name].tolist()
    assert sorted(found.notes["track"].tolist()) == sorted(PIECE.notes["track"].tolist())


def test_varying_by_no_amount_changes_nothing():
    works = run("vary", change="all", amount=0.0)
    assert works.pieces[0].music == PIECE
    assert works.report["changed_notes"] == [0]


def test_varying_by_an_amount_changes_about_so_many():
    piece = join([PIECE] * 20)
    works = run("vary", piece, amount=0.25, change="velocity", seeds=[(s, 0) for s in range(4)])
    assert 0.2 < np.mean(works.report["changed_notes"]) / len(piece) < 0.3


def test_only_a_passage_is_varied():
    found = run("vary", amount=1.0, change="velocity", from_="1s", to="3s").pieces[0].music
    inside = (PIECE.onset_s >= 1) & (PIECE.onset_s < 3)
    changed = found.notes["velocity"] != PIECE.notes["velocity"]
    assert changed[inside].all()
    assert not changed[~inside].any()


def test_what_comes_after_a_passage_is_played_through_only_to_choose_by():
    class Counting(Toy):
        steps = 0

        def step(self, rows, state):
            self.steps += 1
            return super().step(rows, state)

    piece, played = join([PIECE] * 20), {}
    for best_of in (1, 2):
        engine = Counting()
        run("vary", piece, engine=engine, amount=1.0, to="3s", best_of=best_of)
        played[best_of] = engine.steps
    assert played[1] <= len(PIECE) < len(piece) <= played[2] + 1


@settings(max_examples=12)
@given(st.sampled_from(["pitch", "all", "pitch,step"]), st.integers(0, 50))
def test_what_is_drawn_anew_obeys(change, seed):
    found = run("vary", change=change, amount=1.0, key="D minor", range="C3..C6", seeds=[(seed, 0)]).pieces[0].music
    assert set((found.notes["pitch"] % 12).tolist()) <= set(theory.scale("D minor").pitch_classes)
    assert found.notes["pitch"].min() >= 48
    assert found.notes["pitch"].max() <= 84


def test_variations_do_not_meet_and_the_best_of_some_is_kept():
    alone = run("vary", seeds=[(7, 1)], amount=0.5).pieces[0].music
    assert run("vary", seeds=[(7, 0), (7, 1)], amount=0.5).pieces[1].music == alone
    tries = [run("vary", seeds=[(7, 0)], amount=0.5, best_of=n).pieces[0].music for n in (1, 20)]
    assert tries[0] != tries[1]


def test_drums_are_not_varied_nor_lost():
    notes = PIECE.notes.copy()
    notes["program"][notes["track"] == 1] = DRUMS
    piece = score(notes, PIECE.tempos, PIECE.metres)
    found = run("vary", piece, change="all", amount=1.0).pieces[0].music
    drums = [m.select(m.notes["program"] == DRUMS).notes.tolist() for m in (piece, found)]
    assert drums[0] == drums[1]


@settings(max_examples=12)
@given(st.integers(0, 30), st.integers(0, 12))
def test_an_accompaniment_lies_below_the_melody_which_is_as_it_was(seed, gap):
    melody = read_melody("96bpm E5 D5 C5:1/2 D5:1/2 E5:2 r G5+B5 E5:2")
    found = run("accompany", melody, gap=gap, key="C", seeds=[(seed, 0)]).pieces[0].music
    mine = found.notes["track"] == 1
    assert found.select(~mine).notes.tolist() == melody.notes.tolist()
    assert found.length_s == pytest.approx(melody.length_s, abs=0.02)
    for note, onset_s in zip(found.notes[mine], found.onset_s[mine], strict=True):
        sounding = (melody.onset_s <= onset_s - 0.011) & (melody.end_s > onset_s + 0.011)
        assert note["pitch"] < min(melody.notes["pitch"][sounding].tolist(), default=128) - gap
    assert set((found.notes["pitch"][mine] % 12).tolist()) <= {0, 2, 4, 5, 7, 9, 11}


def test_an_accompaniment_is_written_at_all_and_does_not_stutter():
    melody = join([read_melody("96bpm E5 D5 C5 D5 E5 E5 E5:2")] * 6)
    found = run("accompany", melody, instrument="harp").pieces[0]
    mine = found.music.select(found.music.notes["track"] == 1)
    assert found.notes == len(mine) > 10
    assert set(mine.notes["program"].tolist()) == {46}
    for pitch in set(mine.notes["pitch"].tolist()):
        onsets_s = mine.onset_s[mine.notes["pitch"] == pitch]
        assert (np.diff(onsets_s) > 0.035).all()


def test_infilling_leaves_all_else_alone():
    found = run("infill", from_="1s", to="3s", candidates=4, max_step=0.5).pieces[0]
    new = found.music.notes["track"] == 2
    outside = (PIECE.onset_s < 1) | (PIECE.onset_s >= 3)
    assert found.music.select(~new).notes.tolist() == PIECE.select(outside).notes.tolist()
    assert found.notes == new.sum() > 0
    assert (found.music.onset_s[new] >= 0).all()
    assert (found.music.onset_s[new] < 3).all()


def test_more_candidates_lead_on_no_worse():
    class Fond(Toy):
        """After a loud note it expects another."""

        def step(self, rows, state):
            return rows[:, [2]].astype(np.float32), state

        def logits(self, index, features, rows):
            size = self.codec.attributes[index].size
            flat = np.zeros((len(features), size), np.float32)
            if self.codec.attributes[index].name == "velocity":
                flat -= np.abs(np.arange(size) - np.minimum(features, 31))
            return flat

    gains = [run("infill", engine=Fond(), from_="1s", to="3s", candidates=n, max_step=0.5) for n in (1, 40)]
    gain = [works.report["nats_per_following_note_over_median"][0] for works in gains]
    assert gain[0] == 0
    assert gain[1] > 0.1


def test_a_passage_at_the_very_beginning():
    found = run("infill", from_="0", to="2s", candidates=3, max_step=0.5).pieces[0].music
    new = found.notes["track"] == 2
    assert found.onset_s[new].min() == 0
    assert (found.onset_s[new] < 2).all()


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("vary", {"change": "pitsch"}, "unknown attribute to change 'pitsch'; did you mean 'pitch'?"),
        ("vary", {"amount": 1.5}, "amount 1.5 is out of range: 0 to 1, all notes"),
        ("vary", {"from_": "99s"}, "no note begins from 99 s to"),
        ("vary", {"render": "block"}, "render block is about models of chords; this one writes notes"),
        ("accompany", {"gap": -1}, "gap -1 is out of range: 0 to 48"),
        ("accompany", {"range": "C7.."}, "a lowest pitch of C7 and a melody that reaches"),
        ("infill", {"from_": "1s"}, "infill needs both ends of the passage: give --from and --to"),
        ("infill", {"from_": "3s", "to": "1s"}, "a passage from 3 s to 1 s is empty"),
        ("infill", {"from_": "3s", "to": "99s"}, "no note follows 99 s"),
        ("infill", {"from_": "1s", "to": "3s", "candidates": 0}, "candidates 0 is out of range: 1 to 1000"),
    ],
)
def test_what_is_wrong_is_named(command, options, message):
    with pytest.raises(OptionError) as error:
        run(command, **options)
    assert message in str(error.value)


def test_editing_needs_music():
    with pytest.raises(OptionError, match="vary needs music"):
        run("vary", None)


def test_continuing_leaves_the_prompt_as_it_was_and_goes_on_in_its_time():
    engine = Toy()
    assert isinstance(engine.codec, NoteCodec)
    whole = run("continue", engine=engine, notes=12).pieces[0].music
    bare = run("generate", notes=12).pieces[0].music
    mine = whole.notes["track"] == 2
    assert whole.select(~mine).notes.tolist() == PIECE.notes.tolist()
    assert mine.sum() == 12
    assert len(bare) == 12
    assert whole.onset_s[mine].min() >= PIECE.onset_s.max() - 0.005
    assert whole.tempos.tolist() == PIECE.tempos.tolist()


def test_continuing_without_the_prompt_is_the_same_music():
    kept = run("generate", continue_=True, notes=12, guard="silence_s=60").pieces[0].music
    new = run("generate", notes=12, guard="silence_s=60").pieces[0].music
    mine = kept.select(kept.notes["track"] == 2)
    assert mine.notes["pitch"].tolist() == new.notes["pitch"].tolist()
    np.testing.assert_allclose(mine.onset_s - mine.onset_s[0], new.onset_s, atol=0.002)


def test_a_prompt_that_is_moved_is_moved_back():
    plain, moved = (run("continue", notes=12, transpose=t, key="C").pieces[0].music for t in ("0", "7"))
    assert moved.select(moved.notes["track"] < 2).notes.tolist() == PIECE.notes.tolist()
    assert set((moved.notes["pitch"][moved.notes["track"] == 2] % 12).tolist()) <= {0, 2, 4, 5, 7, 9, 11}
    assert plain != moved
    assert run("continue", notes=3, transpose="auto").report["transposed"] in range(-12, 13)


def test_on_a_grid_what_follows_a_prompt_is_on_it():
    found = run("continue", notes=30, tempo=90.0, grid="1/16").pieces[0].music
    assert not (found.notes["onset"] % 480).any()
    assert found.tempos["tempo"].tolist() == [666_667]


def test_steps_after_the_model_touch_only_what_is_new():
    works = run("continue", notes=20, humanise="timing=20,velocity=9", quantise="1/8", parts="cello,C4,violin")
    music = works.pieces[0].music
    assert music.select(music.notes["track"] < 2).notes.tolist() == PIECE.notes.tolist()
    assert set(music.notes["program"][music.notes["track"] >= 2].tolist()) <= {40, 42}
    assert len(works.pieces[0].changes) == 2
