import numpy as np
import pytest

from antiphon.cli.main import main
from antiphon.corpus.store import open_corpus
from antiphon.errors import CorpusError


@pytest.fixture
def packed(corpus, tmp_path):
    file = tmp_path / "tiny.corpus"
    assert main(["pack", str(corpus), "-o", str(file)]) == 0
    return file


def test_a_packed_corpus_trains_as_its_folder_does(corpus, packed):
    folder, file = open_corpus(corpus), open_corpus(packed)
    assert file.pieces == folder.pieces
    assert file.manifest == folder.manifest
    for name, column in file.columns().items():
        assert np.array_equal(column, folder.columns()[name]), name


def test_a_packed_corpus_is_small(corpus, packed):
    assert packed.stat().st_size < (corpus / "notes.arrow").stat().st_size


def test_a_packed_corpus_has_no_scores(packed):
    file = open_corpus(packed)
    with pytest.raises(CorpusError, match="no scores"):
        file.score(file.pieces[0])


@pytest.mark.parametrize("content", [b"", b"MThd", b"ARROW1\0\0 and then nothing"])
def test_another_file_is_no_corpus(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(CorpusError, match="not a packed corpus"):
        open_corpus(tmp_path / "other")
