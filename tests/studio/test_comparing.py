import numpy as np
import pytest
from tests.tiny import corpus

from antiphon.charts.histograms import PANELS
from antiphon.corpus.store import open_corpus
from antiphon.errors import OptionError
from antiphon.notes import from_seconds
from antiphon.studio.comparing import copied, panels

__all__ = ["corpus"]


def random_music(notes=200):
    rng = np.random.default_rng(5)
    return from_seconds(rng.uniform(0, 60, notes), rng.uniform(0.1, 1, notes), rng.integers(30, 90, notes), 64)


def test_panels_hold_every_note(corpus):
    music = random_music()
    found = panels(music, str(corpus))["panels"]
    assert [panel["name"] for panel in found] == ["pitch", "step", "duration", "velocity"]
    for panel, drawn in zip(found, PANELS, strict=True):
        for series in (panel["music"], panel["corpus"]):
            assert len(series["shares"]) == len(panel["edges"]) - 1 == len(drawn.edges) - 1
            assert sum(series["shares"]) == pytest.approx(100, abs=0.1)
    assert found[3]["music"]["median"] == 64


def test_panels_of_nothing():
    for panel in panels(None, None)["panels"]:
        assert panel["music"] is None
        assert panel["corpus"] is None


def test_a_copy_is_flagged_and_noise_is_not(corpus):
    opened = open_corpus(corpus)
    piece = opened.split("train")[0]
    shares = []
    copy = copied(opened.score(piece).transpose(2), str(corpus), shares.append)
    assert (copy["source"], copy["flagged"]) == (piece.name, True)
    assert copy["longest"] > copy["flag_above_notes"]
    assert shares == sorted(shares)
    assert not copied(random_music(), str(corpus), shares.append)["flagged"]


def test_too_few_notes_to_be_a_copy(corpus):
    with pytest.raises(OptionError, match="19 notes"):
        copied(random_music(19), str(corpus), print)
