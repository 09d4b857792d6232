"""``antiphon continue``, ``vary``, ``accompany``, ``infill`` and ``presets`` as a person runs and mistypes them."""

import json
import shutil

import pytest

from antiphon.cli.main import main
from antiphon.engine.bundle import folders
from antiphon.files.midi import read_midi, write_midi
from antiphon.generate.melody import read_melody
from antiphon.generate.presets import own_file

pytestmark = pytest.mark.torch
SONG = read_melody("96bpm C4 E4 G4:2 r A4 B4 C5:2 ; C3:4 G2:4")
COMMANDS = ("continue", "vary", "accompany", "infill")
KEYS = {
    "files", "sidecars", "model", "licence", "seed", "notes", "seconds", "notes_per_second", "first_note_ms", "options",
    "report",
}  # fmt: skip


@pytest.fixture
def here(tmp_path, bundle, monkeypatch):
    """The folder in which commands run; the tiny model is there by the name of `tiny`."""
    shutil.copytree(bundle, folders()[1] / "tiny")
    monkeypatch.chdir(tmp_path)
    write_midi(SONG, tmp_path / "song.mid")
    return tmp_path


def edit(command, *arguments, file="song.mid"):
    passage = ("--from", "1", "--to", "2") if command == "infill" else ()
    end = ("--notes", "9") if command == "continue" else ()
    return main([command, file, "--model", "tiny", "--seed", "3", "-o", "a.mid", *passage, *end, *arguments])


@pytest.mark.parametrize("command", COMMANDS)
def test_all_share_their_result_and_take_files_and_melodies(command, here, capsys):
    assert edit(command, "--json", "--key", "C") == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == KEYS
    assert (result["files"], result["model"], result["seed"]) == (["a.mid"], "tiny", 3)
    assert result["seconds"] == pytest.approx(read_midi(here / "a.mid").length_s, abs=0.01)
    assert edit(command, file="96bpm C4 E4 G4:2 r A4 B4 C5:2") == 0


@pytest.mark.parametrize("command", ["continue", "accompany"])
def test_what_is_given_stays(command, here):
    assert edit(command) == 0
    music = read_midi(here / "a.mid")
    kept = music.select(music.notes["track"] < 2)
    assert kept.notes.tolist() == SONG.notes.tolist()
    assert music.tempos.tolist() == SONG.tempos.tolist()


@pytest.mark.parametrize(("command", "said"), [
    ("continue", "only what of it begins at or after"), ("accompany", "only what of it begins at or after"),
    ("vary", "the passage that is changed begins here"), ("infill", "the passage that is changed begins here"),
    ("revoice", "the passage that is changed begins here"), ("harmonise", "only what of it begins at or after"),
])  # fmt: skip
def test_help_says_what_from_is_to_this_command_and_offers_no_strumming(command, said, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert said in out
    assert ("--render" in out) == (command == "continue")


def test_several_variations_number_themselves(here):
    assert edit("vary", "-n", "3", "--amount", "1") == 0
    made = [(here / f"a-{i}.mid").read_bytes() for i in (1, 2, 3)]
    assert len(set(made)) == 3


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--key", "H"), "'H' is no key"),
        (("--temperature", "0"), "temperature 0.0 is out of range"),
        (("--instrument", "violn"), "unknown instrument 'violn'; did you mean 'Violin'"),
        (("--model", "tinny"), "unknown model 'tinny'; did you mean 'tiny'"),
        (("--tracks", "9"), "unknown track '9'"),
        (("--preset", "nocturn"), "did you mean 'nocturne'"),
    ],
)
def test_a_users_error_is_one_line_and_leaves_nothing(command, arguments, message, here, capsys):
    assert edit(command, *arguments) == 1
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["song.mid"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("outputs", [("song.mid",), ("b.mid", "-o", "./song.mid")])
def test_the_music_that_is_read_is_never_written_over(command, outputs, here, capsys):
    before = (here / "song.mid").read_bytes()
    assert edit(command, "-o", *outputs) == 1
    assert "song.mid is the music that is read, and would be lost" in capsys.readouterr().err
    assert (here / "song.mid").read_bytes() == before
    assert sorted(path.name for path in here.iterdir()) == ["song.mid"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["nocturne", "walking"])
def test_a_preset_gives_what_the_command_takes(command, name, here):
    assert edit(command, "--preset", name) == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_music_is_needed(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "-o", "a.mid"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: antiphon")


def test_presets_are_listed_and_ones_own_are_marked(capsys):
    assert main(["presets"]) == 0
    listed = capsys.readouterr().out
    assert "nocturne: slow and soft" in listed
    assert "--key 'C# minor'" in listed
    assert listed.endswith(f"Your own go into {own_file()}.\n")
    own_file().parent.mkdir(parents=True, exist_ok=True)
    own_file().write_text('[mine]\nabout = "my own"\ngreedy = true\ntop-k = 3\n')
    assert main(["presets", "mine"]) == 0
    assert "mine (yours): my own\n  --greedy --top-k 3\n" in capsys.readouterr().out
    assert main(["presets", "mine", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["own_file"] == str(own_file())
    assert result["presets"] == [
        {"name": "mine", "about": "my own", "options": {"greedy": True, "top-k": 3}, "own": True}
    ]
    assert main(["presets", "mime"]) == 1
    assert "unknown preset 'mime'; did you mean 'mine'?" in capsys.readouterr().err
