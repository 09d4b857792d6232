"""``antiphon adapt`` as a person types it."""

import json

import numpy as np
import pytest

from antiphon.cli.main import main
from antiphon.engine import open_bundle
from antiphon.files.midi import write_midi
from antiphon.notes import from_seconds


@pytest.fixture
def takes(tmp_path):
    folder = tmp_path / "takes"
    folder.mkdir()
    for i in range(2):
        pitch = np.random.default_rng(i).choice([60, 64, 67], 800)
        write_midi(from_seconds(np.arange(800) * 0.2, np.full(800, 0.15), pitch, np.full(800, 80)), folder / f"{i}.mid")
    write_midi(
        from_seconds(np.arange(900) * 0.3, np.full(900, 0.15), np.full(900, 50), np.full(900, 80)),
        tmp_path / "more.mid",
    )
    return folder


def test_sessions_make_a_model(takes, bundle, tmp_path, capsys):
    words = ["adapt", str(takes), str(tmp_path / "more.mid"), "-o", str(tmp_path / "mine"), "--from", str(bundle)]
    assert main([*words, "--minutes", "0.05", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["nats_per_note"]["after"] < found["nats_per_note"]["before"]
    assert found["from"] == "tiny"
    assert open_bundle(tmp_path / "mine").name == "mine"


def test_the_result_tells_the_way_back(takes, bundle, tmp_path, capsys):
    words = ["-o", str(tmp_path / "mine"), "--from", str(bundle), "--minutes", "0.05"]
    assert main(["adapt", str(takes), *words]) == 1  # 1,600 notes without a rest are eight passages
    assert "too few" in capsys.readouterr().err
    assert main(["adapt", str(takes), str(tmp_path / "more.mid"), *words]) == 0
    assert "To go back, play with tiny." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.mid", "-o", "mine"], "nowhere.mid"),
        (["{takes}", "-o", "mine", "--from", "nobody"], "unknown model 'nobody'"),
        (["{takes}", "-o", "no/where"], "no"),
        (["{takes}", "-o", "mine", "--minutes", "0"], "--minutes 0 is out of range: 0.01 to 1440"),
    ],
)
def test_mistakes_are_one_line(words, message, takes, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["adapt", *(word.format(takes=takes) for word in words)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "mine").exists()
