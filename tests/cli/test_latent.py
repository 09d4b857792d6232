"""The commands of latent spaces, as a person types them."""

import json

import pytest
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.cli.main import main
from antiphon.files import read_music

pytestmark = pytest.mark.torch
ONE, OTHER = "120bpm C4 E4 G4:2 r A4", "F4:2 A4 C5"


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    config = CONFIGS["vae"]["small"]
    return str(write_model(tmp_path_factory.mktemp("models") / "vae", tiny_model("vae", config), "vae", config))


def test_interpolate_writes_the_way(vae, tmp_path, capsys):
    out = tmp_path / "way.mid"
    assert main(["interpolate", ONE, OTHER, "--steps", "4", "--model", vae, "-o", str(out), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["files"] == [str(out)]
    assert (result["steps"], len(result["alike"])) == (4, 3)
    assert len(read_music(out)) == result["notes"]


def test_interpolate_says_how_alike_the_steps_are(vae, tmp_path, capsys):
    assert main(["interpolate", ONE, OTHER, "--model", vae, "--seed", "1", "-o", str(tmp_path / "way.mid")]) == 0
    assert "6 passages by vae; like the one before: " in capsys.readouterr().out


def test_reconstruct_says_what_was_lost(vae, tmp_path, capsys):
    out = tmp_path / "again.mid"
    assert main(["reconstruct", ONE, "--model", vae, "-o", str(out)]) == 0
    text = capsys.readouterr().out
    assert out.exists()
    assert "1 passages of 2 bars, 4 notes, through vae" in text
    assert "nats a bar tell where they lie" in text


def test_reconstruct_needs_no_file_to_write(vae, capsys):
    assert main(["reconstruct", ONE, "--model", vae, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == []


def test_reconstruct_measures_a_corpus(vae, corpus, capsys):
    assert main(["reconstruct", "--corpus", str(corpus), "--model", vae]) == 0
    text = capsys.readouterr().out
    assert "validation passages of 2 bars" in text
    assert "divergence, nats a bar" in text


def test_a_corpus_is_measured_only_through_a_space(bundle, corpus, capsys):
    assert main(["reconstruct", "--corpus", str(corpus), "--model", str(bundle)]) == 1
    assert "has no latent space" in capsys.readouterr().err


def test_vary_goes_through_the_space(vae, tmp_path, capsys):
    out = tmp_path / "varied.mid"
    assert main(["vary", ONE, "--amount", "0.5", "--model", vae, "--seed", "1", "-o", str(out)]) == 0
    assert out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["interpolate", ONE, OTHER, "--steps", "1"], "--steps 1 is out of range"),
        (["interpolate", ONE, OTHER, "--tempo", "9"], r"--tempo 9.0 is out of range"),
        (["interpolate", ONE, OTHER, "--seed", "-1"], "--seed -1 is out of range"),
        (["reconstruct", ONE, "--seed", "-1"], "--seed -1 is out of range"),
        (["reconstruct", "no-such.mid"], "cannot read no-such.mid"),
        (["reconstruct"], "give either music to reconstruct, or a corpus"),
        (["reconstruct", "--corpus", "corpora/mine"], "leave -o and --tracks out"),
    ],
)
def test_mistakes_are_named(arguments, message, vae, tmp_path, capsys):
    assert main([*arguments, "--model", vae, "-o", str(tmp_path / "out.mid")]) == 1
    assert message in capsys.readouterr().err


def test_other_models_have_no_space(bundle, tmp_path, capsys):
    assert main(["interpolate", ONE, OTHER, "--model", str(bundle), "-o", str(tmp_path / "out.mid")]) == 1
    assert "has no latent space" in capsys.readouterr().err
