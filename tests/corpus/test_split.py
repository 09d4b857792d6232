import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.corpus.split import Facts, Table, assign, normalised, piece_keys
from antiphon.errors import CorpusError

MAESTRO = """canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration
Alban Berg,Sonata Op. 1,train,2018,2018/one.midi,2018/one.wav,698.6
Alban Berg,Sonata Op. 1,validation,2008,2008/two.midi,2008/two.wav,759.5
"""


def table(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return Table(path)


@pytest.mark.parametrize("name", ["2018/one.midi", "maestro-v2.0.0/2018/one.midi", "one.midi", "elsewhere/one.midi"])
def test_a_row_is_found_by_path_or_name(tmp_path, name):
    assert table(tmp_path, MAESTRO).find(name) == Facts("train", "Alban Berg", "Sonata Op. 1")


def test_a_file_without_a_row(tmp_path):
    assert table(tmp_path, MAESTRO).find("2018/three.midi") is None


def test_a_name_that_two_rows_have_needs_its_folder(tmp_path):
    rows = table(tmp_path, "file,split\na/x.mid,train\nb/x.mid,test\n")
    assert rows.find("x.mid") is None
    assert rows.find("top/b/x.mid").split == "test"


def test_names_of_splits_have_aliases(tmp_path):
    assert table(tmp_path, "midi_filename,split\nx.mid,Valid\n").find("x.mid").split == "validation"


def test_a_table_without_splits_gives_titles(tmp_path):
    assert table(tmp_path, "file,composer,title\nx.mid,Bach,Air\n").find("x.mid") == Facts("", "Bach", "Air")


def test_a_byte_order_mark_is_no_letter(tmp_path):
    assert table(tmp_path, "\ufefffile,split\nx.mid,train\n").find("x.mid").split == "train"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,split\nx,train\n", "no column of file names"),
        ("", "no column of file names"),
        ("file,split\nx.mid,holdout\n", "'holdout'; allowed are train, validation, test"),
    ],
)
def test_tables_that_are_none(tmp_path, text, message):
    with pytest.raises(CorpusError, match=message):
        table(tmp_path, text)


def test_a_table_that_is_no_text(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xff\xfe\x00file")
    with pytest.raises(CorpusError, match="cannot read the table"):
        Table(path)


@pytest.mark.parametrize(
    "titles",
    [
        ("Für Elise", "fur elise", "Fur_Elise (take 2)", "Für Elise - version 3", "FÜR ELISE v2", "Für Elise (1) copy"),
        (
            "Moonlight [live]",
            "moonlight",
            "Moonlight, performance 4",
            "moonlight.take_2",
            "moonlight_perf1",
            "Moonlight_no_repeat",
        ),
    ],
)
def test_recordings_of_one_piece_have_one_title(titles):
    assert len({normalised(title) for title in titles}) == 1


def test_different_pieces_keep_their_titles():
    titles = [
        "Sonata 1",
        "Sonata 2",
        "jigs107",
        "jigs108",
        "Op. 10 No. 3",
        "Op. 10 No. 4",
        "version",
        "(2)",
        "Étude",
        "舟歌",
    ]
    assert len({normalised(title) for title in titles}) == len(titles)


@given(st.text())
def test_a_title_is_normalised_once(title):
    assert normalised(normalised(title)) == normalised(title)


def test_a_folder_of_recordings_is_one_piece():
    keys = piece_keys(
        ["Bach/Fugue/bwv_846/Shi05M.mid", "Bach/Fugue/bwv_846/score.mid", "Bach/Fugue/bwv_847/Shi05M.mid"]
    )
    assert len(set(keys.values())) == 2
    assert keys["Bach/Fugue/bwv_846/Shi05M.mid"] == keys["Bach/Fugue/bwv_846/score.mid"]


def test_versions_lie_below_their_piece():
    keys = piece_keys(["472/472.mid", "472/versions/472-v1.mid", "473/473.mid"])
    assert keys["472/472.mid"] == keys["472/versions/472-v1.mid"] != keys["473/473.mid"]


def test_in_large_folders_names_tell():
    names = [f"2004/piece{i} ({take}).mid" for i in range(30) for take in (1, 2)]
    assert len(set(piece_keys(names).values())) == 30


def test_recordings_in_two_folders_meet():
    keys = piece_keys(["Moonlight/a.mid", "Moonlight/b.mid", "Moonlight (take 3).mid"])
    assert len(set(keys.values())) == 1


def test_the_order_of_keys_does_not_matter():
    keys = [f"piece {i}" for i in range(500)]
    shuffled = random.Random(1).sample(keys, len(keys))
    assert assign(keys) == assign(shuffled)


def test_shares_and_seeds():
    keys = [f"piece {i}" for i in range(4000)]
    splits = list(assign(keys).values())
    assert 0.04 < splits.count("test") / 4000 < 0.06
    assert 0.04 < splits.count("validation") / 4000 < 0.06
    assert assign(keys) != assign(keys, seed=1)


def test_a_split_that_is_published_stays():
    """Frozen values: another machine, another version of Python, the same split."""
    assert assign(["bwv 846", "moonlight", "fur elise", "la mer"]) == {
        "bwv 846": "train",
        "moonlight": "train",
        "fur elise": "test",
        "la mer": "validation",
    }


@given(st.sets(st.text(), max_size=12), st.integers(0, 5))
def test_small_collections_have_every_split_they_can(keys, seed):
    splits = assign(keys, seed)
    assert set(splits) == keys
    assert set(splits.values()) == set(["train", "validation", "test"][: len(keys)])


def test_a_collection_that_grows_keeps_its_splits():
    keys = [f"piece {i}" for i in range(2000)]
    before, after = assign(keys[:1000]), assign(keys)
    assert all(after[key] == split for key, split in before.items())
