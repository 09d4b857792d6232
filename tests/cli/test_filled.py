"""``infill``, ``harmonise``, ``revoice``, ``generate`` with a model that fills, as a person runs and mistypes them."""

import json
import shutil

import pytest
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.cli.main import main
from antiphon.engine.bundle import folders
from antiphon.files.midi import read_midi, write_midi
from antiphon.generate.melody import read_melody

pytestmark = pytest.mark.torch
SONG = read_melody("96bpm C4 E4 G4:2 r A4 B4 C5:2 ; C3:4 G2:4")
SMALL = CONFIGS["diffusion"]["small"]
COMMANDS = {
    "infill": ("song.mid", "--from", "1s", "--to", "2s"),
    "harmonise": ("song.mid", "--voices", "2"),
    "revoice": ("song.mid",),
    "continue": ("song.mid", "--notes", "9"),
    "generate": ("--notes", "9"),
}
every_command = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models") / "filler", tiny_model("diffusion", SMALL), "diffusion", SMALL)


@pytest.fixture
def here(tmp_path, model, bundle, monkeypatch):
    """The folder in which commands run; the models `filler` and `tiny` are there by name."""
    shutil.copytree(model, folders()[1] / "filler")
    shutil.copytree(bundle, folders()[1] / "tiny")
    monkeypatch.chdir(tmp_path)
    write_midi(SONG, tmp_path / "song.mid")
    return tmp_path


def ask(command, *arguments, out="a.mid", model="filler"):
    return main([command, *COMMANDS[command], "--model", model, "--seed", "3", "-o", out, *arguments])


@every_command
def test_what_is_written_comes_out_again(command, here, capsys):
    assert ask(command, "--passes", "5", "--sidecar", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["model"], result["seed"], result["files"]) == ("filler", 3, ["a.mid"])
    assert result["notes"] > 0
    assert main(["replay", "a.mid", "-o", "b.mid"]) == 0
    assert (here / "b.mid").read_bytes() == (here / "a.mid").read_bytes()
    assert main(["replay", "a.mid.json"]) == 0


@every_command
def test_the_options_of_the_others_are_shared(command, here):
    arguments = ["--key", "C", "--range", "C2..C7", "--temperature", "pitch=0.8", "--order", "certain", "-n", "2"]
    assert ask(command, *arguments) == 0
    assert (here / "a-2.mid").exists()


def test_a_harmony_has_a_track_and_an_instrument_of_its_own(here):
    assert ask("harmonise", "--instrument", "harp") == 0
    music = read_midi(here / "a.mid")
    new = music.select(music.notes["track"] == 2)
    assert set(new.notes["program"].tolist()) == {46}
    assert len(music) - len(new) == len(SONG)


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        ("infill", ("--guard", "silence_s=4"), "--guard goes from note to note"),
        ("infill", ("--density", "high"), "cannot be asked for density 'high'"),
        ("generate", ("--beam", "3"), "--beam goes from note to note"),
        ("generate", ("--ending", "C"), "--ending goes from note to note"),
        ("harmonise", ("--voices", "11"), "voices 11 is out of range: 1 to 10"),
        ("revoice", ("--from", "90s"), "nothing there but a top line"),
        ("revoice", ("--order", "certin"), "unknown order 'certin'; did you mean 'certain'"),
    ],
)
def test_a_users_error_is_one_line_and_leaves_nothing(command, arguments, message, here, capsys):
    assert ask(command, *arguments) == 1
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["song.mid"]


@pytest.mark.parametrize("command", ["harmonise", "revoice"])
def test_other_families_are_refused_with_the_right_one(command, here, capsys):
    assert ask(command, model="tiny") == 1
    assert "choose one of the family diffusion" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["generate", "infill"])
def test_how_to_fill_is_nothing_for_a_model_that_steps(command, here, capsys):
    assert ask(command, "--passes", "3", model="tiny") == 1
    assert "--passes is about models that fill what is masked" in capsys.readouterr().err


def test_its_bound_is_told_as_one(here, corpus, capsys):
    assert main(["evaluate", "filler", "--corpus", str(corpus)]) == 0
    assert "nats a note, at most" in capsys.readouterr().out
    assert main(["evaluate", "filler", "--corpus", str(corpus), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["bound"]
    assert result["nats_per_note"] == pytest.approx(sum(result["nats_per_note_by_attribute"].values()))


def test_what_needs_steps_says_so(here, capsys):
    assert main(["vary", "song.mid", "--model", "filler", "-o", "a.mid"]) == 1
    assert "vary goes from note to note" in capsys.readouterr().err
