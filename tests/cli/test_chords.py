"""Chords on the command line: a model writes them, and a model, a file or music gives them to another to play over."""

import json
import shutil

import numpy as np
import pytest
from tests.generate.obeys import complaints
from tests.tiny import tiny_model, write_model

from antiphon.cli.main import main
from antiphon.engine.bundle import folders
from antiphon.evaluate.contestants import open_contestants
from antiphon.files.midi import read_midi, write_midi
from antiphon.generate.options import control
from antiphon.notes import from_seconds

pytestmark = pytest.mark.torch
CONFIG = {"notes": 3, "beats": True, "size": 16, "layers": 1, "attention": 4, "head_size": 16}


@pytest.fixture
def here(tmp_path, bundle, monkeypatch):
    """The folder in which commands run; a tiny model of notes and one of chords are there by name."""
    shutil.copytree(bundle, folders()[1] / "tiny")
    write_model(folders()[1] / "harmonist", tiny_model("chord", CONFIG), "chord", CONFIG)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(bundle, tmp_path / "folder")
    pitch = np.array([57, 60, 64, 53, 57, 60])
    write_midi(from_seconds(np.repeat([0.0, 2.0], 3), np.full(6, 2.0), pitch, np.full(6, 70)), tmp_path / "song.mid")
    return tmp_path


def run(*arguments):
    return main(["generate", "-o", "a.mid", "--seed", "2", *arguments])


def test_a_model_of_chords_writes_blocks_and_arpeggios(here, capsys):
    assert run("--model", "harmonist", "--bars", "8", "--tempo", "90", "-o", "a.svg") == 0
    assert main(["replay", "a.mid"]) == 0
    block = read_midi(here / "a.mid")
    assert run("--model", "harmonist", "--bars", "8", "--tempo", "90", "--render", "arpeggio") == 0
    assert main(["replay", "a.mid"]) == 0
    broken = read_midi(here / "a.mid")
    assert len(block) == len(broken)
    assert len(np.unique(broken.notes["onset"])) > len(np.unique(block.notes["onset"]))
    assert "the same bytes come out again, by harmonist" in capsys.readouterr().out


@pytest.mark.parametrize(("chords", "source"), [("model:harmonist", "harmonist, seed 2"), ("song.mid", "song.mid")])
def test_another_model_plays_over_them_and_breaks_none(here, capsys, chords, source):
    assert run("--model", "tiny", "--chords", chords, "--tempo", "100", "--bars", "6", "--json") == 0
    out, err = capsys.readouterr()
    options = json.loads(out)["options"]
    names, _, where = options["chords"].partition(" ; ")
    assert where.endswith(source)
    assert f"chords: {names}" in err
    assert complaints(read_midi(here / "a.mid"), control(options)) == []
    shutil.rmtree(folders()[1] / "harmonist")  # neither is needed again
    (here / "song.mid").unlink()
    assert main(["replay", "a.mid"]) == 0


def test_the_chords_of_music_are_those_of_its_bars(here, capsys):
    assert run("--model", "tiny", "--chords", "song.mid", "--tempo", "100", "--notes", "9", "--json") == 0
    assert json.loads(capsys.readouterr().out)["options"]["chords"] == "Am F ; named in song.mid"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "tiny", "--chords", "model:tiny", "--tempo", "90"], "tiny writes notes, not chords"),
        (["--model", "tiny", "--chords", "folder", "--tempo", "90"], "write --chords model:folder"),
        (["--model", "tiny", "--chords", "model:nobody", "--tempo", "90"], "unknown model 'nobody'"),
        (["--model", "tiny", "--chords", "model:harmonist"], "chords over time need a tempo"),
        (["--model", "tiny", "--chords", "song.mid"], "needs a tempo"),
        (["--model", "tiny", "--chords", "songs.txt", "--tempo", "90"], "cannot read songs.txt: there is no such file"),
        (["--model", "tiny", "--render", "block"], "render block is about models of chords"),
        (["--model", "harmonist", "--render", "strum"], "unknown way to render chords 'strum'"),
        (["--model", "harmonist", "--grid", "1/8", "--tempo", "90"], "a model of chords does not know grid"),
    ],
)
def test_what_cannot_be_is_said_in_a_line_and_nothing_is_written(here, capsys, arguments, message):
    assert run("--notes", "4", *arguments) == 1
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err
    assert not (here / "a.mid").exists()


def test_a_model_of_chords_does_not_play_live(here, capsys):
    command = ["play", "--no-ui", "--no-sound", "--no-midi-in", "--demo", "song.mid", "--model", "harmonist"]
    assert main(command) == 1
    assert "the model harmonist writes chords, not notes" in capsys.readouterr().err


def test_its_likelihood_does_not_stand_beside_those_of_notes(here, corpus, capsys):
    assert main(["evaluate", "harmonist", "--corpus", str(corpus)]) == 0
    told = capsys.readouterr().out
    assert "not counted: how loud a note is beside the others" in told
    assert "nats a chord" in told
    assert main(["evaluate", "harmonist", "--corpus", str(corpus), "--pieces", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["of"].startswith("chords; not counted: ")
    assert found["pieces"] == 1
    assert main(["evaluate", "harmonist", "--corpus", str(corpus), "--split", "vali"]) == 1


def test_in_a_comparison_it_writes_and_its_likelihood_stands_apart(here):
    (one,) = open_contestants(["harmonist"])
    assert (one.whole, one.predicts, one.otherwise) == (True, False, True)
    assert "writes chords" in one.facts()["no_likelihood"]


def test_models_are_listed_with_what_their_likelihood_is_of(here, capsys):
    meta = folders()[1] / "harmonist" / "meta.json"
    told = json.loads(meta.read_text())
    told["measured"] = {"validation": {"nats_per_note": 5.0, "of": "chords"}}
    meta.write_text(json.dumps(told))
    assert main(["models"]) == 0
    assert "5.0 nats a note of its chords" in capsys.readouterr().out
