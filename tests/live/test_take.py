import json
from datetime import datetime

import pytest

from antiphon.errors import FileError
from antiphon.files.midi import read_midi
from antiphon.live.events import Played
from antiphon.live.ledger import Ledger
from antiphon.live.recording import Recording
from antiphon.live.report import report
from antiphon.live.take import Takes, default_path, read_ledger


def play(into, *notes):
    for onset_s, pitch, part in notes:
        into.add(Played(100 + onset_s, 0.5, pitch, 70, part))


def test_both_parts_are_kept_on_tracks_of_their_own_with_their_instruments(tmp_path):
    takes = Takes(tmp_path / "a.mid")
    play(takes, (0.0, 60, "player"), (0.25, 72, "model"), (1.0, 62, "player"), (1.1, 76, "click"))
    takes.add(Played(102.0, None, 65, 70, "player"))  # still sounds
    assert takes.save((0, 40), Ledger().to_dict()) == tmp_path / "a.mid"
    score = read_midi(tmp_path / "a.mid")
    assert score.tracks == ("player", "model")
    assert score.notes[["pitch", "track", "program"]].tolist() == [(60, 0, 0), (72, 1, 40), (62, 0, 0)]
    assert score.onset_s == pytest.approx([0, 0.25, 1.0], abs=0.002)


def test_takes_are_numbered_and_a_take_goes_on_where_another_ended(tmp_path):
    takes = Takes(tmp_path / "a.mid")
    assert takes.save((0, 0), {}) is None  # nothing was played
    for pitch in (60, 61):
        play(takes, (0.0, pitch, "model"))
        takes.save((0, 0), Ledger().to_dict())
    assert [path.name for path in takes.saved] == ["a.mid", "a-2.mid"]
    before = read_midi(tmp_path / "a.mid")
    again = Takes(tmp_path / "a.mid", before)
    play(again, (0.0, 64, "player"), (0.5, 67, "model"))
    again.save((0, 0), Ledger().to_dict())
    score = read_midi(tmp_path / "a.mid")
    assert score.notes[["pitch", "track"]].tolist() == [(60, 1), (64, 0), (67, 1)]
    assert score.onset_s[1] == pytest.approx(0.5 + 1.0, abs=0.01)  # a second after the end of what was there


def test_an_empty_recording_is_an_empty_score():
    assert len(Recording().score()) == 0


def test_a_take_that_cannot_be_written_is_told_before_anything_is_played(tmp_path):
    with pytest.raises(FileError, match="nowhere"):
        Takes(tmp_path / "nowhere" / "a.mid")


def test_where_takes_go(tmp_path, monkeypatch):
    path = default_path(datetime(2026, 1, 2, 3, 4, 5))
    assert path.name == "2026-01-02 03.04.05.mid"
    assert path.parent.is_dir()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(FileError, match="say where with --save"):
        default_path(datetime(2026, 1, 2))


def test_a_ledger_is_shown_by_itself_or_by_its_take(tmp_path):
    ledger = Ledger()
    for k in range(100):
        ledger.time("hand-over", 0.001 * (k + 1))
    ledger.count("missed", 3)
    saved = ledger.to_dict() | {"output": {"device": "pulse", "underruns": 2}}
    (tmp_path / "a.json").write_text(json.dumps(saved))
    for name in ("a.json", "a.mid"):
        assert read_ledger(tmp_path / name) == json.loads(json.dumps(saved))
    text = report(saved)
    line = next(line for line in text.splitlines() if line.startswith("hand-over"))
    count, p50, p95, p99, most = (float(word) for word in line.split()[1:6])
    assert (count, most) == (100, 100)
    assert 50 <= p50 <= 53
    assert 95 <= p95 <= 100
    assert p95 <= p99 <= 100
    assert next(line for line in text.splitlines() if line.startswith("missed")).split()[1] == "3"
    assert "device pulse, underruns 2" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read the ledger"),
        ("{", "it is no JSON"),
        ("[]", "is no ledger"),
        ('{"format": 2}', "is no ledger"),
    ],
)
def test_what_is_no_ledger(tmp_path, text, message):
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    with pytest.raises(FileError, match=message):
        read_ledger(tmp_path / "a.json")
