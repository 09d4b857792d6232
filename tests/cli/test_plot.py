import json
from pathlib import Path

import numpy as np
import pytest

from antiphon.cli.main import main
from antiphon.files.midi import write_midi
from antiphon.notes import from_seconds


@pytest.fixture
def midi(tmp_path) -> Path:
    path = tmp_path / "Nocturne.mid"
    write_midi(from_seconds(np.array([0.0, 0.5, 1.0]), np.full(3, 0.5), np.array([60, 64, 67]), 80), path)
    return path


@pytest.mark.parametrize("arguments", [[], ["--kind", "histograms"], ["--no-pedal"]])
def test_it_draws_and_says_where(midi, tmp_path, capsys, arguments):
    out = tmp_path / "piece.svg"
    assert main(["plot", str(midi), "-o", str(out), *arguments]) == 0
    assert "3 notes" in out.read_text()
    assert capsys.readouterr().out == f"{out}: 3 notes\n"


@pytest.mark.parametrize(
    ("arguments", "title"), [([], "Nocturne"), (["--title", "In E♭"], "In E♭"), (["--title", ""], "piano roll")]
)
def test_the_title_is_the_name_of_the_file_unless_given(midi, tmp_path, arguments, title):
    assert main(["plot", str(midi), "-o", str(tmp_path / "a.svg"), *arguments]) == 0
    assert f"<title>{title}</title>" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_a_png(midi, tmp_path):
    assert main(["plot", str(midi), "-o", str(tmp_path / "a.png")]) == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_json(midi, tmp_path, capsys):
    out = tmp_path / "a.svg"
    assert main(["plot", str(midi), "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"output": str(out), "kind": "roll", "notes": 3, "length_s": 1.5}


@pytest.mark.parametrize(
    ("file", "out", "message"),
    [
        ("Nocturne.mid", "a.bmp", "allowed are .svg"),
        ("Nocturne.mid", "nowhere/a.svg", "does not exist"),
        ("other.mid", "a.svg", "other.mid"),
    ],
)
def test_mistakes_are_one_line(midi, tmp_path, capsys, file, out, message):
    assert main(["plot", str(midi.with_name(file)), "-o", str(tmp_path / out)]) == 1
    _, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / out).exists()


@pytest.mark.parametrize("arguments", [["a.mid"], ["a.mid", "-o", "a.svg", "--kind", "pie"], ["-o", "a.svg"]])
def test_misuse_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["plot", *arguments])
    assert stop.value.code == 2
