"""Copies: found in any key and tempo, and not seen where there are none."""

import numpy as np
import pytest
from tests.evaluate.pieces import INDEX, TRAINING, piece, score

from antiphon.corpus.store import open_corpus
from antiphon.evaluate.memorisation import (
    index_corpus,
    load_index,
    report,
    score_symbols,
)
from antiphon.notes import DRUMS


@pytest.mark.parametrize(("up", "faster"), [(0, 1.0), (5, 1.0), (-7, 1.0), (0, 1.25), (3, 0.8)])
def test_a_copy_in_any_key_and_tempo(up, faster):
    onset_ms, pitch = TRAINING[3]
    part = slice(40, 90)
    copied = INDEX.copied(score((onset_ms[part] - onset_ms[40]) / faster, pitch[part] + up))
    assert copied.longest >= 49  # the first step after the passage's beginning has nothing to be compared with
    assert copied.coverage > 0.95
    assert (copied.source, copied.source_note - copied.first) == ("piece 3", 40)


def test_a_copy_inside_other_music():
    onset_ms, pitch = TRAINING[1]
    before, after = piece(100, 60), piece(101, 60)
    middle = (onset_ms[20:50] - onset_ms[20] + before[0][-1] + 200, pitch[20:50])
    end = (after[0] + middle[0][-1] + 200, after[1])
    found = score(*(np.concatenate(parts) for parts in zip(before, middle, end, strict=True)))
    copied = INDEX.copied(found)
    assert 27 <= copied.longest <= 33
    assert 59 <= copied.first <= 63
    assert copied.coverage == pytest.approx(30 / 150, abs=0.03)
    assert INDEX.matches(found)[copied.first] == copied.longest


def test_other_music_is_no_copy():
    copied = INDEX.copied(score(*piece(50)))
    assert copied.longest < 6
    assert copied.coverage == 0


@pytest.mark.parametrize("notes", [0, 1])
def test_too_short_to_match(notes):
    copied = INDEX.copied(score(*(x[:notes] for x in piece(0))))
    assert (copied.longest, copied.coverage, copied.source) == (0, 0.0, "")


def test_drums_are_not_looked_at():
    assert INDEX.copied(score(*TRAINING[0], program=DRUMS)).longest == 0


def test_a_change_of_one_note_ends_a_match():
    onset_ms, pitch = (x[:100].copy() for x in TRAINING[2])
    pitch[50] += 1
    lengths = INDEX.matches(score(onset_ms, pitch))
    assert lengths.max() == INDEX.copied(score(onset_ms, pitch)).longest
    assert 45 <= lengths.max() <= 52


def test_rhythm_counts():
    onset_ms, pitch = TRAINING[0]
    even = np.arange(len(pitch)) * 200
    assert INDEX.copied(score(even, pitch)).longest < 12
    assert len(score_symbols(score(onset_ms, pitch))) == len(pitch) - 1


def test_it_is_kept_and_read_again(tmp_path):
    INDEX.save(tmp_path / "index")
    again = load_index(tmp_path / "index")
    assert again.names == INDEX.names
    assert again.notes == INDEX.notes
    assert again.copied(score(*TRAINING[4])) == INDEX.copied(score(*TRAINING[4]))


def test_a_corpus_holds_copies_of_itself(corpus):
    opened = open_corpus(corpus)
    index = index_corpus(opened, opened.split("train"))
    mine, other = opened.score(opened.split("train")[0]), opened.score(opened.split("test")[0])
    found = report(index, [mine], ["mine"], [other])
    assert found["written"]["longest_max"] > found["real"]["longest_max"]
    assert [f["sample"] for f in found["flagged"]] == ["mine"]
    assert found["flagged"][0]["source"] == opened.split("train")[0].name
    assert found["flag_above_notes"] == found["real"]["longest_max"]


def test_without_real_music_nothing_is_flagged():
    found = report(INDEX, [score(*TRAINING[0])], ["copy"], [])
    assert found["real"] == {"samples": 0}
    assert (found["flagged"], found["flag_above_notes"]) == ([], None)
