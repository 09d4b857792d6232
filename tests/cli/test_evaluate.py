"""``antiphon evaluate`` as a person runs it."""

import json
import shutil

import pytest

from antiphon.cli.evaluate import _by_notes
from antiphon.cli.main import main
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_engine
from antiphon.evaluate.likelihood import corpus_likelihood

pytestmark = pytest.mark.torch


def test_it_reports_the_likelihood_of_a_split(bundle, corpus, capsys):
    assert main(["evaluate", str(bundle), "--corpus", str(corpus), "--split", "test", "--json"]) == 0
    out, err = capsys.readouterr()
    assert not err
    result, opened = json.loads(out), open_corpus(corpus)
    assert (result["model"], result["split"], result["pieces"]) == ("tiny", "test", 1)
    expected = corpus_likelihood(open_engine(bundle), opened, opened.split("test")).report()
    by_attribute = expected.pop("nats_per_note_by_attribute")
    assert {key: result[key] for key in expected} == pytest.approx(expected)
    assert result["nats_per_note_by_attribute"] == pytest.approx(by_attribute)


def test_as_text(bundle, corpus, capsys):
    assert main(["evaluate", str(bundle), "--corpus", str(corpus)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("tiny on 1 validation pieces, ")
    for line in ("nats a note", "without velocity", "nats a second", "nats a MIDI-like token", "error of duration, ms"):
        assert line in out
    assert "95 % intervals" not in out  # of a single piece there are none


def test_spans_of_notes_stand_apart():
    """Also those of thousands, which music of that length has."""
    rows = [{"from_note": a, "to_note": b, "nats_per_note": 12.5} for a, b in ((256, 1024), (1024, 4096), (4096, None))]
    head, values = _by_notes("notes into the piece", {"nats a note": "nats_per_note"}, rows).splitlines()
    assert head.split()[4:] == ["256-1023", "1024-4095", "4096+"]
    assert [len(head), *(head.index(word) for word in ("1024", "4096+"))] == [len(values), 41, 56]


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (None, ["--corpus", "none"], "there is no corpus none; make one: antiphon prepare"),
        (None, ["--split", "tst"], "unknown split 'tst'; did you mean 'test'"),
        ("nobody", [], "unknown model 'nobody'"),
    ],
)
def test_a_users_error_is_one_line(model, arguments, message, bundle, corpus, capsys):
    assert main(["evaluate", model or str(bundle), "--corpus", str(corpus), *arguments]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert err.count("\n") == 1


def test_a_model_is_no_corpus(bundle, capsys):
    assert main(["evaluate", str(bundle), "--corpus", str(bundle)]) == 1
    assert "is not a corpus: it has no manifest.json" in capsys.readouterr().err


def test_ctrl_c_is_130(bundle, corpus, capsys, ctrl_c, monkeypatch):
    monkeypatch.setattr("antiphon.evaluate.predictions.midi_tokens", lambda *notes: ctrl_c())
    assert main(["evaluate", str(bundle), "--corpus", str(corpus)]) == 130
    kept = "what was measured so far is kept; the same command goes on from there\n"
    assert capsys.readouterr() == ("", f"{kept}antiphon evaluate: interrupted\n")


def test_a_second_time_nothing_is_heard(bundle, corpus, capsys, monkeypatch):
    command = ["evaluate", str(bundle), "--corpus", str(corpus), "--json"]
    assert main(command) == 0
    first = json.loads(capsys.readouterr().out)
    monkeypatch.setattr("antiphon.evaluate.comparison.predict", lambda *args: pytest.fail("heard already"))
    assert main(command) == 0
    second = json.loads(capsys.readouterr().out)
    assert first.pop("elapsed_s") > second.pop("elapsed_s")
    assert first == second


def test_a_folder_of_music_has_no_likelihood_but_all_else(corpus, data, tmp_path, capsys):
    (tmp_path / "theirs").mkdir()
    for file in data.glob("cc0-*.mid"):
        shutil.copy(file, tmp_path / "theirs")
    assert main(["evaluate", str(tmp_path / "theirs"), "--corpus", str(corpus)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("theirs: 4 files, ")
    assert "no Fréchet distance: too few samples" in out
    assert "longest run of notes that the training split has too" in out
