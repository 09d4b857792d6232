"""``antiphon render`` as a person runs it."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from antiphon.cli.main import main
from antiphon.files.midi import write_midi
from antiphon.notes import from_seconds


@pytest.fixture
def piece(tmp_path: Path) -> Path:
    path = tmp_path / "piece.mid"
    write_midi(from_seconds(np.array([0.0, 0.5]), np.array([0.4, 0.4]), np.array([60, 64]), np.array([80, 80])), path)
    return path


def test_says_where_how_long_and_by_what(piece: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = piece.with_suffix(".flac")
    assert main(["render", str(piece), "-o", str(out), "--engine", "midirenderer", "--rate", "22050"]) == 0
    said = capsys.readouterr()
    assert f"{out}: " in said.out
    assert "midirenderer" in said.out
    assert "× real time" in said.out
    assert not said.err
    assert soundfile.info(out).samplerate == 22050


def test_json_and_a_stand_in_named_on_stderr(piece: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = piece.with_suffix(".wav")
    assert main(["render", str(piece), "-o", str(out), "--instrument", "banjo", "--json"]) == 0
    said = capsys.readouterr()
    result = json.loads(said.out)
    assert result["path"] == str(out)
    assert result["seconds"] == pytest.approx(soundfile.info(out).duration)
    assert said.err == "Banjo is not in the small sound bank: using Acoustic Guitar (steel)\n"
    assert result["substituted"] == [said.err.strip()]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "x.aiff"], "unknown ending of a sound file '.aiff'"),
        (["-o", "x.wav", "--instrument", "violn"], "did you mean 'Violin'"),
        (["-o", "missing/x.wav"], "does not exist"),
        (["-o", "x.wav", "--soundfont", "piece.mid"], "it is no SoundFont"),
        (["-o", "x.wav", "--rate", "1"], "unknown sample rate 1"),
        (["-o", "x.wav", "--engine", "organ"], "unknown engine 'organ'"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(
    options: list[str], message: str, piece: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(piece.parent)
    assert main(["render", "piece.mid", *options]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in piece.parent.iterdir()] == ["piece.mid"]
