"""``antiphon replay``: the same bytes again, or what is missing."""

import json
import shutil

import pytest

from antiphon import __version__
from antiphon.cli.main import main
from antiphon.engine.bundle import folders
from antiphon.files.midi import read_midi, read_texts, write_midi
from antiphon.generate.humanise import Changes, undo
from antiphon.generate.melody import read_melody
from antiphon.generate.replay import MARK

pytestmark = pytest.mark.torch


@pytest.fixture
def here(tmp_path, bundle, monkeypatch):
    """The folder in which commands run; the tiny model is there by the name of `tiny`."""
    shutil.copytree(bundle, folders()[1] / "tiny")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write_midi(read_melody("96bpm C4 E4 G4:2 r A4 B4 C5:2 ; C3:4 G2:4"), tmp_path / "work" / "song.mid")
    return tmp_path / "work"


def antiphon(*arguments):
    return main([str(argument) for argument in arguments])


def failed(capsys, *arguments):
    """The line of a command that must fail."""
    assert antiphon(*arguments) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    return err


SOME = ("--model", "tiny", "--seed", "7", "-o", "a.mid", "--sidecar")
WAYS = [
    ("generate", "--notes", "12"),
    ("generate", "--notes", "12", "--temperature", "pitch=0.9,step=1.1", "--key", "Am", "--range", "C3..C6"),
    ("generate", "--bars", "3", "--tempo", "96", "--grid", "1/16", "--swing", "0.6", "--ending", "tonic", "--key", "C"),
    ("generate", "--notes", "12", "--prompt", "C4 E4 G4", "--continue", "--humanise", "timing=9,velocity=4"),
    ("generate", "--notes", "12", "--prompt", "song.mid", "--to", "2s", "--transpose", "auto"),
    ("generate", "--notes", "12", "--beam", "3", "--no-guard"),
    ("generate", "--bars", "2", "--tempo", "96", "--tempo-map", "1:96 2:60"),
    ("generate", "--notes", "12", "--best-of", "3", "--parts", "cello,C4,violin"),
    ("continue", "song.mid", "--seconds", "3", "--quantise", "1/16,0.5"),
    ("vary", "song.mid", "--amount", "0.5"),
    ("accompany", "song.mid", "--tracks", "1", "--key", "C"),
    ("infill", "song.mid", "--from", "1", "--to", "2", "--candidates", "3"),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way)[:40])
def test_the_same_bytes_come_out_again(way, here, capsys):
    assert antiphon(*way, *SOME) == 0
    assert antiphon("replay", "a.mid", "-o", "b.mid") == 0
    assert (here / "b.mid").read_bytes() == (here / "a.mid").read_bytes()
    assert antiphon("replay", "a.mid.json", "-o", "c.mid") == 0
    assert (here / "c.mid").read_bytes() == (here / "a.mid").read_bytes()
    assert "the same bytes come out again, by tiny, seed 7" in capsys.readouterr().out


def test_one_of_several_comes_out_alone(here):
    assert antiphon("generate", "--notes", "9", "-n", "3", "--best-of", "2", *SOME) == 0
    assert antiphon("replay", "a-3.mid", "-o", "b.mid") == 0
    assert (here / "b.mid").read_bytes() == (here / "a-3.mid").read_bytes()


def test_the_record_says_everything_and_no_place(here, capsys):
    song = here / "song.mid"
    antiphon("generate", "--notes", "9", "--key", "Am", "--prompt", song, *SOME)
    (text,) = read_texts(here / "a.mid")
    assert text.isascii()
    assert str(here) not in text
    found = json.loads(text.removeprefix(MARK))
    assert (found["antiphon"], found["model"], found["seed"], found["index"]) == (__version__, "tiny", 7, 0)
    assert found["options"] == {"notes": 9, "key": "Am"}
    assert (found["prompt"], len(found["prompt_sha256"]), len(found["model_sha256"])) == ("song.mid", 64, 64)
    capsys.readouterr()
    assert antiphon("replay", "a.mid", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"file", "same", "sha256", "files", "record"}
    assert result["record"] == found


def test_plain_is_without_the_steps_after_the_model_and_the_sidecar_undoes_them(here):
    steps = ("--humanise", "timing=15,velocity=6", "--quantise", "1/8", "--tempo-map", "1:50")
    antiphon("generate", "--notes", "12", "--tempo", "90", *SOME)
    plain = (here / "a.mid").read_bytes()
    antiphon("generate", "--notes", "12", "--tempo", "90", *steps, *SOME)
    assert antiphon("replay", "a.mid", "--plain", "-o", "b.mid") == 0
    assert (here / "b.mid").read_bytes() == plain
    music = read_midi(here / "a.mid")
    for rows in reversed(json.loads((here / "a.mid.json").read_text())["changes"]):
        music = undo(music, Changes.from_list(rows))
    assert music.notes.tolist() == read_midi(here / "b.mid").notes.tolist()


