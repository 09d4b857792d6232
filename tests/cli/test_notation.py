"""Commands that take and give MusicXML and ABC, by the endings of files."""

import json

import pytest

from antiphon.cli.main import main
from antiphon.files import read_music

TUNE = "X:1\nT:Tune\nM:3/4\nL:1/8\nQ:1/4=100\nK:G\nD2|G2 B2 d2|(3gfe d4|g6|]\n"
TWO = "X:1\nT:One\nM:4/4\nK:C\nCDEF GABc|\n\nX:2\nT:Two: the 2nd/\nM:4/4\nK:D\nDEFG ABcd|dcBA GFED|\n"


@pytest.fixture
def tune(tmp_path):
    path = tmp_path / "tune.abc"
    path.write_text(TUNE)
    return path


def test_a_tune_is_described_and_drawn(tune, tmp_path, capsys):
    assert main(["info", str(tune), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["notes"], facts["tempos"][0]["bpm"]) == (9, 100)
    assert [metre["metre"] for metre in facts["metres"]] == ["1/4", "3/4"]
    assert main(["plot", str(tune), "-o", str(tmp_path / "tune.svg")]) == 0
    assert (tmp_path / "tune.svg").read_text().startswith("<svg")


def test_a_tune_is_a_prompt_and_a_score_comes_out(tune, tmp_path, bundle):
    out = tmp_path / "longer.musicxml"
    asked = ["generate", "--model", str(bundle), "--prompt", str(tune), "--continue", "--notes", "12", "--seed", "1"]
    assert main([*asked, "-o", str(out), "-o", str(tmp_path / "longer.mid")]) == 0
    written = read_music(out)
    assert written.notes["pitch"][:9].tolist() == read_music(tune).notes["pitch"].tolist()
    assert len(written) >= 15
    assert "antiphon {" in out.read_text().replace("&quot;", '"')


def test_a_varied_tune_is_a_tune_again(tune, tmp_path, bundle):
    asked = ["vary", str(tune), "--model", str(bundle), "--change", "pitch", "--amount", "0.3", "--seed", "2"]
    assert main([*asked, "-o", str(tmp_path / "v.abc")]) == 0
    assert len(read_music(tmp_path / "v.abc")) == 9


def test_several_voices_are_no_abc(tmp_path, bundle, capsys):
    (tmp_path / "duet.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nV:1\nCDEF|\nV:2\nC,4|\n")
    asked = ["vary", str(tmp_path / "duet.abc"), "--model", str(bundle), "--change", "velocity", "--seed", "2"]
    assert main([*asked, "-o", str(tmp_path / "both.abc")]) == 1
    assert "write .musicxml" in capsys.readouterr().err
    assert not (tmp_path / "both.abc").exists()


def test_a_collection_is_prepared_tune_by_tune(tmp_path, capsys):
    folder = tmp_path / "tunes"
    folder.mkdir()
    (folder / "two.abc").write_text(TWO)
    (folder / "one.abc").write_text(TUNE)
    (folder / "bad.abc").write_text("X:1\nK:C\nC ?? §\n\nX:2\nT:Good\nK:C\nCDE|\n")
    assert main(["prepare", str(folder), "-o", str(tmp_path / "corpus"), "--json"]) == 0
    manifest = json.loads((tmp_path / "corpus" / "manifest.json").read_text())
    assert manifest["totals"]["pieces"] == 4
    assert [one["name"] for one in manifest["quarantined"]] == ["bad.abc/tune (1).abc"]
    assert "'§' is no ABC" in manifest["quarantined"][0]["why"]


def test_an_ending_that_nobody_writes(tmp_path, bundle, capsys):
    assert main(["generate", "--model", str(bundle), "-o", str(tmp_path / "x.mscz")]) == 1
    assert ".musicxml" in capsys.readouterr().err
