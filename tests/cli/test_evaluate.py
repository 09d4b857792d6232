"""``antiphon evaluate`` as a person runs it."""

import json

import pytest

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
    for unit in ("nats a note", "bits", "pitch, step and duration alone", "nats a MIDI-like token"):
        assert unit in out


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
    assert capsys.readouterr() == ("", "antiphon evaluate: interrupted\n")
