"""Wishes, measures and copies, which ``generate`` takes from the layers around it; and that replay knows them."""

import json
import shutil

import pytest
import torch
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.cli.main import main
from antiphon.corpus.store import MANIFEST, open_corpus
from antiphon.engine.bundle import folders
from antiphon.evaluate.measures import MEASURES
from antiphon.evaluate.memorisation import index_corpus
from antiphon.files.midi import read_midi

pytestmark = pytest.mark.torch


@pytest.fixture
def here(tmp_path, bundle, corpus, monkeypatch):
    """The folder in which commands run, with a model called `tiny` and the corpus it might have learned from."""
    shutil.copytree(bundle, folders()[1] / "tiny")
    shutil.copytree(corpus, tmp_path / "songs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def generate(*arguments, out="a.mid", notes="40", model="tiny"):
    return main(["generate", "--model", model, "--notes", notes, "--seed", "5", "-o", out, *arguments])


def same_again(name="a.mid", *arguments):
    return main(["replay", name, *arguments])


def test_the_best_of_several_by_a_measure(here):
    for i in range(4):
        generate("-n", "1", "--best-of", str(i + 1), out=f"{i + 1}.mid")
    assert generate("--best-of", "8", "--best-by", "pitch_entropy") == 0
    assert generate("--best-of", "8", "--best-by", "pitch_entropy=0", out="low.mid") == 0
    high, low = (MEASURES["pitch_entropy"](read_midi(here / name)) for name in ("a.mid", "low.mid"))
    assert low < high
    assert same_again() == same_again("low.mid") == 0


def test_a_wish_is_told_and_replayed(here, capsys):
    config = CONFIGS["transformer"]["told"]
    model = tiny_model("transformer", config)
    with torch.no_grad():
        for table in model.wishes:
            table.weight.normal_()  # a model that never learned hears no wishes
    write_model(folders()[1] / "told", model, "transformer", config)
    wish = ("--composer", "liszt", "--density", "sparse")
    assert generate(*wish, model="told") == 0
    assert generate(model="told", out="b.mid") == 0
    assert read_midi(here / "a.mid") != read_midi(here / "b.mid")
    assert same_again() == 0
    assert generate("--composer", "bach", model="told", out="c.mid") == 1
    assert "unknown composer 'bach'" in capsys.readouterr().err
    assert not (here / "c.mid").exists()


def test_what_would_complete_a_copy_is_left_out(here, capsys):
    songs = open_corpus(here / "songs")
    index = index_corpus(songs, songs.split("train"))
    few = ("--key", "C D E F", "--range", "C4..F4", "--min-step", "0.05")  # so that much of it was heard before
    generate(*few, notes="300", out="free.mid")
    free = index.copied(read_midi(here / "free.mid")).longest
    capsys.readouterr()
    watch = ("--avoid-copies", "4", "--corpus", "songs", *few, "--json")
    assert generate(*watch, notes="300") == 0
    out, err = capsys.readouterr()
    told = json.loads(out)["report"]["bans"][0]
    assert "indexing the training music in songs, once" in err
    assert index.copied(read_midi(here / "a.mid")).longest < 4 <= free
    assert told["avoided"] > 0
    assert told["unavoidable"] == 0
    assert generate(*watch, notes="300", out="b.mid") == 0
    assert "indexing" not in capsys.readouterr().err
    assert (here / "a.mid").read_bytes() == (here / "b.mid").read_bytes()


def test_a_replay_needs_the_same_corpus(here, capsys):
    generate("--avoid-copies", "6", "--corpus", "songs")
    assert same_again() == 0
    shutil.move(here / "songs", here / "moved")
    capsys.readouterr()
    assert same_again() == 1
    assert "the corpus 'songs', whose music was not to be copied, is not here" in capsys.readouterr().err
    assert same_again("a.mid", "--corpus", "moved") == 0
    manifest = here / "moved" / MANIFEST
    manifest.write_text(manifest.read_text() + "\n")
    capsys.readouterr()
    assert same_again("a.mid", "--corpus", "moved") == 1
    assert "the corpus 'moved', whose music was not to be copied, is another one" in capsys.readouterr().err


@pytest.mark.parametrize("notes", ["3", "1000"])
def test_too_few_or_many_notes_are_refused(notes, here, capsys):
    assert generate("--avoid-copies", notes, "--corpus", "songs") == 1
    assert f"copies of {notes} notes cannot be avoided" in capsys.readouterr().err
    assert not (here / "a.mid").exists()