def test_sound_can_be_made_again_from_its_sidecar(here):
    arguments = ("generate", "--model", "tiny", "--notes", "9", "--seed", "7", "--sidecar", "-o", "a.flac")
    assert antiphon(*arguments) == 0
    assert antiphon("replay", "a.flac.json", "-o", "b.flac") == 0
    assert (here / "b.flac").read_bytes() == (here / "a.flac").read_bytes()


def test_a_prompt_that_is_missing_changed_or_elsewhere(here, capsys):
    antiphon("continue", "song.mid", "--notes", "9", *SOME)
    shutil.move(here / "song.mid", here / "moved.mid")
    capsys.readouterr()
    assert "the prompt 'song.mid' is neither here nor beside a.mid" in failed(capsys, "replay", "a.mid")
    assert antiphon("replay", "a.mid", "--prompt", "moved.mid") == 0
    (here / "other").mkdir()
    shutil.move(here / "moved.mid", here / "other" / "song.mid")
    shutil.move(here / "a.mid", here / "other" / "a.mid")
    assert antiphon("replay", "other/a.mid") == 0
    write_midi(read_melody("C4"), here / "song.mid")
    assert antiphon("replay", "other/a.mid") == 0  # the one here is another one, the one beside it is right
    write_midi(read_melody("C4"), here / "other" / "song.mid")
    capsys.readouterr()
    assert "or is another one: its SHA-256 should be" in failed(capsys, "replay", "other/a.mid", "-o", "b.mid")
    assert "song.mid is another prompt" in failed(capsys, "replay", "other/a.mid", "--prompt", "song.mid")
    assert not (here / "b.mid").exists()


def test_a_model_that_is_missing_changed_or_elsewhere(here, capsys):
    antiphon("generate", "--notes", "9", *SOME)
    tiny = folders()[1] / "tiny"
    shutil.move(tiny, folders()[1] / "renamed")
    assert antiphon("replay", "a.mid") == 0  # known by its hash, whatever it is called
    shutil.move(folders()[1] / "renamed", here / "elsewhere")
    capsys.readouterr()
    assert "the model 'tiny' is not here" in failed(capsys, "replay", "a.mid")
    assert antiphon("replay", "a.mid", "--model", "elsewhere") == 0
    meta = here / "elsewhere" / "meta.json"
    meta.write_text(meta.read_text().replace("nobody's music", "anybody's music"))
    capsys.readouterr()
    assert "elsewhere is another model" in failed(capsys, "replay", "a.mid", "--model", "elsewhere")
    shutil.copytree(here / "elsewhere", tiny)
    assert "is here, but is another one" in failed(capsys, "replay", "a.mid")


def test_a_file_that_was_changed_since(here, capsys):
    antiphon("generate", "--notes", "9", *SOME)
    music = read_midi(here / "a.mid")
    write_midi(music.transpose(1), here / "a.mid", read_texts(here / "a.mid"))
    capsys.readouterr()
    assert "FILE was changed after it was written" in failed(capsys, "replay", "a.mid", "-o", "b.mid")
    assert not (here / "b.mid").exists()


def test_another_version_is_named_where_the_bytes_differ(here, capsys):
    antiphon("generate", "--notes", "9", *SOME)
    text = read_texts(here / "a.mid")[0].replace(f'"antiphon":"{__version__}"', '"antiphon":"9.9"')
    write_midi(read_midi(here / "a.mid").transpose(1), here / "a.mid", [text])
    capsys.readouterr()
    assert f"antiphon 9.9, here {__version__}" in failed(capsys, "replay", "a.mid")


def _damaged(**changes):
    fine = {
        "command": "generate", "seed": 1, "index": 0, "options": {}, "model": "tiny", "model_sha256": "0",
        "antiphon": "9.9", "runtime": {},
    }  # fmt: skip
    return MARK + json.dumps({**fine, **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "does not say how it was made"),
        (MARK + "{", "is damaged"),
        (_damaged(seed="x"), "'seed' should be of type int"),
        (_damaged(prompt=3), "'prompt' should be of type str"),
        (_damaged(command="sing"), "was written by Antiphon 9.9, and this version does not know what it says (sing)"),
        (_damaged(seed=-1), "does not know what it says"),
        (_damaged(more=1), "does not know what it says (more)"),
        (_damaged(options={"keey": "C"}), "unknown option 'keey'; did you mean 'key'?"),
        (_damaged(options={"top-k": "C"}), "top-k = 'C' is of the wrong kind"),
    ],
)
def test_a_record_that_is_none_or_damaged(text, message, here, capsys):
    write_midi(read_melody("C4"), here / "a.mid", [text])
    assert message in failed(capsys, "replay", "a.mid")


@pytest.mark.parametrize("content", ["{}", "[]", "{", "[" * 100_000])
def test_a_sidecar_that_is_none(content, here, capsys):
    (here / "a.json").write_text(content)
    message = failed(capsys, "replay", "a.json")
    assert "is no sidecar of ours" in message or "is damaged" in message


def test_a_file_that_is_not_there(here, capsys):
    assert "cannot read none.mid: No such file or directory" in failed(capsys, "replay", "none.mid")
