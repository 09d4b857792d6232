import json
from pathlib import Path

import numpy as np
import pytest

from antiphon.cli.info import describe_score, mean_polyphony
from antiphon.cli.main import main
from antiphon.corpus.store import ROW, Entry, write_corpus
from antiphon.engine.bundle import FILES, write_bundle
from antiphon.files.midi import write_midi
from antiphon.notes import DRUMS, NOTE, TICKS_PER_QUARTER, Score, score

META = {
    "family": "gru", "config": {"layers": 2}, "codec": {"name": "notes"}, "state": [], "parameters": 1234567,
    "licence": {"name": "CC0", "url": "https://example.org"}, "data": {"name": "songs", "pieces": 3}, "recipe": {},
    "measured": {"validation": {"nats_per_note": 7.5}}, "antiphon": "0.0",
}  # fmt: skip


@pytest.fixture
def duet() -> Score:
    """Two seconds: a piano note all through, a violin note in the second half, drums at both ends."""
    quarter = TICKS_PER_QUARTER  # half a second
    rows = [
        (0, 4 * quarter, 48, 30, 0, 0),
        (2 * quarter, 2 * quarter, 72, 90, 40, 1),
        (0, quarter, 36, 100, DRUMS, 2),
        (3 * quarter, quarter, 38, 120, DRUMS, 2),
    ]
    return score(np.array(rows, NOTE), [(0, 500_000)], [(0, 3, 4)], ("left [hand]", "", "kit"))


@pytest.fixture
def midi(tmp_path, duet) -> Path:
    write_midi(duet, path := tmp_path / "duet.mid")
    return path


@pytest.fixture
def model(tmp_path) -> Path:
    write_bundle(path := tmp_path / "small", META, lambda folder: [(folder / n).write_bytes(b"x") for n in FILES])
    return path


def test_a_score_is_described(duet):
    facts = describe_score(duet)
    assert facts["notes"] == 4
    assert facts["length_s"] == 2
    assert facts["notes_per_s"] == 2
    assert facts["polyphony"] == 2  # four seconds of sound in two
    assert facts["pitch"] == {"lowest": 48, "highest": 72, "mean": 60}
    assert facts["velocity"] == {"lowest": 30, "highest": 120, "mean": 85}
    assert facts["tempos"] == [{"time_s": 0, "bpm": 120}]
    assert facts["metres"] == [{"time_s": 0, "metre": "3/4"}]
    assert [(t["name"], t["notes"], t["instruments"]) for t in facts["tracks"]] == [
        ("left [hand]", 1, ["Acoustic Grand Piano"]), ("", 1, ["Violin"]), ("kit", 2, ["Drums"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("onsets", "ends", "polyphony"),
    [
        ([0], [3], 1),
        ([0, 5], [1, 6], 1),  # silence between does not count
        ([0, 0, 0], [1, 1, 1], 3),
        ([0, 1, 1], [4, 2, 3], 7 / 4),
        ([2, 0], [3, 2], 1),  # in any order
    ],
)
def test_polyphony_is_how_many_notes_sound_while_any_does(onsets, ends, polyphony):
    assert mean_polyphony(np.array(onsets, float), np.array(ends, float)) == pytest.approx(polyphony)


def test_a_file_as_json(midi, capsys):
    assert main(["info", str(midi), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["path"], facts["notes"]) == ("file", str(midi), 4)


def test_a_file_as_text(midi, capsys):
    assert main(["info", str(midi)]) == 0
    out, err = capsys.readouterr()
    assert not err
    rows = dict(line.split("  ", 1) for line in out.splitlines()[1:])
    assert rows["pitch"].strip() == "C3 (48) to C5 (72)"
    assert rows["tempo"].strip() == "120 bpm"
    assert "left [hand] · Acoustic Grand Piano · 1 note\n" in out
    assert "\x1b" not in out  # plain where it is no terminal


def test_only_drums_have_no_pitch(tmp_path, duet, capsys):
    write_midi(duet.select(duet.notes["program"] == DRUMS), tmp_path / "drums.mid")
    assert main(["info", str(tmp_path / "drums.mid")]) == 0
    assert "drums only" in capsys.readouterr().out


def test_changes_of_tempo_are_summed_up(tmp_path, duet, capsys):
    tempos = [(0, 500_000), (1920, 600_000), (3840, 400_000)]
    write_midi(score(duet.notes, tempos, duet.metres, duet.tracks), tmp_path / "rubato.mid")
    assert main(["info", str(tmp_path / "rubato.mid")]) == 0
    assert "100 to 150 bpm, 2 changes" in capsys.readouterr().out


def test_a_model_by_its_folder(model, capsys):
    assert main(["info", str(model)]) == 0
    out = capsys.readouterr().out
    for part in ("gru", "1,234,567", "CC0", "songs", "7.5"):
        assert part in out
    assert main(["info", str(model), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["path"], facts["measured"]) == ("model", str(model), META["measured"])


def test_a_damaged_model_says_what_is_wrong(model, capsys):
    (model / "meta.json").write_text("{")
    assert main(["info", str(model)]) == 1
    assert "meta.json is damaged" in capsys.readouterr().err


@pytest.fixture
def corpus(tmp_path, duet) -> Path:
    rows = np.zeros(len(duet), ROW)
    for name in NOTE.names:
        rows[name] = duet.notes[name]
    about = {"name": "duet.mid", "split": "train", "sha256": "", "content": "", "composer": "", "title": "Duet"}
    maps = {"tempos": duet.tempos, "metres": duet.metres, "tracks": duet.tracks}
    manifest = {
        "sources": [{"name": "songs", "licence": "CC0", "url": None}], "pedal": True, "duplicates": [],
        "totals": {"pieces": 1, "notes": 12345, "hours": 1.25}, "left_out": [], "created_by": "antiphon 0",
        "splits": {"train": {"pieces": 1, "notes": 12345, "hours": 1.25}},
        "quarantined": [{"file": f"{i}.mid", "reason": "empty"} for i in range(20)],
    }  # fmt: skip
    (path := tmp_path / "corpus").mkdir()
    write_corpus(path, [Entry(**about, **maps, length_s=duet.length_s, rows=rows)], manifest)
    return path


def test_a_corpus_by_its_folder(corpus, capsys):
    assert main(["info", str(corpus)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    expected = {"sources songs", "licence CC0", "splits: train: notes 12,345", "pedal yes", "duplicates 0"}
    assert expected <= set(lines)
    assert "failed file 11.mid · reason empty" in lines
    assert lines[-1] == "failed … and 8 more, all in the JSON"
    assert main(["info", str(corpus), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["path"], facts["splits"]["train"]["notes"]) == ("corpus", str(corpus), 12345)
    assert len(facts["manifest"]["quarantined"]) == 20


def test_a_damaged_corpus_says_what_is_wrong(corpus, capsys):
    (corpus / "notes.arrow").unlink()
    assert main(["info", str(corpus)]) == 1
    assert "notes.arrow" in capsys.readouterr().err


def test_what_is_nothing_is_one_line(capsys):
    assert main(["info", "no-such-thing"]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("antiphon info: there is no file, folder or model 'no-such-thing'; give a file of music")
    assert err.count("\n") == 1


def test_a_folder_of_neither_kind_is_refused(tmp_path, capsys):
    assert main(["info", str(tmp_path)]) == 1
    assert "neither manifest.json nor meta.json" in capsys.readouterr().err


def test_a_text_file_is_refused(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("not music")
    assert main(["info", str(tmp_path / "notes.txt")]) == 1
    assert "notes.txt" in capsys.readouterr().err
