"""What only some models can: propose chords, fill in notes among others; and what is said where none can."""

import json

import pytest
from tests.generate.obeys import complaints

from antiphon.client import Client, StudioError
from antiphon.engine import open_engine
from antiphon.files import read_music
from antiphon.generate.harmony import proposal
from antiphon.generate.options import control
from antiphon.generate.replay import MARK
from antiphon.generate.task import perform
from antiphon.notes import from_seconds
from antiphon.theory import progression

FILE = "cc0-openscore-lc6067798.mid"
PIECE = {"tempo": 100, "bars": 4, "key": "D minor"}
MELODY = "C5 E5 G5:2 r A5 G5"


@pytest.fixture
def skilled(start, models):
    return Client(start().address)


def options_of(written):
    return json.loads(written.records[0].removeprefix(MARK))["options"]


def refused(function, *arguments, **more):
    with pytest.raises(StudioError) as problem:
        function(*arguments, **more)
    return problem.value.status, str(problem.value)


@pytest.mark.torch
def test_a_model_of_chords_proposes_and_another_plays_over_them(skilled, models):
    proposed = skilled.chords(PIECE, seed=5)
    assert len(progression(proposed)) >= 1
    assert proposal(open_engine(models / "harmonist"), "it", PIECE, 5).startswith(f"{proposed} ;")
    found = skilled.generate({**PIECE, "chords": "model:harmonist"}, seed=5)
    options = options_of(found)
    assert options["chords"] == f"{proposed} ; by the model harmonist, seed 5"
    assert complaints(found.pieces[0], control(options)) == []
    assert skilled.generate(options, seed=5).pieces == found.pieces, "the chords that were recorded do as well"
    # What cannot be.
    assert refused(skilled.chords, {"bars": 4}) == (422, "chords over time need a tempo: give one, such as 96")
    assert refused(skilled.chords, {"bars": 400, "tempo": 60})[0] == 422
    status, said = refused(skilled.chords, PIECE, model="piano")
    assert status == 422
    assert "piano is none that writes chords; models that can: harmonist" in said
    status, said = refused(skilled.generate, {**PIECE, "chords": "model:filler"})
    assert status == 422
    assert "filler is none that writes chords" in said
    for name in (str(models / "harmonist"), "../harmonist", "", "/etc"):
        assert refused(skilled.generate, {**PIECE, "chords": f"model:{name}"})[0] == 404
        assert refused(skilled.chords, PIECE, model=name)[0] == 404


@pytest.mark.torch
def test_a_model_that_fills_harmonises_and_revoices(skilled, models, data):
    rows = {row["name"]: row for row in skilled.models()}
    assert [rows[name]["writes"] for name in ("filler", "harmonist", "piano")] == ["notes", "chords", "notes"]
    assert [name for name, row in sorted(rows.items()) if row["fills"]] == ["filler"]
    assert [name for name, row in sorted(rows.items()) if row["live"]] == ["piano", "piano-free"]
    harmonised = skilled.harmonise(MELODY, {"voices": 2, "every": 0, "passes": 4}, seed=3).pieces[0]
    assert harmonised.notes[harmonised.notes["track"] == 0]["pitch"].tolist() == [72, 76, 79, 81, 79]
    added = harmonised.notes[harmonised.notes["track"] == 1]
    assert len(added) == 10
    assert added["pitch"].max() < 81
    music = read_music(data / FILE).passage(0, 8)
    asked = {"from": "2s", "to": "5s", "passes": 4}
    revoiced = skilled.revoice(music, asked, seed=3).pieces[0]
    there = perform(open_engine(models / "filler"), "revoice", asked, [(3, 0)], music).pieces[0].music
    assert revoiced == there
    assert revoiced != music
    # A request's cost is bounded.
    assert refused(skilled.revoice, music, {"passes": 513}) == (
        422, "513 passes are too many for so much music in one request: at most 512",
    )  # fmt: skip
    long = from_seconds([i / 10 for i in range(10_000)], [0.1] * 10_000, [60, 48] * 5000, [80] * 10_000)
    assert "at most 128" in refused(skilled.revoice, long, {"passes": 129})[1]
    assert "20,000 in all" in refused(skilled.harmonise, long, {"voices": 3})[1]
    # What it cannot.
    status, said = refused(skilled.vary, music, model="filler")
    assert status == 422
    assert "or one of the commands infill, harmonise and revoice" in said
    status, said = refused(skilled.revoice, music, model="piano")
    assert status == 422
    assert "piano is none that fills in notes among others; models that can: filler" in said
    assert "there is nothing there but a top line" in refused(skilled.revoice, MELODY)[1]


def test_where_no_model_can_it_is_said_how_to_get_one(client):
    for ask, recipe in (
        (lambda: client.chords(PIECE), "chord"),
        (lambda: client.harmonise(MELODY), "diffusion"),
        (lambda: client.revoice(MELODY), "diffusion"),
    ):
        status, said = refused(ask)
        assert status == 404
        assert f"train one: antiphon train {recipe} --corpus CORPUS -o " in said
    assert refused(client.generate, {**PIECE, "chords": "model:piano"})[0] == 422
