import re

import pytest

from antiphon.corpus.sources import SOURCES, find_source, origin, source_of
from antiphon.errors import CorpusError


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_says_all(source):
    assert SOURCES[source.name] is source
    assert source.url.startswith("https://")
    assert source.file_name.endswith(".zip")
    assert re.fullmatch("[0-9a-f]{64}", source.sha256)
    assert re.fullmatch("[0-9a-f]{64}", source.table_sha256)
    assert source.bytes > 1_000_000
    assert source.licence
    assert source.licence_url.startswith("https://creativecommons.org/")
    assert source.citation
    assert source.table.endswith(".csv")


def test_no_two_sources_are_one():
    assert len({source.sha256 for source in SOURCES.values()}) == len(SOURCES)
    assert len({source.file_name for source in SOURCES.values()}) == len(SOURCES)


def test_unknown_source():
    with pytest.raises(CorpusError, match=r"did you mean 'maestro-v3\.0\.0'"):
        find_source("maestro-v3")


def test_a_path_goes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "maestro-v2.0.0").mkdir()
    assert origin("maestro-v2.0.0").source is None


def test_other_tables_are_no_source(tmp_path):
    (tmp_path / "info.csv").write_text("midi_filename,split\nx.mid,train\n")
    assert source_of(tmp_path / "info.csv") is None
