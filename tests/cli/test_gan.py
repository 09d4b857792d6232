"""A model that draws phrases on the command line: it writes, shows itself, and says that it has no likelihood."""

import json
import shutil

import pytest
from tests.models.test_gan import lively
from tests.tiny import write_model

from antiphon.charts.drawing import Text
from antiphon.cli.main import main
from antiphon.engine import bundle as bundles
from antiphon.engine import open_bundle
from antiphon.evaluate.report.architecture import architecture
from antiphon.files.midi import read_midi

pytestmark = pytest.mark.torch
CONFIG = {"noise": 4, "size": 4, "critic_size": 4, "bars": 1, "steps": 8}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("gan") / "drawn", lively("gan", CONFIG), "gan", CONFIG)


def test_generate_writes_phrases(drawn, tmp_path, capsys):
    arguments = ["--model", str(drawn), "-n", "3", "--seed", "1", "--seconds", "5", "--sidecar", "--json"]
    assert main(["generate", *arguments, "-o", str(tmp_path / "x.mid")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert len(result["files"]) == 3
    scores = [read_midi(file) for file in result["files"]]
    assert sum(map(len, scores)) == result["notes"] > 0
    assert scores[0] != scores[1]
    assert set(scores[0].tracks) >= {"melody", "accompaniment"}


def test_replay_makes_the_same_bytes_again(drawn, tmp_path, capsys):
    file = tmp_path / "x.mid"
    assert main(["generate", "--model", str(drawn), "--seed", "2", "--seconds", "3", "-o", str(file)]) == 0
    again = tmp_path / "again.mid"
    assert main(["replay", str(file), "--model", str(drawn), "-o", str(again)]) == 0
    assert file.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--temperature", "0.8"], "sampling is about notes that are drawn one after another"),
        (["--prompt", "C4 E4 G4"], "draws whole phrases and hears no music"),
    ],
)
def test_what_cannot_be_asked_is_one_line(arguments, message, drawn, tmp_path, capsys):
    assert main(["generate", "--model", str(drawn), "-o", str(tmp_path / "x.mid"), *arguments]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert err.count("\n") == 1


def test_models_and_info_show_it(drawn, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bundles, "folders", lambda: [tmp_path])
    shutil.copytree(drawn, tmp_path / "drawn")
    assert main(["models"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("drawn: gan, ")
    assert "no likelihood" in line
    assert main(["info", "drawn"]) == 0
    assert "gan" in capsys.readouterr().out


def test_evaluate_says_there_is_no_likelihood_and_measures_phrases(drawn, corpus, capsys):
    assert main(["evaluate", str(drawn), "--corpus", str(corpus)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("drawn: no likelihood: it draws whole phrases of noise")
    for line in ("melody, empty bars", "accompaniment, qualified notes", "tonal distance of the two"):
        assert line in out
    assert main(["evaluate", str(drawn), "--corpus", str(corpus), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["no_likelihood"].startswith("no likelihood")
    assert set(result["variety"]) == {"made", "real"}


def test_phrases_are_drawn_and_searched_for_once(drawn, corpus, capsys, monkeypatch):
    command = ["evaluate", str(drawn), "--corpus", str(corpus), "--json"]
    assert main(command) == 0
    first = json.loads(capsys.readouterr().out)
    monkeypatch.setattr("antiphon.evaluate.comparison.phrase_report", lambda *args, **options: pytest.fail("known"))
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out) | {"elapsed_s": 0} == first | {"elapsed_s": 0}


def test_evaluate_of_some_pieces_is_about_likelihood(drawn, corpus, capsys):
    assert main(["evaluate", str(drawn), "--corpus", str(corpus), "--pieces", "1"]) == 1
    assert "--pieces 1 is about likelihood, and this model has none" in capsys.readouterr().err


def test_compare_measures_its_samples_only(drawn, corpus, tmp_path, capsys):
    arguments = ["--corpus", str(corpus), "-o", str(tmp_path / "report"), "--samples", "8", "--notes", "64"]
    assert main(["compare", str(drawn), *arguments, "--clips", "0", "--json"]) == 0
    (numbers,) = json.loads(capsys.readouterr().out)["contestants"].values()
    assert "likelihood" not in numbers
    assert numbers["no_likelihood"].startswith("no likelihood")
    assert numbers["samples"] == 8
    assert numbers["speed"]["notes_per_second"] > 0
    page = (tmp_path / "report" / "index.html").read_text()
    assert "no likelihood: it draws whole phrases of noise" in page


def test_its_picture_has_two_sides(drawn):
    words = [shape.text for shape in architecture(open_bundle(drawn)).shapes if isinstance(shape, Text)]
    for word in ("noise", "player", "a phrase", "critic", "how real it is"):
        assert word in words
    assert "a note heard" not in words
