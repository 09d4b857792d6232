"""Likelihoods of answers, melodies, chords and frames: each beside the notes' and not among them."""

import pytest
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.cli.main import main
from antiphon.corpus.melodies import BAR, SIXTEENTH_MS
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_engine
from antiphon.errors import CorpusError, ModelError
from antiphon.evaluate.cache import Cache
from antiphon.evaluate.comparison import Comparison, Study
from antiphon.evaluate.contestants import open_contestants
from antiphon.evaluate.otherwise import other_likelihood, passages
from antiphon.evaluate.report import Page
from antiphon.evaluate.results import leaderboard, markdown, origin, otherwise
from antiphon.evaluate.samples import written
from antiphon.generate.beginning import imagined
from antiphon.generate.latent import unfolded

pytestmark = pytest.mark.torch
KINDS = (
    ("seq2seq", "small", "note", "exact", "answers, given the call"),
    ("seq2seq", "together", "note", "exact", "the other voices, given the call"),
    ("vae", "small", "note", "bound", "melodies of 2 bars"),
    ("chord", "small", "note", "exact", "chords; not counted"),
    ("roll", "joint", "frame", "exact", "frames of a piano roll"),
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The folder of a tiny model of each kind."""
    folder = tmp_path_factory.mktemp("otherwise")
    return {
        (family, name): write_model(folder / f"{family}-{name}", tiny_model(family, config), family, config)
        for family, name, *_ in KINDS
        for config in [CONFIGS[family][name] | ({"call": 32} if family == "seq2seq" else {})]
    }


@pytest.mark.parametrize(("family", "name", "unit", "kind", "of"), KINDS)
def test_what_it_counts_is_said_with_the_number(family, name, unit, kind, of, models, corpus):
    opened, told = open_corpus(corpus), []
    pieces = opened.split("train")
    found = other_likelihood(open_engine(models[family, name]), opened, pieces, told.append)
    assert found["nats"] == found[f"nats_per_{unit}"] > 0
    assert (found["unit"], found["kind"]) == (unit, kind)
    assert found["of"].startswith(of)
    assert told == sorted(told)
    assert 0.8 < told[-1] <= 1  # notes without a place in a chord are not told of
    if unit == "note":  # of a latent space its place is paid for, with velocity or without
        without = found["nats"] - found["nats_per_note_by_attribute"]["velocity"]
        assert found["nats_per_note_pitch_step_duration"] == pytest.approx(without)


def test_passages_are_no_more_than_asked_for(models, corpus):
    opened = open_corpus(corpus)
    engine = open_engine(models["seq2seq", "small"])
    every = sum(len(batch.weight) for batch in passages(engine, opened, opened.split("train")))
    few = sum(len(batch.weight) for batch in passages(engine, opened, opened.split("train"), most=every // 4))
    assert every // 8 <= few <= every // 4


def test_a_model_of_notes_hears_no_passages(bundle, corpus):
    opened = open_corpus(corpus)
    with pytest.raises(ModelError, match="hears no passages"):
        passages(open_engine(bundle), opened, opened.split("train"))


@pytest.fixture
def results(models, bundle, corpus, tmp_path):
    """A comparison of one of notes, one of answers and one of melodies."""
    named = [str(bundle), str(models["seq2seq", "small"]), str(models["vae", "small"])]
    study = Study(split="test", samples=2, notes=32)
    comparison = Comparison(open_contestants(named), open_corpus(corpus), study, Cache(tmp_path))
    for _, work in comparison.steps():
        work(lambda share: None)
    return comparison, {**origin("antiphon compare"), **comparison.results()}


def test_they_stand_below_the_leaderboard_not_in_it(results):
    comparison, found = results
    tiny, answers, melodies = leaderboard(found)[1:]
    assert tiny[1] != "–"
    assert answers[1] == melodies[1] == "–"
    assert "measures" in found["contestants"]["vae-small"]  # it writes; who only answers does not
    assert "measures" not in found["contestants"]["seq2seq-small"]
    rows = {row[0]: row for row in otherwise(found)}
    assert rows["seq2seq-small"][1] == f"{found['contestants']['seq2seq-small']['other_likelihood']['nats']:.3f}"
    assert rows["vae-small"][1].startswith("≤ ")
    assert "| vae-small | ≤ " in markdown(found)
    html = Page(comparison, 0).html(found)
    assert "Likelihoods of something else" in html
    assert rows["vae-small"][1] in html


def test_a_model_of_melodies_writes_them_in_a_row(models):
    engine = open_engine(models["vae", "small"])
    drawn, again = written(engine, 2, 40), written(engine, 2, 40)
    assert [len(score) for score in drawn.scores] == [40, 40]
    first, second = drawn.scores
    assert first == again.scores[0]
    assert first.notes["pitch"].tolist() != second.notes["pitch"].tolist()
    two_bars_s = 2 * BAR * SIXTEENTH_MS / 1000
    assert first.onset_s[-1] > two_bars_s  # more than one melody
    alone = unfolded(engine, imagined(engine, [(0, 0)]), [(0, 0)])[0]
    assert first.notes["pitch"][: len(alone)].tolist() == alone[:, 2].tolist()


def test_music_without_what_it_is_about_is_a_reason_not_an_end(models, corpus, tmp_path, monkeypatch):
    def nothing(*args):
        raise CorpusError("the corpus has no passages")

    monkeypatch.setattr("antiphon.evaluate.comparison.other_likelihood", nothing)
    study = Study(split="test", samples=2, notes=32)
    one = open_contestants([str(models["vae", "small"])])
    comparison = Comparison(one, open_corpus(corpus), study, Cache(tmp_path))
    for _, work in comparison.steps():
        work(lambda share: None)
    assert otherwise(comparison.results()) == [["vae-small", "–", "", "the corpus has no passages"]]


def test_evaluate_tells_them(models, corpus, capsys):
    assert main(["evaluate", str(models["seq2seq", "small"]), "--corpus", str(corpus)]) == 0
    out = capsys.readouterr().out
    assert "exact: answers, given the call\n" in out
    assert "nats a note " in out
    assert main(["evaluate", str(models["vae", "small"]), "--corpus", str(corpus)]) == 0
    out = capsys.readouterr().out
    assert "a bound, its likelihood is that or better" in out
    assert "nats a note, at most" in out
    assert "  latent" in out
