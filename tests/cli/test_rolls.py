"""A model of piano rolls as a person meets it: written, replayed, measured and compared, in frames, not in notes."""

import json

import pytest
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.charts.drawing import Text
from antiphon.cli.main import main
from antiphon.engine import open_bundle
from antiphon.evaluate.contestants import open_contestants
from antiphon.evaluate.report.architecture import architecture

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    config = {**CONFIGS["roll"]["joint"], "keys": 20, "lowest": 55, "beats": True}
    return write_model(tmp_path_factory.mktemp("roll") / "pianola", tiny_model("roll", config), "roll", config)


def test_pieces_by_seed_written_and_replayed_byte_for_byte(model, tmp_path, capsys):
    out = tmp_path / "song.mid"
    asked = ["--model", str(model), "--seconds", "4", "-n", "2", "--seed", "5", "-o", str(out), "--json"]
    assert main(["generate", *asked]) == 0
    assert len({path.read_bytes() for path in tmp_path.glob("song-*.mid")}) == 2
    again = tmp_path / "again.mid"
    assert main(["replay", str(tmp_path / "song-2.mid"), "--model", str(model), "-o", str(again)]) == 0
    assert again.read_bytes() == (tmp_path / "song-2.mid").read_bytes()
    capsys.readouterr()


def test_what_it_does_not_know_is_one_line(model, tmp_path, capsys):
    assert main(["generate", "--model", str(model), "--velocity", "3..9", "-o", str(tmp_path / "x.mid")]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "a model of piano rolls does not know velocity" in line


def test_evaluate_tells_nats_a_frame(model, corpus, capsys):
    assert main(["evaluate", str(model), "--corpus", str(corpus), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["nats_per_frame"] > 0
    assert "nats_per_note" not in found
    assert main(["evaluate", str(model), "--corpus", str(corpus)]) == 0
    out = capsys.readouterr().out
    assert "nats a frame" in out
    assert "nats a note" not in out


def test_in_a_comparison_it_writes_and_does_not_predict(model):
    (one,) = open_contestants([str(model)])
    assert one.whole
    assert not one.predicts
    assert one.facts()["no_likelihood"].startswith("it writes piano rolls, so its likelihood is of frames")


def test_its_architecture_ends_in_one_head(model):
    words = [shape.text for shape in architecture(open_bundle(model)).shapes if isinstance(shape, Text)]
    for word in ("pianola", "a frame heard", "20 keys", "joint heads", "embed", "layers.0"):
        assert word in words
