"""``antiphon compare`` as a person runs it, and as a person mistypes it."""

import json
import shutil

import pytest
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.cli.main import main
from antiphon.evaluate import comparison

pytestmark = pytest.mark.torch
SMALL = ["--samples", "2", "--notes", "32", "--clips", "0", "--pieces", "1"]


@pytest.fixture
def compare(bundle, corpus, tmp_path):
    """The command on the tiny model and corpus."""

    def run(*arguments, models=(bundle,), options=SMALL):
        words = ["compare", *map(str, models), "--corpus", str(corpus), "-o", str(tmp_path / "report"), *options]
        return main([*words, *map(str, arguments)])

    return run


def test_a_page_and_the_numbers(compare, tmp_path, capsys):
    assert compare() == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].startswith("tiny")
    assert out.endswith(f"page: {tmp_path / 'report' / 'index.html'}\n")
    assert "tiny: likelihood …" in err
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "index.html", "leaderboard.md", "results.csv", "results.json",
    ]  # fmt: skip
    page = (tmp_path / "report" / "index.html").read_text()
    found = json.loads((tmp_path / "report" / "results.json").read_text())
    assert found["command"].startswith("antiphon compare ")
    assert found["command"].endswith("--pieces 1 --samples 2 --notes 32 --clips 0")
    assert found["command"].replace("&", "&amp;") in page
    assert "<audio" not in page


def test_against_an_earlier_one(compare, bundle, tmp_path, capsys):
    assert compare() == 0
    before = tmp_path / "before.json"
    shutil.copy(tmp_path / "report" / "results.json", before)
    old = json.loads(before.read_text())
    old["contestants"]["tiny"]["likelihood"]["nats_per_note"] += 1
    before.write_text(json.dumps(old))
    capsys.readouterr()
    assert compare("--against", before) == 0
    out, err = capsys.readouterr()
    assert "tiny: likelihood.nats_per_note" in out
    assert "measured other music" not in err
    assert compare("--against", before, "--each", "1") == 0
    assert f"{before} measured other music, or measured it otherwise" in capsys.readouterr().err
    assert compare("--against", before, "--json") == 0
    (changed,) = json.loads(capsys.readouterr().out)["changes"]
    assert (changed["key"], changed["better"]) == ("likelihood.nats_per_note", True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--clips", "21"], "--clips 21 is out of range: 0 to 20"),
        (["--samples", "0"], "samples 0 is out of range: 1 to 10,000"),
        (["--against", "none.json"], "cannot read none.json: No such file or directory; give the results.json of"),
        (["--against", __file__], "is no JSON ("),
        (["--split", "tst"], "unknown split 'tst'; did you mean 'test'"),
    ],
)
def test_a_users_error_is_one_line_before_any_work(arguments, message, compare, capsys):
    assert compare(*arguments) == 1
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert err.count("\n") == 1


def test_nobody(compare, capsys):
    assert compare(models=["nobody"]) == 1
    assert "A folder of MIDI files works too." in capsys.readouterr().err


def test_a_file_of_music_is_no_folder(compare, data, capsys):
    file = next(data.glob("*.mid"))
    assert compare(models=[file]) == 1
    assert f"{file} is a file: name its folder.\n" in capsys.readouterr().err


def test_a_report_where_a_file_is(compare, tmp_path, capsys):
    (tmp_path / "report").write_text("")
    assert compare() == 1
    assert "cannot make the folder" in (said := capsys.readouterr().err)
    assert "File exists; give another one with -o" in said


def test_ctrl_c_keeps_what_is_done(compare, capsys, ctrl_c, monkeypatch):
    real = comparison.two_sample
    monkeypatch.setattr(comparison, "two_sample", lambda *args, **options: ctrl_c())
    assert compare() == 130
    _, err = capsys.readouterr()
    assert "what was measured so far is kept; the same command goes on from there" in err
    assert err.endswith("antiphon compare: interrupted\n")
    monkeypatch.setattr(comparison, "two_sample", real)
    monkeypatch.setattr(comparison, "predict", lambda *args, **options: pytest.fail("heard already"))
    assert compare() == 0


def test_a_model_of_passages_stands_in_the_table_with_a_note(compare, bundle, tmp_path, capsys):
    config = CONFIGS["seq2seq"]["small"] | {"call": 32}
    answering = write_model(tmp_path / "answering", tiny_model("seq2seq", config), "seq2seq", config)
    assert compare(models=[bundle, answering]) == 0
    page = (tmp_path / "report" / "index.html").read_text()
    assert "answering</b>: it answers or varies passages" in page
    assert "nats a note (answers, given the call)" in capsys.readouterr().out
