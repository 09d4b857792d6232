"""``antiphon generate`` as a person runs it, and as a person mistypes it."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from antiphon.cli.main import main
from antiphon.cli.writing import told
from antiphon.engine.bundle import ENGINE, META, folders
from antiphon.files.midi import read_midi, write_midi
from antiphon.notes import NOTE, from_seconds, score

pytestmark = pytest.mark.torch


@pytest.fixture
def here(tmp_path, bundle, monkeypatch):
    """The folder in which commands run; the tiny model is there by the name of `tiny`."""
    shutil.copytree(bundle, folders()[1] / "tiny")
    monkeypatch.chdir(tmp_path)
    prompt = from_seconds(np.array([0.0, 0.5, 1.0]), np.full(3, 0.4), np.array([60, 64, 67]), np.full(3, 82))
    write_midi(prompt, tmp_path / "prompt.mid")
    return tmp_path


def generate(*arguments, model="tiny", notes="8", out="a.mid"):
    length = ["--notes", notes] if notes else []
    return main(["generate", "--model", str(model), *length, "-o", out, *arguments])


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_writes_music_and_says_by_whom(here, capsys):
    assert generate("--seed", "7") == 0
    out, err = capsys.readouterr()
    assert out.startswith("a.mid\n8 notes, ")
    assert "by tiny (weights: CC0-1.0), seed 7" in out
    assert err == "writing a.mid …\n"
    assert len(read_midi(here / "a.mid")) == 8


def test_every_form_is_of_the_same_music(here, capsys):
    assert generate("-o", "a.flac", "-o", "a.svg", "--json", "--seed", "0") == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {
        "files", "sidecars", "model", "licence", "seed", "notes", "seconds", "notes_per_second", "first_note_ms",
        "options", "report",
    }  # fmt: skip
    assert result["files"] == ["a.mid", "a.flac", "a.svg"]
    assert (result["model"], result["licence"], result["notes"]) == ("tiny", "CC0-1.0", 8)
    assert result["seconds"] == pytest.approx(read_midi(here / "a.mid").length_s, abs=0.01)
    assert soundfile.info(here / "a.flac").duration >= result["seconds"]
    assert (here / "a.svg").read_text().startswith("<svg")


def test_the_same_seed_is_the_same_file_alone_or_among_others(here):
    generate("--seed", "3")
    generate("--seed", "3", "-n", "12", out="b.mid")
    generate("--seed", "4", out="c.mid")
    assert left(here)[1:13] == [f"b-{i:02}.mid" for i in range(1, 13)]
    first = (here / "a.mid").read_bytes()
    assert (here / "b-01.mid").read_bytes() == first
    assert (here / "b-02.mid").read_bytes() != first
    assert (here / "c.mid").read_bytes() != first


def test_without_a_seed_it_is_new_and_the_seed_is_said(here, capsys):
    generate("--json")
    seed = json.loads(capsys.readouterr().out)["seed"]
    generate("--seed", str(seed), out="again.mid")
    generate("--json", out="other.mid")
    assert (here / "again.mid").read_bytes() == (here / "a.mid").read_bytes()
    assert (here / "other.mid").read_bytes() != (here / "a.mid").read_bytes()


def test_a_prompt_is_continued(here):
    assert generate("--prompt", "prompt.mid", "--seed", "1") == 0
    assert generate("--prompt", "prompt.mid", "--continue", "--seed", "1", out="whole.mid") == 0
    new, whole = read_midi(here / "a.mid"), read_midi(here / "whole.mid")
    assert (len(new), len(whole)) == (8, 11)
    assert whole.notes["pitch"][:3].tolist() == [60, 64, 67]
    assert whole.notes["pitch"][3:].tolist() == new.notes["pitch"].tolist()


def test_a_typed_melody_is_continued(here):
    assert generate("--prompt", "60bpm C4 E4+G4 r C5:2", "--continue") == 0
    whole = read_midi(here / "a.mid")
    assert whole.notes["pitch"][:4].tolist() == [60, 64, 67, 72]
    assert whole.onset_s[:4].tolist() == [0, 1, 1, 3]
    assert len(whole) == 12


def test_chords_come_from_a_file_as_well(here):
    (here / "song.txt").write_text("Am F ; the verse\nC G\n")
    typed = generate("--chords", "Am F C G", "--tempo", "100", "--seed", "5")
    read = generate("--chords", "song.txt", "--tempo", "100", "--seed", "5", out="b.mid")
    assert (typed, read) == (0, 0)
    assert (here / "a.mid").read_bytes() == (here / "b.mid").read_bytes()


def test_a_preset_is_laid_under_what_is_typed(here, capsys):
    assert generate("--preset", "chorale", "--tempo", "100", "--json") == 0
    options = json.loads(capsys.readouterr().out)["options"]
    assert (options["tempo"], options["key"], options["notes"]) == (100, "C major", 8)
    music = read_midi(here / "a.mid")
    assert music.tempos["tempo"].tolist() == [600_000]
    assert set(music.tracks) <= {"Violin", "Cello"}


def test_bars_and_a_key_and_a_grid(here):
    assert generate("--bars", "4", "--tempo", "120", "--grid", "1/8", "--key", "D minor", notes=None) == 0
    music = read_midi(here / "a.mid")
    assert music.length_s <= 8
    assert not (music.notes["onset"] % 960).any()
    assert set((music.notes["pitch"] % 12).tolist()) <= {2, 4, 5, 7, 9, 10, 0}


@pytest.mark.parametrize(
    ("cost", "lines"), [(0.0, []), (0.004, []), (0.126, ["the constraints cost 0.13 nats a note"])]
)
def test_a_cost_that_would_be_rounded_to_nothing_is_not_told(cost, lines):
    assert told({"cost_nats_per_note": [cost, cost]}) == lines


def test_help_teaches_in_groups(capsys):
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    out = capsys.readouterr().out
    groups = ["how long, and how it ends", "how notes are drawn", "pitches: guarantees", "search for a likely piece"]
    assert all(group in out for group in groups)
    assert all(f"--{name} " in out or f"--{name}\n" in out for name in ("key", "grid", "parts", "no-guard", "best-of"))


def test_seconds_and_an_instrument(here):
    assert generate("--seconds", "30", "--instrument", "violin", notes=None) == 0
    made = read_midi(here / "a.mid")
    assert made.length_s <= 30.001
    assert set(made.notes["program"].tolist()) == {40}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--notes", "0"], "0 notes is out of range: 1 to 10,000,000"),
        (["--notes", "-5"], "-5 notes is out of range"),
        (["--seconds", "0"], "0.0 seconds is out of range"),
        (["--seconds", "nan"], "nan seconds is out of range"),
        (["--temperature", "-1"], "temperature -1.0 is out of range: above 0 and at most 10"),
        (["--temperature", "0"], "temperature 0.0 is out of range"),
        (["--temperature", "nan"], "temperature: 'nan' is no number; write one such as 2 or 0.5"),
        (["--temperature", "pitsch=1"], "unknown part of temperature 'pitsch'; did you mean 'pitch'?"),
        (["--temperature", "pitch=1,step"], "not understood at 'step'; write 0.9, or pitch=1.0,step=0.9"),
        (["--key", "H minor"], "'H minor' is no key; write one such as 'D minor'"),
        (["--key", "D mollish"], "unknown scale 'mollish'"),
        (["--range", "C4"], "range 'C4' is no range; write both ends, or one: A..B, A.. or ..B"),
        (["--range", "C5..C4"], "pitches from 72 to 60 are out of range: 0 to 127, the lower first"),
        (["--range", "C2..X6"], "'X6' is no pitch"),
        (["--forbid", "C4,nothing"], "'nothing' is no pitch"),
        (["--velocity", "0..90"], "velocities from 0 to 90 are out of range: 1 to 127"),
        (["--velocity", "a..90"], "velocity: 'a' is no number"),
        (["--velocity", "1.5..90"], "a whole number from 1 to 127"),
        (["--max-polyphony", "0"], "a polyphony of 0 is out of range"),
        (["--min-step", "99"], "a shortest step of 99.0 seconds is out of range"),
        (["--notes-per-second", "0..4"], "a lowest density of 0.0 notes a second is out of range"),
        (["--grid", "1/16"], "a grid (1/16) needs a tempo: give one, such as 96"),
        (["--grid", "1/17", "--tempo", "96"], "unknown grid '1/17'; did you mean '1/1"),
        (["--swing", "0.6"], "swing 0.6 needs a grid"),
        (["--tempo", "4000"], "tempo 4000.0 is out of range: 10 to 400"),
        (["--metre", "4/5"], "unknown metre '4/5'"),
        (["--chords", "Am Hm", "--tempo", "96"], "'Hm' is no chord"),
        (["--chords", "Am", "--tempo", "96", "--bars-per-chord", "0"], "0.0 bars a chord is out of range"),
        (["--drone", "Z2"], "'Z2' is no pitch"),
        (["--ending", "X"], "'X' is no pitch class"),
        (["--hold", "2"], "hold 2.0 needs an ending: give a pitch such as C, or tonic"),
        (["--beam", "0"], "beam (a search's width) 0 is out of range: 1 to 256"),
        (["--search", "beem"], "unknown search 'beem'; did you mean 'beam'"),
        (["--best-of", "0"], "best-of 0 is out of range: 1 to 1000"),
        (["--best-by", "density"], "best-by density chooses among several pieces: give best-of, such as 8"),
        (["--best-of", "4", "--best-by", "densty"], "unknown measure 'densty'; did you mean 'density'"),
        (["--best-of", "4", "--best-by", "density=many"], "best-by density: 'many' is no number"),
        (
            ["--density", "9"],
            "unknown density '9'. Known: dense, high, low, medium, sparse. A bound in numbers is --notes",
        ),
        (
            ["--dynamics", "loud"],
            "the model tiny cannot be asked for dynamics 'loud': it was trained without conditions",
        ),
        (["--avoid-copies", "12"], "--avoid-copies 12 needs the music that the model was trained on"),
        (["--corpus", "songs"], "--corpus songs is only looked at with --avoid-copies"),
        (["--avoid-copies", "12", "--corpus", "songs"], "songs"),
        (["--guard", "repeat=3"], "unknown part of guard 'repeat'; did you mean 'repeats'"),
        (["--typical", "2"], "typical 2.0 is out of range"),
        (["--repetition-penalty", "0"], "repetition penalty 0.0 is out of range"),
        (["--preset", "nocturn"], "unknown preset 'nocturn'; did you mean 'nocturne'?"),
        (["--parts", "cello"], "parts 'cello' are not understood; write instruments from low to high"),
        (["--parts", "cello,C4,violn"], "unknown instrument 'violn'; did you mean 'Violin'"),
        (["--parts", "cello,C4,viola,C3,violin"], "the pitches must rise from one split to the next"),
        (["--parts", "cello,C4,violin", "--instrument", "harp"], "leave one out"),
        (["--humanise", "timing=900"], "humanise timing 900 is out of range: 0 to 200 ms"),
        (["--humanise", "time=9"], "unknown part of humanise 'time'; did you mean 'timing'"),
        (["--quantise", "1/16,2"], "quantise strength 2 is out of range: 0 to 1"),
        (["--tempo-map", "1:96"], "tempo-map 1:96 needs the tempo at which the music is written"),
        (["--tempo-map", "1-96", "--tempo", "96"], "not understood at '1-96'; write bar:tempo"),
        (["--quantise", "1/15"], "unknown grid '1/15'"),
        (["--continue"], "--continue is about a prompt, and there is none: give one with --prompt"),
        (["--from", "3"], "--from is about a prompt, and there is none"),
        (["--prompt", "C4 H4"], "'H4' is no pitch; write notes such as C4"),
        (["--prompt", "prompt.mid", "--from", "9s"], "no note begins from 9 s to the end; the music is 1.4 s long"),
        (["--prompt", "prompt.mid", "--from", "1", "--to", "0.5"], "a passage from 1 s to 0.5 s is empty"),
        (
            ["--prompt", "prompt.mid", "--to", "soon"],
            "to 'soon' is no time; write seconds or minutes: 10, 2.5s or 1:30",
        ),
        (["--prompt", "prompt.mid", "--tracks", "2"], "unknown track '2'"),
        (["--prompt", "prompt.mid", "--transpose", "far"], "transpose 'far' is out of range: auto, or -48 to 48"),
        (["--prompt", "prompt.mid", "--transpose", "-65"], "transpose '-65' is out of range"),
        (["--seed", "-1"], "--seed -1 is out of range: it must be 0 or more"),
        (["-n", "0"], "-n 0 is out of range: 1 to 1000 pieces"),
        (["--instrument", "violn"], "unknown instrument 'violn'; did you mean 'Violin'"),
        (["--instrument", "200"], "200"),
        (["--prompt", "none.mid"], "none.mid"),
        (["--prompt", "silent.mid"], "silent.mid has no notes; give a file with at least one"),
        (["--prompt", "text.mid"], "text.mid"),
        (["--prompt", "."], "Is a directory"),
        (["--model", "tinny"], "unknown model 'tinny'; did you mean 'tiny'"),
        (["-o", "none/a.mid"], "the folder none does not exist; make it first (mkdir -p none)"),
        (["-o", "a.xyz"], "a.xyz: the ending '.xyz' is not known; it may be .mid, .midi, .musicxml, .xml, .abc, .wav"),
        (["-o", "a"], "the ending '' is not known"),
    ],
)
def test_a_users_error_is_one_line_and_leaves_nothing(arguments, message, here, capsys):
    write_midi(score(np.empty(0, NOTE)), here / "silent.mid")
    (here / "text.mid").write_text("not music")
    before = left(here)
    command = ["generate", "--model", "tiny", "-o", "a.mid", *arguments]
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("antiphon generate: ")
    assert message in err
    assert err.count("\n") == 1
    assert left(here) == before


@pytest.mark.parametrize(
    "arguments",
    [["--notes", "two"], ["--notes", "1", "--seconds", "1"], ["--temperature"], ["--sead", "1"], ["extra"]],
)
def test_misuse_is_2(arguments, here, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["generate", "-o", "a.mid", *arguments])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: antiphon")


def test_somewhere_to_write_is_asked_for(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["generate"])
    assert stop.value.code == 2
    assert "-o" in capsys.readouterr().err


@pytest.mark.parametrize("file", [ENGINE, META])
def test_a_corrupted_model_is_one_line(file, here, capsys):
    path = folders()[1] / "tiny" / file
    path.write_bytes(path.read_bytes()[:-20])
    assert generate() == 1
    err = capsys.readouterr().err
    assert file in err
    assert err.count("\n") == 1
    assert left(here) == ["prompt.mid"]


def test_a_full_disk_leaves_nothing_under_the_name(here, capsys, full_disk):
    with full_disk(1024):
        assert generate(notes="500") == 1
    assert "cannot write a.mid: File too large" in capsys.readouterr().err
    assert left(here) == ["prompt.mid"]


def test_a_full_disk_keeps_the_older_file(here, full_disk):
    generate()
    before = (here / "a.mid").read_bytes()
    with full_disk(1024):
        assert generate(notes="500") == 1
    assert (here / "a.mid").read_bytes() == before
    assert left(here) == ["a.mid", "prompt.mid"]


def test_ctrl_c_is_130_and_leaves_nothing(here, capsys, ctrl_c):
    ctrl_c(0.5)
    assert generate(notes="10000000") == 130
    out, err = capsys.readouterr()
    assert not out
    assert err == "antiphon generate: interrupted\n"
    assert left(here) == ["prompt.mid"]
