"""``antiphon generate`` as a person runs it, and as a person mistypes it."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from antiphon.cli.main import main
from antiphon.engine.bundle import ENGINE, META, folders
from antiphon.files.midi import read_midi, write_midi
from antiphon.notes import NOTE, from_seconds, score

pytestmark = pytest.mark.torch


@pytest.fixture
def here(tmp_path, bundle, monkeypatch):
    """The folder in which commands run; the tiny model is there by the name of `tiny`."""
    shutil.copytree(bundle, folders()[1] / "tiny")
    monkeypatch.chdir(tmp_path)
    prompt = from_seconds(np.array([0.0, 0.5, 1.0]), np.full(3, 0.4), np.array([60, 64, 67]), np.full(3, 82))
    write_midi(prompt, tmp_path / "prompt.mid")
    return tmp_path


def generate(*arguments, model="tiny", notes="8", out="a.mid"):
    length = ["--notes", notes] if notes else []
    return main(["generate", "--model", str(model), *length, "-o", out, *arguments])


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_writes_music_and_says_by_whom(here, capsys):
    assert generate("--seed", "7") == 0
    out, err = capsys.readouterr()
    assert out.startswith("a.mid\n8 notes, ")
    assert "by tiny (weights: CC0-1.0), seed 7" in out
    assert err == "writing a.mid …\n"
    assert len(read_midi(here / "a.mid")) == 8


def test_every_form_is_of_the_same_music(here, capsys):
    assert generate("-o", "a.flac", "-o", "a.svg", "--json", "--seed", "0") == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {
        "files", "model", "licence", "seed", "notes", "seconds", "notes_per_second", "first_note_ms",
    }  # fmt: skip
    assert result["files"] == ["a.mid", "a.flac", "a.svg"]
    assert (result["model"], result["licence"], result["notes"]) == ("tiny", "CC0-1.0", 8)
    assert result["seconds"] == pytest.approx(read_midi(here / "a.mid").length_s, abs=0.01)
    assert soundfile.info(here / "a.flac").duration >= result["seconds"]
    assert (here / "a.svg").read_text().startswith("<svg")


def test_the_same_seed_is_the_same_file_alone_or_among_others(here):
    generate("--seed", "3")
    generate("--seed", "3", "-n", "12", out="b.mid")
    generate("--seed", "4", out="c.mid")
    assert left(here)[1:13] == [f"b-{i:02}.mid" for i in range(1, 13)]
    first = (here / "a.mid").read_bytes()
    assert (here / "b-01.mid").read_bytes() == first
    assert (here / "b-02.mid").read_bytes() != first
    assert (here / "c.mid").read_bytes() != first


def test_without_a_seed_it_is_new_and_the_seed_is_said(here, capsys):
    generate("--json")
    seed = json.loads(capsys.readouterr().out)["seed"]
    generate("--seed", str(seed), out="again.mid")
    generate("--json", out="other.mid")
    assert (here / "again.mid").read_bytes() == (here / "a.mid").read_bytes()
    assert (here / "other.mid").read_bytes() != (here / "a.mid").read_bytes()


def test_a_prompt_is_continued(here):
    assert generate("--prompt", "prompt.mid", "--seed", "1") == 0
    assert generate("--prompt", "prompt.mid", "--continue", "--seed", "1", out="whole.mid") == 0
    new, whole = read_midi(here / "a.mid"), read_midi(here / "whole.mid")
    assert (len(new), len(whole)) == (8, 11)
    assert whole.notes["pitch"][:3].tolist() == [60, 64, 67]
    assert whole.notes["pitch"][3:].tolist() == new.notes["pitch"].tolist()


def test_seconds_and_an_instrument(here):
    assert generate("--seconds", "30", "--instrument", "violin", notes=None) == 0
    made = read_midi(here / "a.mid")
    assert made.length_s <= 30.001
    assert set(made.notes["program"].tolist()) == {40}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--notes", "0"], "0 notes is out of range: 1 to 10,000,000"),
        (["--notes", "-5"], "-5 notes is out of range"),
        (["--seconds", "0"], "0.0 seconds is out of range"),
        (["--seconds", "nan"], "nan seconds is out of range"),
        (["--temperature", "-1"], "temperature -1.0 is out of range: above 0 and at most 10"),
        (["--temperature", "0"], "temperature 0.0 is out of range"),
        (["--temperature", "nan"], "temperature nan is out of range"),
        (["--seed", "-1"], "--seed -1 is out of range: it must be 0 or more"),
        (["-n", "0"], "-n 0 is out of range: 1 to 1000 pieces"),
        (["--instrument", "violn"], "unknown instrument 'violn'; did you mean 'Violin'"),
        (["--instrument", "200"], "200"),
        (["--prompt", "none.mid"], "none.mid"),
        (["--prompt", "silent.mid"], "silent.mid has no notes; give a file with at least one"),
        (["--prompt", "text.mid"], "text.mid"),
        (["--prompt", "."], "Is a directory"),
        (["--model", "tinny"], "unknown model 'tinny'; did you mean 'tiny'"),
        (["-o", "none/a.mid"], "the folder none does not exist; make it first (mkdir -p none)"),
        (["-o", "a.xyz"], "a.xyz: the ending '.xyz' is not known; it may be .mid, .wav"),
        (["-o", "a"], "the ending '' is not known"),
    ],
)
def test_a_users_error_is_one_line_and_leaves_nothing(arguments, message, here, capsys):
    write_midi(score(np.empty(0, NOTE)), here / "silent.mid")
    (here / "text.mid").write_text("not music")
    before = left(here)
    command = ["generate", "--model", "tiny", "-o", "a.mid", *arguments]
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("antiphon generate: ")
    assert message in err
    assert err.count("\n") == 1
    assert left(here) == before


@pytest.mark.parametrize(
    "arguments",
    [["--notes", "two"], ["--notes", "1", "--seconds", "1"], ["--temperature"], ["--sead", "1"], ["extra"]],
)
def test_misuse_is_2(arguments, here, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["generate", "-o", "a.mid", *arguments])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: antiphon")


def test_somewhere_to_write_is_asked_for(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["generate"])
    assert stop.value.code == 2
    assert "-o" in capsys.readouterr().err


@pytest.mark.parametrize("file", [ENGINE, META])
def test_a_corrupted_model_is_one_line(file, here, capsys):
    path = folders()[1] / "tiny" / file
    path.write_bytes(path.read_bytes()[:-20])
    assert generate() == 1
    err = capsys.readouterr().err
    assert file in err
    assert err.count("\n") == 1
    assert left(here) == ["prompt.mid"]


def test_a_full_disk_leaves_nothing_under_the_name(here, capsys, full_disk):
    with full_disk(1024):
        assert generate(notes="500") == 1
    assert "cannot write a.mid: File too large" in capsys.readouterr().err
    assert left(here) == ["prompt.mid"]


def test_a_full_disk_keeps_the_older_file(here, full_disk):
    generate()
    before = (here / "a.mid").read_bytes()
    with full_disk(1024):
        assert generate(notes="500") == 1
    assert (here / "a.mid").read_bytes() == before
    assert left(here) == ["a.mid", "prompt.mid"]


def test_ctrl_c_is_130_and_leaves_nothing(here, capsys, ctrl_c):
    ctrl_c(0.5)
    assert generate(notes="10000000") == 130
    out, err = capsys.readouterr()
    assert not out
    assert err == "antiphon generate: interrupted\n"
    assert left(here) == ["prompt.mid"]
