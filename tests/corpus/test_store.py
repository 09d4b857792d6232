import json

import numpy as np
import pytest

from antiphon.corpus.prepare import prepare
from antiphon.corpus.store import ROW, open_corpus
from antiphon.errors import CorpusError
from antiphon.files import read_music
from antiphon.notes import NOTE

NAMES = [f"{name}.mid" for name in "abcdefghijkl"]


@pytest.fixture
def corpus(folder, tmp_path):
    return prepare([folder(*NAMES)], tmp_path / "corpus", workers=1)


def test_scores_come_back_as_they_were_read(corpus, tmp_path):
    for piece in corpus.pieces:
        assert corpus.score(piece) == read_music(tmp_path / "music" / piece.name)
        assert piece.length_s == pytest.approx(corpus.score(piece).length_s, abs=1e-6)


def test_maps_and_tracks_come_back(tmp_path, data):
    corpus = prepare([data], tmp_path / "corpus", workers=1)
    assert len(corpus.pieces) >= 5
    for piece in corpus.pieces:
        assert corpus.score(piece) == read_music(data / piece.name)


def test_columns_lie_in_the_file(corpus):
    columns = corpus.columns()
    assert {name: column.dtype for name, column in columns.items()} == {name: ROW[name] for name in ROW.names}
    for column in columns.values():
        assert len(column) == corpus.manifest["totals"]["notes"]
        assert not column.flags.owndata
        assert not column.flags.writeable


def test_milliseconds_are_rounded_ends(corpus):
    columns = corpus.columns()
    for piece in corpus.pieces:
        score, rows = corpus.score(piece), slice(piece.first, piece.first + piece.count)
        onset, end = np.rint(1000 * score.onset_s), np.rint(1000 * score.end_s)
        np.testing.assert_array_equal(columns["onset_ms"][rows], onset)
        np.testing.assert_array_equal(columns["duration_ms"][rows], end - onset)


def test_pieces_tile_the_notes_train_first(corpus):
    first = 0
    for piece in corpus.pieces:
        assert piece.first == first
        first += piece.count
    assert first == len(corpus.columns()["pitch"])
    splits = [piece.split for piece in corpus.pieces]
    assert splits == sorted(splits, key=("train", "validation", "test").index)
    assert [p for name in corpus.manifest["splits"] for p in corpus.split(name)] == corpus.pieces


def test_unknown_split(corpus):
    with pytest.raises(CorpusError, match="unknown split 'tain'; did you mean 'train'"):
        corpus.split("tain")


def test_no_folder(tmp_path):
    with pytest.raises(CorpusError, match="there is no corpus"):
        open_corpus(tmp_path / "nowhere")


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(CorpusError, match="is not a corpus"):
        open_corpus(tmp_path)


def test_another_format(corpus):
    path = corpus.path / "manifest.json"
    path.write_text(json.dumps({**corpus.manifest, "format": 99}))
    with pytest.raises(CorpusError, match="99"):
        open_corpus(corpus.path)


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', "\xff"])
def test_a_broken_manifest(corpus, text):
    (corpus.path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(CorpusError, match=r"manifest\.json"):
        open_corpus(corpus.path)


@pytest.mark.parametrize("name", ["notes.arrow", "pieces.arrow"])
def test_a_file_cut_short(corpus, name):
    path = corpus.path / name
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CorpusError, match=f"{name} has"):
        open_corpus(corpus.path)


def test_a_file_that_is_missing(corpus):
    (corpus.path / "notes.arrow").unlink()
    with pytest.raises(CorpusError, match=r"notes\.arrow is missing"):
        open_corpus(corpus.path)


def test_a_file_of_the_right_size_that_is_not_arrow(corpus):
    path = corpus.path / "notes.arrow"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(CorpusError, match="damaged"):
        open_corpus(corpus.path).columns()


def test_what_the_tables_hold_fits_a_score(corpus):
    score = corpus.score(corpus.pieces[0])
    assert score.notes.dtype == NOTE
    assert score.tempos[0]["tick"] == score.metres[0]["tick"] == 0
