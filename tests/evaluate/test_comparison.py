"""A comparison of a tiny model and a folder: step by step, kept, and gone on with."""

import json
import re
import shutil
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.evaluate.pieces import piece, score
from tests.evaluate.uniform import Uniform
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.corpus.prepare import prepare
from antiphon.corpus.store import open_corpus
from antiphon.errors import CorpusError, OptionError
from antiphon.evaluate import comparison as module
from antiphon.evaluate import samples
from antiphon.evaluate.cache import Cache
from antiphon.evaluate.comparison import Comparison, Study, spread_evenly
from antiphon.evaluate.contestants import open_contestants
from antiphon.evaluate.likelihood import corpus_likelihood
from antiphon.evaluate.measures import MEASURES
from antiphon.evaluate.report import Page
from antiphon.evaluate.report.sections import leaderboard
from antiphon.evaluate.results import remarks
from antiphon.files.midi import write_midi
from antiphon.notes import DRUMS

pytestmark = pytest.mark.torch
STUDY = Study(split="test", samples=3, notes=40)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A folder of music, a broken file among it."""
    folder = tmp_path_factory.mktemp("files") / "theirs"
    folder.mkdir()
    for file in (samples.Path(__file__).parent.parent / "data").glob("cc0-*.mid"):
        shutil.copy(file, folder)
    (folder / "broken.mid").write_bytes(b"MThd")
    return folder


@pytest.fixture(scope="module")
def comparison(bundle, corpus, theirs, tmp_path_factory):
    return Comparison(
        open_contestants([str(bundle), str(theirs)]),
        open_corpus(corpus),
        STUDY,
        Cache(tmp_path_factory.mktemp("laboratory")),
    )


@pytest.fixture(scope="module")
def results(comparison):
    for _, work in comparison.steps():
        work(lambda share: None)
    return comparison.results()


def test_the_steps_say_what_they_do(comparison):
    assert [title for title, _ in comparison.steps()] == [
        "reading real music", "indexing the training set", "tiny: likelihood", "tiny: speed", "tiny: samples",
        "tiny: measures", "tiny: distances", "tiny: copies", "theirs: samples", "theirs: measures",
        "theirs: distances", "theirs: copies",
    ]  # fmt: skip


def test_results_are_plain_and_have_stable_keys(results):
    assert json.loads(json.dumps(results, allow_nan=False)) == results
    assert list(results) == ["corpus", "study", "real", "contestants"]
    assert list(results["contestants"]["tiny"]) == [
        "kind", "given", "family", "parameters", "bytes", "licence", "learned_from", "hash", "likelihood",
        "speed", "samples", "measures", "distances", "frechet", "two_sample", "copies",
    ]  # fmt: skip
    assert list(results["contestants"]["theirs"]) == [
        "kind", "given", "files", "hash", "samples", "measures", "distances", "frechet", "two_sample", "left_out",
        "copies",
    ]  # fmt: skip
    assert set(results["contestants"]["theirs"]["measures"]) == set(MEASURES)


def test_the_likelihood_is_that_of_evaluate(comparison, results, corpus):
    opened, engine = open_corpus(corpus), module.open_engine(comparison.contestants[0].bundle)
    expected = corpus_likelihood(engine, opened, opened.split("test")).report()
    found = results["contestants"]["tiny"]["likelihood"]
    assert found["nats_per_note"] == pytest.approx(expected["nats_per_note"], rel=1e-5)


def test_too_few_samples_are_refused_not_judged(results):
    for numbers in results["contestants"].values():
        assert "too few samples" in numbers["frechet"]["refused"]
        assert "too few samples" in numbers["two_sample"]["refused"]
        assert "too few samples" in numbers["distances"]["density"]["overlapped_area"]["refused"]


def test_copies_are_found_in_a_folder_that_has_them(results):
    """Three of the folder's pieces are the corpus's own."""
    theirs, ours = (results["contestants"][name]["copies"] for name in ("theirs", "tiny"))
    assert theirs["written"]["longest_max"] == 40
    assert theirs["flagged"]
    assert ours["written"]["longest_max"] < 12


def test_samples_are_of_one_length_and_begin_at_once(comparison, results):
    for drawn in (comparison.real(), *(comparison.samples(one) for one in comparison.contestants)):
        assert {len(score) for score in drawn.scores} == {40}
        assert {int(score.notes["onset"][0]) for score in drawn.scores} == {0}
        assert len(drawn.names) == len(drawn.groups) == len(drawn)


def test_a_models_samples_are_those_of_generate(comparison, results, bundle, tmp_path):
    from antiphon.cli.main import main
    from antiphon.files import read_music

    options = ["--no-guard", "--notes", "40", "--seed", "1"]
    assert main(["generate", "--model", str(bundle), *options, "-o", str(tmp_path / "a.mid")]) == 0
    (tiny, _) = comparison.contestants
    np.testing.assert_array_equal(
        read_music(tmp_path / "a.mid").notes["pitch"], comparison.samples(tiny).scores[1].notes["pitch"]
    )


def test_nothing_is_measured_twice(comparison, results, monkeypatch):
    def fail(*args, **options):
        raise AssertionError("it is known already")

    for name in ("predict", "two_sample", "_speed"):
        monkeypatch.setattr(module, name, fail)
    monkeypatch.setattr(samples, "written", fail)
    again = Comparison(comparison.contestants, comparison.corpus, STUDY, Cache(comparison.cache.folder))
    for _, work in again.steps():
        work(lambda share: None)
    assert again.results() == results


def test_what_was_stopped_goes_on_where_it_was(comparison, results, tmp_path, monkeypatch):
    """Groups of a piece each; the second is interrupted, and the first not heard again."""
    heard, real = [], module.predict

    def predict(engine, corpus, pieces, progress):
        heard.append([p.name for p in pieces])
        if len(heard) == 2:
            raise KeyboardInterrupt
        return real(Uniform(), corpus, pieces, progress)

    monkeypatch.setattr(module, "predict", predict)
    monkeypatch.setattr("antiphon.evaluate.groups.GROUP", 1)
    study, told = Study(split="train", samples=3, notes=40), []
    first, second = (
        Comparison(comparison.contestants[:1], comparison.corpus, study, Cache(tmp_path)) for _ in range(2)
    )
    with pytest.raises(KeyboardInterrupt):
        first.likelihood(first.contestants[0])
    found = second.likelihood(second.contestants[0], told.append)
    assert [len(pieces) for pieces in heard] == [1] * 4
    assert heard[1] == heard[2]
    assert found["summary"]["pieces"] == 3
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    assert len(list(tmp_path.iterdir())) == 1  # the parts are gone, the whole is kept


@pytest.mark.parametrize(
    ("family", "heard"),
    [("diffusion", "filling._filled"), ("chord", "otherwise.chord_likelihood"), ("roll", "otherwise.roll_likelihood")],
)
def test_other_likelihoods_go_on_too(family, heard, corpus, tmp_path, monkeypatch):
    """Interrupted at the second part, the whole is the same, and only that part was begun twice."""
    name, config = next(iter(CONFIGS[family].items()))
    path = write_model(tmp_path / name, tiny_model(family, config), family, config)
    one, opened = open_contestants([str(path)])[0], open_corpus(corpus)
    module_name, _, function = f"antiphon.evaluate.{heard}".rpartition(".")
    real, begun, stops = getattr(sys.modules[module_name], function), [], []

    def counted(*arguments):
        begun.append(len(begun))
        if begun[-1] in stops:
            raise KeyboardInterrupt
        return real(*arguments)

    def found(folder, progress=lambda share: None):
        comparison = Comparison([one], opened, Study(split="train"), Cache(tmp_path / folder))
        return (comparison.likelihood if one.predicts else comparison.other_likelihood)(one, progress)

    monkeypatch.setattr(f"{module_name}.{function}", counted)
    monkeypatch.setattr("antiphon.evaluate.groups.GROUP", 1)
    whole = found("uninterrupted")
    times = len(begun)
    assert times > 2
    begun.clear()
    stops.append(1)
    with pytest.raises(KeyboardInterrupt):
        found("stopped")
    told = []
    assert found("stopped", told.append) == whole
    assert len(begun) == times + 1
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    assert len(list((tmp_path / "stopped").iterdir())) == 1


def test_samples_of_a_model_that_fills_go_on_too(corpus, tmp_path, monkeypatch):
    """Interrupted in the second of three parts; written at once they are the same."""
    config = CONFIGS["diffusion"]["small"]
    path = write_model(tmp_path / "filler", tiny_model("diffusion", config), "diffusion", config)
    one, opened, written, real = open_contestants([str(path)])[0], open_corpus(corpus), [], samples.perform

    def drawn(folder):
        comparison = Comparison([one], opened, Study(split="test", samples=3, notes=20), Cache(tmp_path / folder))
        return [score.notes.tolist() for score in comparison.samples(one).scores]

    def perform(engine, command, options, seeds, progress):
        written.append(seeds)
        if written == [[(0, 0)], [(1, 0)]]:
            raise KeyboardInterrupt
        return real(engine, command, options, seeds, progress=progress)

    whole = drawn("at once")
    monkeypatch.setattr(samples, "FILLED", 1)
    monkeypatch.setattr(samples, "perform", perform)
    with pytest.raises(KeyboardInterrupt):
        drawn("stopped")
    assert drawn("stopped") == whole
    assert written == [[(0, 0)], [(1, 0)], [(1, 0)], [(2, 0)]]
    assert len(list((tmp_path / "stopped").iterdir())) == 1


def test_a_folder_s_broken_files_are_named(theirs, results):
    drawn = samples.folder(theirs, 40, 2)
    (reason,) = drawn.left_out
    assert "broken.mid" in reason
    assert len(np.unique(drawn.groups)) == 4
    assert results["contestants"]["theirs"]["left_out"] == [reason]
    assert ("theirs", f"1 of 5 files left out: {reason}") in remarks(results)


@pytest.mark.parametrize(("runs", "each", "starts"), [(1, 2, 1), (2, 2, 2), (3, 2, 2), (9, 2, 2), (4, 3, 3), (9, 0, 9)])
def test_every_piece_gives_as_many_samples_as_it_can(runs, each, starts):
    notes = 20
    onset_ms, pitch = piece(0, runs * notes)
    cut = samples._cut([("a piece", samples.GRID.encode(score(onset_ms, pitch)))], notes, each)
    assert len(cut) == len(set(cut.names)) == starts


def test_spread_evenly():
    assert spread_evenly(range(10), 3) == [0, 4, 9]
    assert spread_evenly(range(3), 0) == spread_evenly(range(3), 5) == [0, 1, 2]


@pytest.mark.parametrize("option", [{"notes": 15}, {"samples": 0}, {"pieces": -1}, {"each": 0}, {"covered": 3}])
def test_a_study_out_of_range(option):
    ((name, value),) = option.items()
    with pytest.raises(OptionError, match=f"{name} {value} is out of range"):
        Study(**option)


def test_a_split_that_is_not_there(comparison):
    with pytest.raises(CorpusError, match="'tst'"):
        Comparison(comparison.contestants, comparison.corpus, Study(split="tst"), comparison.cache)


def test_a_split_of_short_pieces_is_refused_before_any_work(comparison):
    study = Study(split="test", notes=10_000)
    wanted = Comparison(comparison.contestants, comparison.corpus, study, comparison.cache)
    title, work = next(wanted.steps())
    assert title == "reading real music"
    with pytest.raises(CorpusError, match=r"the longest .* has \d+ notes, drums aside, and a sample 10000; choose"):
        work(lambda share: None)


@pytest.fixture(scope="module")
def drums(tmp_path_factory):
    """A corpus whose held-out pieces are drums alone."""
    folder = tmp_path_factory.mktemp("drums")
    (folder / "files").mkdir()
    rows = ["file,split"]
    for i in range(5):
        onset_ms, pitch = piece(i, 80)
        write_midi(score(onset_ms, pitch, DRUMS if i > 1 else 0), folder / "files" / f"{i}.mid")
        rows.append(f"{i}.mid,{'test' if i > 1 else 'train'}")
    (folder / "splits.csv").write_text("\n".join(rows))
    prepare([folder / "files"], folder / "corpus", split_csv=folder / "splits.csv", workers=1)
    return open_corpus(folder / "corpus")


@pytest.mark.parametrize("family", ["lstm", "diffusion", "chord", "roll"])
def test_music_of_drums_alone_is_refused(family, drums, tmp_path, monkeypatch):
    """Whole groups of drums among other music are no hindrance; nothing but drums is an error that says so."""
    monkeypatch.setattr("antiphon.evaluate.groups.GROUP", 1)
    config = next(iter(CONFIGS[family].values()))
    one = open_contestants([str(write_model(tmp_path / "m", tiny_model(family, config), family, config))])[0]
    comparison = Comparison([one], drums, Study(split="test", notes=40), Cache(tmp_path / "cache"))
    if one.predicts:
        with pytest.raises(CorpusError, match="have no notes that m hears: drums are none; choose another"):
            comparison.likelihood(one)
    else:
        assert "have nothing that this model hears" in comparison.other_likelihood(one)["refused"]
    with pytest.raises(CorpusError, match="has 0 notes, drums aside"):
        comparison.real()
    mixed = Comparison([one], drums, Study(split="test"), comparison.cache)
    mixed._pieces = [*drums.split("train"), *drums.split("test")]
    found = mixed.likelihood(one)["summary"] if one.predicts else mixed.other_likelihood(one)
    assert found["pieces"] == 2


@pytest.fixture(scope="module")
def html(comparison, results):
    page = Page(comparison, 1)
    for _, work in page.steps():
        work(lambda share: None)
    from antiphon.evaluate.results import origin

    return page.html({**origin("antiphon compare"), **results})


def test_the_page_needs_nothing_else(html):
    """No address outside the page but those of licences and of the names of SVG."""
    outside = set(re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?((?:https?:)?//[^\"') >]+)", html))
    assert outside == set()
    sources = set(re.findall(r'src="([^":]+)', html))
    assert sources <= {"data"}
    assert "@import" not in html


class Reader(HTMLParser):
    """Collects ids and inner links, and insists that elements close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if named.get("id"):
            self.ids.append(named["id"])
        if tag == "a" and (named.get("href") or "").startswith("#"):
            self.links.append(named["href"][1:])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opened and closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed(html):
    """Every element that is opened is closed, in order; ids are unique; links inside lead somewhere."""
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert sorted(reader.ids) == sorted(set(reader.ids))
    assert set(reader.links) <= set(reader.ids)
    assert len(re.findall(r"<audio[^>]*aria-label", html)) == len(re.findall(r"<audio", html))


def test_the_page_shows_every_section(html):
    for section in ("leaderboard", "listen", "blind", "rolls", "predictions", "measures", "copies", "speed", "models"):
        assert f'id="{section}"' in html
    for name in ("tiny", "theirs", "real music"):
        assert name in html
    assert "{{" not in html


def test_real_music_stands_beside_whoever_was_measured(results):
    """Not only beside the first, who may have given too few samples."""
    few = results["contestants"]["tiny"]
    told = {"auc": 0.9, "auc_low": 0.8, "auc_high": 1.0, "control": {"auc": 0.512}}
    shown = leaderboard(results | {"contestants": {"few": few, "many": few | {"two_sample": told}}}).body
    assert "0.512" in shown[shown.index("real music") :]


def test_a_name_is_text_not_markup(comparison, results, html):
    named = results | {"contestants": {"<b>x</b>": results["contestants"]["tiny"]}}
    assert "<b>x</b>" not in leaderboard(named).body
    assert "&lt;b&gt;x&lt;/b&gt;" in leaderboard(named).body
