import hashlib
import json
import zipfile
from dataclasses import replace

import pytest

from antiphon.cli.main import main
from antiphon.corpus import sources
from antiphon.corpus.store import open_corpus


@pytest.fixture
def archive(folder, tmp_path, monkeypatch):
    """MAESTRO as far as the commands can tell: an archive of two files with its table."""
    music = folder("a.midi", "b.midi")
    path = tmp_path / "download.zip"
    table = (
        "canonical_composer,canonical_title,split,midi_filename\n"
        "Bach,Air,train,2004/a.midi\nBach,Aria,test,2004/b.midi\n"
    )
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("maestro-v2.0.0/maestro-v2.0.0.csv", table)
        for name in ("a.midi", "b.midi"):
            zipped.write(music / name, f"maestro-v2.0.0/2004/{name}")
    content = path.read_bytes()
    known = replace(
        sources.SOURCES["maestro-v2.0.0"], sha256=hashlib.sha256(content).hexdigest(), bytes=len(content),
        table_sha256=hashlib.sha256(table.encode()).hexdigest(),
    )  # fmt: skip
    monkeypatch.setitem(sources.SOURCES, "maestro-v2.0.0", known)
    return path


def run(capsys, *argv):
    status = main([str(arg) for arg in argv])
    out, err = capsys.readouterr()
    return status, out, err


def test_fetched_then_prepared_with_the_official_split(archive, tmp_path, capsys):
    assert "-" in run(capsys, "corpora")[1].splitlines()[1]
    status, out, _ = run(capsys, "fetch", "maestro-v2.0.0", "--from", archive)
    assert status == 0
    assert "CC-BY-NC-SA-4.0; please cite: Hawthorne" in out
    assert " here " in run(capsys, "corpora")[1].splitlines()[1]
    status, out, err = run(capsys, "prepare", "maestro-v2.0.0", "-o", tmp_path / "corpus", "--workers", 1)
    assert (status, err) == (0, "")
    assert "2 pieces, 40 notes" in out
    corpus = open_corpus(tmp_path / "corpus")
    assert [(piece.title, piece.split) for piece in corpus.pieces] == [("Air", "train"), ("Aria", "test")]
    assert corpus.manifest["sources"][0]["licence"] == "CC-BY-NC-SA-4.0"


def test_an_unpacked_copy_is_known_by_its_table(archive, tmp_path, capsys):
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(tmp_path / "unpacked")
    for i, place in enumerate(["unpacked", "unpacked/maestro-v2.0.0"]):
        assert run(capsys, "prepare", tmp_path / place, "-o", tmp_path / str(i), "--workers", 1)[0] == 0
        about = open_corpus(tmp_path / str(i)).manifest
        assert about["sources"][0]["name"] == "maestro-v2.0.0"
        assert list(about["splits"]) == ["train", "test"]


def test_json(archive, tmp_path, capsys):
    listed = json.loads(run(capsys, "corpora", "--json")[1])["corpora"]
    assert [one["path"] for one in listed] == [None] * len(sources.SOURCES)
    fetched = json.loads(run(capsys, "fetch", "maestro-v2.0.0", "--from", archive, "-o", tmp_path / "d", "--json")[1])
    assert fetched["path"] == str(tmp_path / "d" / "maestro-v2.0.0-midi.zip")
    prepared = json.loads(
        run(capsys, "prepare", fetched["path"], "-o", tmp_path / "corpus", "--workers", 1, "--no-pedal", "--json")[1]
    )
    assert prepared["totals"]["pieces"] == 2
    assert prepared["pedal"] is False
    assert prepared["sources"][0]["name"] == "maestro-v2.0.0"


def test_what_is_missing_is_said(folder, tmp_path, capsys):
    music = folder("a.mid", "b.mid", "c.mid", same=("b.mid", "c.mid"))
    (music / "bad.mid").write_text("no music")
    _, out, _ = run(capsys, "prepare", music, "-o", tmp_path / "corpus", "--workers", 1)
    assert "dropped as copies: 1" in out
    assert "unreadable: 1" in out
    assert "bad.mid: " in out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["fetch", "maestro"], "unknown source 'maestro'"),
        (["fetch", "maestro-v2.0.0", "--from", "nowhere.zip"], "there is no file nowhere.zip"),
        (["prepare", "nowhere", "-o", "corpus"], "unknown source 'nowhere'"),
        (["prepare", "maestro-v3.0.0", "-o", "corpus"], "antiphon fetch maestro-v3.0.0"),
        (["info", "."], "neither manifest.json nor meta.json"),
    ],
)
def test_errors_are_one_line(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *argv)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert message in err


@pytest.mark.parametrize(
    "argv", [["prepare", "x"], ["prepare", "-o", "x"], ["prepare", "x", "-o", "y", "--workers", "0"]]
)
def test_misuse(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err
