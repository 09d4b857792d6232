"""What a model fills: gaps that take exactly their time, constraints that hold, and everything else as it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generate.conftest import Toy
from tests.generate.filler import ToyFiller

from antiphon import theory
from antiphon.codec import HELD, NoteCodec, milliseconds
from antiphon.errors import OptionError
from antiphon.gaps import hints
from antiphon.generate.canvas import Canvas, Gap, plain_durations
from antiphon.generate.filled import fill_passage
from antiphon.generate.melody import read_melody
from antiphon.generate.options import control
from antiphon.generate.passage import cut
from antiphon.generate.revoice import top_line
from antiphon.generate.task import perform
from antiphon.generate.unmask import ORDERS, brush
from antiphon.notes import DRUMS, join, score

PIECE = read_melody("90bpm C5 D5 E5:2 F5:1/2 G5:1/2 A5 B5:2 C6 ; C3:4 G2:2 E3+G3:2@99")
LONG = join([PIECE] * 12)
CODEC = NoteCodec()
SIZES = np.array([a.size for a in CODEC.attributes])


def run(command, music=PIECE, seeds=((7, 0),), engine=None, **options):
    named = {name.rstrip("_").replace("_", "-"): value for name, value in options.items()}
    return perform(engine or ToyFiller(), command, named, seeds, music)


def onsets(music):
    return np.sort(milliseconds(music)[0])


@settings(max_examples=60)
@given(st.data())
def test_a_gap_is_filled_to_the_cell_whatever_is_drawn_first(data):
    count, left = data.draw(st.integers(1, 6)), data.draw(st.integers(0, 400))
    least = np.zeros(count + 2, np.int64)
    least[1] = data.draw(st.integers(0, left))
    least[count] += data.draw(st.integers(0, left - int(least[1])))
    if count == 1:
        least[1] = min(least[1], left)
    rows = np.tile(SIZES, (count + 2, 1))
    rows[[0, -1]] = 0
    canvas = Canvas(
        CODEC, rows, np.ones((count + 2, 128), bool), np.ones(32, bool), plain_durations(CODEC),
        gap=Gap(1, count, left), least=least,
    )  # fmt: skip
    for row in data.draw(st.permutations(range(1, count + 1))):
        allowed = np.flatnonzero(canvas.open(row, "step"))
        assert len(allowed)
        canvas.put(row, "step", int(data.draw(st.sampled_from(allowed.tolist()))))
    assert canvas.cells[1 : count + 1].sum() == left
    assert (canvas.cells >= least).all()
    assert canvas.gap.left == 0


def test_what_is_left_is_told_to_the_steps_that_are_masked():
    rows = np.tile(SIZES, (4, 1))
    rows[0] = 0
    canvas = Canvas(
        CODEC, rows, np.ones((4, 128), bool), np.ones(32, bool), plain_durations(CODEC), gap=Gap(1, 3, 90, beyond=2)
    )
    assert (canvas.hints()[1:] == hints(90, 5)).all()
    canvas.put(2, "step", 10)
    assert (canvas.hints()[[1, 3]] == hints(80, 4)).all()
    assert not canvas.hints()[[0, 2]].any()


def test_pitches_of_a_chord_rise_with_room_for_all():
    rows = np.tile(SIZES, (4, 1))
    rows[3, 1] = 63
    pitches = np.zeros((4, 128), bool)
    pitches[:, 60:] = True
    canvas = Canvas(CODEC, rows, pitches, np.ones(32, bool), plain_durations(CODEC), rising=np.ones(4))
    assert [np.flatnonzero(canvas.open(row, "pitch")).tolist() for row in range(3)] == [[60], [61], [62]]
    pitches[:, 58] = True
    assert [np.flatnonzero(canvas.open(row, "pitch")).tolist() for row in range(3)] == [[58, 60], [60, 61], [61, 62]]
    canvas.put(1, "pitch", 60)
    assert np.flatnonzero(canvas.open(0, "pitch")).tolist() == [58]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("passes", [1, 7, 400])
def test_infilling_leaves_all_else_alone_and_stays_inside(order, passes):
    found = run("infill", from_="1s", to="3s", candidates=2, order=order, passes=passes).pieces[0]
    new = found.music.notes["track"] == 2
    outside = (PIECE.onset_s < 1) | (PIECE.onset_s >= 3)
    assert found.music.select(~new).notes.tolist() == PIECE.select(outside).notes.tolist()
    assert found.notes == new.sum() > 0
    assert (found.music.onset_s[new] >= 0.99).all()
    assert (found.music.onset_s[new] < 3).all()


@settings(max_examples=10)
@given(st.integers(0, 100))
def test_the_step_to_what_follows_is_the_rest_of_the_time(seed):
    engine = ToyFiller()
    passage = cut(CODEC, LONG, {"from": "10s", "to": "13s"})
    filled = fill_passage(engine, passage, brush(engine, {"passes": 9}), np.random.default_rng(seed))
    assert (np.diff(filled.onset) >= 0).all()
    assert passage.origin_ms + filled.onset[0] * 10 >= 9990
    assert passage.origin_ms + filled.onset[-1] * 10 < 13000


def test_a_passage_longer_than_the_window_is_filled_in_blocks():
    engine = ToyFiller(window=12)
    found = run("infill", LONG, engine=engine, from_="10s", to="40s", candidates=1).pieces[0]
    assert found.notes > 24
    new = found.music.select(found.music.notes["track"] == 2)
    assert new.onset_s.min() >= 9.99
    assert new.onset_s.max() < 40
    gaps = [hint[0][hint[0].any(1)] for _, hint in engine.shown]
    assert any(len(gap) and gap[0][1] > 12 for gap in gaps)  # told of steps that lie beyond the window


def test_a_passage_at_the_very_beginning_begins_there():
    found = run("infill", from_="0s", to="2s", candidates=1).pieces[0]
    new = found.music.select(found.music.notes["track"] == 2)
    assert new.onset_s.min() == 0


def test_the_number_of_notes_follows_the_neighbours():
    sparse, dense = read_melody("60bpm " + "C4 " * 40), read_melody("60bpm " + "C4:1/8 " * 320)
    count = [
        np.mean([piece.notes for piece in run("infill", m, [(s, 0) for s in range(8)], from_="12s", to="16s",
                                              candidates=1, passes=2).pieces])
        for m in (sparse, dense)
    ]  # fmt: skip
    assert 3 <= count[0] <= 6
    assert 25 <= count[1] <= 40


def test_candidates_are_judged_by_their_neighbours():
    engine = ToyFiller()
    run("infill", engine=engine, from_="1s", to="3s", candidates=3, passes=1)
    assert sum((rows[0, :, 1] == 128).sum() > 0 for rows, _ in engine.shown) == 6  # each drawn, and each judged


@settings(max_examples=10)
@given(st.sampled_from(["infill", "generate", "harmonise", "revoice"]), st.integers(0, 50))
def test_constraints_hold(command, seed):
    ends = {"from": "1s", "to": "3s"} if command == "infill" else {"notes": 40} if command == "generate" else {}
    wanted = {"key": "D minor", "range": "C2..B4", "velocity": "40..90", "passes": 5}
    options = ends | wanted | ({"min-duration": 0.1, "max-duration": 1.0} if command != "revoice" else {})
    music = None if command == "generate" else PIECE
    found = perform(ToyFiller(), command, options, [(seed, 0)], music).pieces[0]
    new = found.music if command == "generate" else found.music.select(found.music.notes["track"] == 2)
    if command == "revoice":
        return
    assert found.notes == len(new) > 0
    assert set((new.notes["pitch"] % 12).tolist()) <= set(theory.scale("D minor").pitch_classes)
    assert new.notes["pitch"].min() >= 36
    assert new.notes["pitch"].max() <= 71
    assert new.notes["velocity"].min() >= 40
    assert new.notes["velocity"].max() <= 90
    length_s = new.end_s - new.onset_s
    assert length_s.min() >= 0.09
    assert length_s.max() <= 1.02


def test_pieces_do_not_meet_and_seeds_differ():
    both = run("infill", seeds=[(7, 0), (7, 1)], from_="1s", to="3s").pieces
    assert run("infill", seeds=[(7, 1)], from_="1s", to="3s").pieces[0].music == both[1].music
    assert both[0].music != both[1].music


def test_a_piece_is_written_block_after_block():
    engine = ToyFiller(window=16)
    found = run("generate", None, engine=engine, notes=30).pieces[0]
    assert len(found.music) == found.notes == 30
    assert found.music.onset_s[0] == 0
    shown = [rows[0] for rows, _ in engine.shown]
    assert (shown[0][1:] == SIZES).all()
    assert (shown[-1][0] < SIZES).all()


def test_a_piece_has_its_length():
    found = run("generate", None, seconds=12.5).pieces[0].music
    assert 9 < found.length_s <= 12.5
    bars = run("generate", None, bars=2, tempo=60).pieces[0].music
    assert 5 < bars.length_s <= 8.01


def test_a_piece_goes_on():
    found = run("continue", notes=20).pieces[0].music
    kept = found.select(found.notes["track"] < 2)
    assert kept.notes.tolist() == PIECE.notes.tolist()
    new = found.select(found.notes["track"] == 2)
    assert len(new) == 20
    assert new.onset_s.min() >= PIECE.onset_s.max() - 0.01
    assert run("generate", notes=20).pieces[0].music.onset_s[0] == 0


@settings(max_examples=15)
@given(st.integers(0, 30), st.integers(1, 5), st.integers(0, 7), st.sampled_from([0.0, 0.5, 2.0]))
def test_a_harmony_lies_below_the_melody_which_is_as_it_was(seed, voices, gap, every):
    melody = read_melody("96bpm E5 D5 C5:1/2 D5:1/2 E5:2 r G5+B5 E5:2")
    found = run("harmonise", melody, [(seed, 0)], voices=voices, gap=gap, every=every, key="C", passes=4).pieces[0]
    mine = found.music.notes["track"] == 1
    assert found.music.select(~mine).notes.tolist() == melody.notes.tolist()
    new = found.music.select(mine)
    assert found.notes == len(new)
    chords = np.unique(onsets(new))
    assert set(chords) <= set(onsets(melody))
    assert (np.diff(chords) >= every * 1000).all()
    for onset in chords:
        pitch = new.notes["pitch"][onsets(new) == onset]
        sounding = (milliseconds(melody)[0] <= onset) & (melody.end_s * 1000 > onset)
        assert len(set(pitch.tolist())) == len(pitch) == voices
        assert pitch.max() < melody.notes["pitch"][sounding].min() - gap
    assert set((new.notes["pitch"] % 12).tolist()) <= {0, 2, 4, 5, 7, 9, 11}


def test_where_there_is_little_room_fewer_notes_are_added():
    melody = read_melody("96bpm C4 C5")
    found = run("harmonise", melody, range="B3..C5", voices=4).pieces[0].music
    assert onsets(found.select(found.notes["track"] == 1)).tolist() == [0] + [625] * 4
    with pytest.raises(OptionError, match="no room below the melody"):
        run("harmonise", melody, range="C6..")


@settings(max_examples=15)
@given(st.integers(0, 30))
def test_revoicing_keeps_all_but_the_pitches_below_the_top_line(seed):
    found = run("revoice", LONG, [(seed, 0)], passes=3).pieces[0]
    music = found.music
    for name in ("onset", "duration", "velocity", "track"):
        assert sorted(music.notes[name].tolist()) == sorted(LONG.notes[name].tolist())
    onset_ms, duration_ms = milliseconds(LONG)
    top = top_line(onset_ms // 10, (onset_ms + duration_ms) // 10, LONG.notes["pitch"].astype(int))
    assert found.notes == (~top).sum()
    line = set(zip(LONG.notes["onset"][top].tolist(), LONG.notes["pitch"][top].tolist(), strict=True))
    assert line <= set(zip(music.notes["onset"].tolist(), music.notes["pitch"].tolist(), strict=True))
    assert top_line(onsets(music) // 10, np.ones(len(music)), music.notes["pitch"].astype(int)).sum() >= top.sum()
    for onset in np.unique(music.notes["onset"]):
        chord = music.notes["pitch"][music.notes["onset"] == onset]
        assert len(set(chord.tolist())) == len(chord)


def test_only_a_passage_is_revoiced():
    found = run("revoice", LONG, from_="8s", to="16s").pieces[0].music
    outside = (LONG.onset_s < 8) | (LONG.onset_s >= 16)
    kept = (found.onset_s < 8) | (found.onset_s >= 16)
    assert found.select(kept).notes.tolist() == LONG.select(outside).notes.tolist()
    assert found != LONG


def test_where_the_constraints_leave_nothing_notes_stay():
    works = run("revoice", PIECE, range="C6..")
    assert works.pieces[0].music.notes["pitch"].tolist() == PIECE.notes["pitch"].tolist()
    assert works.report["changed_notes"] == [0]
    assert works.report["kept_for_constraints"][0] > 0


def test_a_single_line_cannot_be_revoiced():
    with pytest.raises(OptionError, match="nothing there but a top line"):
        run("revoice", read_melody("C4 D4 E4"))


def test_drums_are_not_lost():
    notes = PIECE.notes.copy()
    notes["program"][notes["track"] == 1] = DRUMS
    piece = score(notes, PIECE.tempos, PIECE.metres)
    for command, options in (("infill", {"from_": "1s", "to": "3s"}), ("harmonise", {})):
        music = run(command, piece, **options).pieces[0].music
        assert (music.notes["program"] == DRUMS).sum() == (notes["program"] == DRUMS).sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drone": "C2"}, "--drone goes from note to note"),
        ({"max-polyphony": 3}, "--max-polyphony goes from note to note"),
        ({"guard": "silence_s=4"}, "--guard goes from note to note"),
        ({"passes": 0}, "passes 0 is out of range: 1 to 4096"),
        ({"order": "randon"}, "unknown order 'randon'; did you mean 'random'"),
        ({"candidates": 0}, "candidates 0 is out of range: 1 to 1000"),
        ({"key": "C", "range": "C#4..C#4"}, "contradict each other"),
        ({"min-duration": 2, "max-duration": 1}, "widen the bounds"),
        ({"to": "0.5s"}, "is empty"),
        ({"to": "99s"}, "no note follows 99 s"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_note(options, message):
    engine = ToyFiller()
    with pytest.raises(OptionError, match=message):
        perform(engine, "infill", {"from": "1s", "to": "3s"} | options, [(7, 0)], PIECE)
    assert not engine.shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"voices": 0}, "voices 0 is out of range"),
        ({"every": -1.0}, "every -1.0 is out of range"),
        ({"gap": 99}, "gap 99 is out of range"),
    ],
)
def test_a_harmony_out_of_range_is_refused(options, message):
    with pytest.raises(OptionError, match=message):
        perform(ToyFiller(), "harmonise", options, [(7, 0)], PIECE)


@pytest.mark.parametrize("command", ["vary", "accompany"])
def test_what_goes_from_note_to_note_is_refused(command):
    with pytest.raises(OptionError, match=f"{command} goes from note to note"):
        run(command)


@pytest.mark.parametrize("command", ["harmonise", "revoice"])
def test_other_models_fill_nothing(command):
    with pytest.raises(OptionError, match="choose one of the family diffusion"):
        run(command, engine=Toy())


def test_a_held_key_is_never_drawn():
    engine = ToyFiller()
    for table in engine.tables[3:]:
        table[:, HELD] = 100
    music = run("generate", None, engine=engine, notes=40).pieces[0].music
    assert len(music) == 40
    assert not brush(engine, {}).durations[HELD]
    assert control({}).guard is not None
