"""``antiphon play`` as a person runs it, with the model that ships, in real time and without sound."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import soundfile
from pythonosc.osc_message_builder import build_msg

from antiphon import DEFAULT_MODEL
from antiphon.cli.main import main
from antiphon.files.midi import read_midi, write_midi
from antiphon.live.network import NetworkPort
from antiphon.notes import from_seconds

pytestmark = pytest.mark.realtime

PITCHES = [60, 64, 67, 72]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a phrase in it; what a command does about signals ends with it."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    music = from_seconds(np.arange(4) * 0.25, np.full(4, 0.2), np.array(PITCHES), np.full(4, 70))
    write_midi(music, tmp_path / "in.mid")
    yield tmp_path
    for number, handler in handlers.items():
        signal.signal(number, handler)


def play(*arguments):
    return main(["play", "--no-ui", "--no-sound", "--no-midi-in", "--seed", "1", *arguments])


def pitches(path, part):
    """The notes of a part; one that played nothing has no track."""
    take = read_midi(path)
    return [pitch for pitch, track in take.notes[["pitch", "track"]].tolist() if take.tracks[track] == part]


def test_a_phrase_is_answered_shown_saved_and_rendered(here, capsys):
    assert play("--demo", "in.mid", "--seconds", "4", "--save", "take.mid", "--record", "take.wav") == 0
    out, err = capsys.readouterr()
    assert "playing; Ctrl-C ends it" in err
    lines = [line.split() for line in out.splitlines() if " player " in line or " model " in line]
    assert [line[2] for line in lines if line[1] == "player"] == ["C4", "E4", "G4", "C5"]
    assert pitches("take.mid", "player") == PITCHES
    answer = pitches("take.mid", "model")
    assert answer
    assert len(answer) == len([line for line in lines if line[1] == "model"])
    assert f"you played 4 notes, {DEFAULT_MODEL} {len(answer)}\nsaved take.mid\nsaved take.wav\n" in out
    take = read_midi(here / "take.mid")
    assert take.tracks == ("player", "model")
    assert take.onset_s[:4] == pytest.approx(np.arange(4) * 0.25, abs=0.02)
    assert soundfile.info("take.wav").duration >= take.length_s
    assert main(["play", "--report", "take.mid"]) == 0
    table = capsys.readouterr().out
    assert "hand-over" in table
    assert "p99 ms" in table
    assert main(["play", "--report", "take.json", "--json"]) == 0
    ledger = json.loads(capsys.readouterr().out)
    assert (ledger["counters"]["heard"], ledger["counters"]["answers"]) == (4, 1)
    assert ledger["session"]["seed"] == 1


def test_a_take_goes_on_and_as_json_only_json_is_on_stdout(here, capsys):
    assert play("--demo", "in.mid", "--seconds", "1.6", "--save", "take.mid") == 0
    capsys.readouterr()
    before = len(read_midi(here / "take.mid"))
    assert play("--demo", "in.mid", "--seconds", "1.6", "--resume", "take.mid", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["takes"] == ["take.mid"]
    assert result["ledgers"] == ["take.json"]
    assert pitches("take.mid", "player") == PITCHES * 2
    assert len(read_midi(here / "take.mid")) >= before + 4


def test_a_model_that_begins_by_itself_in_a_key_and_a_register(here):
    settings = ["mode=continue", "key=C major", "lowest=48", "highest=72", "density=8", "ahead_s=1"]
    assert play("--seconds", "2", "--save", "a.mid", *(f"--set={text}" for text in settings)) == 0
    played = pitches("a.mid", "model")
    assert played
    assert all(48 <= pitch <= 72 and pitch % 12 in (0, 2, 4, 5, 7, 9, 11) for pitch in played)


def test_the_model_is_asked_for_what_is_wished(here):
    wishes = ("--set", "density=sparse", "--set", "composer=chopin", "--set", "heed=2")
    assert play("--demo", "in.mid", "--seconds", "4", "--save", "take.mid", *wishes) == 0
    settings = json.loads((here / "take.json").read_text())["session"]["settings"]
    found = [settings[name] for name in ("wished_density", "density", "composer", "heed")]
    assert found == ["sparse", 0, "chopin", 2]
    told = pitches("take.mid", "model")
    assert play("--demo", "in.mid", "--seconds", "4", "--save", "free.mid") == 0
    assert told
    assert told != pitches("free.mid", "model")


def test_ctrl_c_saves(here, capsys):
    before = signal.getsignal(signal.SIGINT)
    threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        assert play("--demo", "in.mid", "--save", "a.mid") == 130
    finally:
        signal.signal(signal.SIGINT, before)  # an interrupted command leaves it to the system, as it is about to exit
    assert pitches("a.mid", "player") == PITCHES
    assert "saved a.mid" in capsys.readouterr().out


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_another_program_plays_by_midi_and_turns_by_osc(here):
    midi, osc = free_port(), free_port(socket.SOCK_DGRAM)
    command = [
        sys.executable, "-m", "antiphon", "play", "--json", "--no-sound", "--seed", "1", "--save", "a.mid",
        "--midi-in", f"tcp:{midi}", "--midi-out", f"tcp:{midi}", "--osc", str(osc), "--set", "ending=key",
    ]  # fmt: skip
    back, client = [], socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert "playing" in process.stderr.readline()
            port = NetworkPort(f"tcp:127.0.0.1:{midi}", lambda m, s: back.append(m), lambda: None, lambda text: None)
            for pitch in PITCHES:
                port.send(bytes([0x90, pitch, 70]))
                time.sleep(0.1)
                port.send(bytes([0x80, pitch, 0]))
            for verb, value in (("temperature", 0.7), ("hand-over", []), ("nonsense", 1)):
                client.sendto(build_msg(f"/antiphon/{verb}", value).dgram, ("127.0.0.1", osc))
            end_s = time.monotonic() + 30
            while not any(m[0] == 0x91 for m in back):
                assert time.monotonic() < end_s, back
                time.sleep(0.02)
            client.sendto(build_msg("/antiphon/quit", []).dgram, ("127.0.0.1", osc))
            out, err = process.communicate(timeout=60)
            port.close()
        finally:
            client.close()
            process.kill()
    assert process.returncode == 0, err
    assert "OSC knows no control 'nonsense'" in err
    counters = json.loads(out)["counters"]
    assert counters["heard"] == 4, (counters, err)
    assert pitches("a.mid", "player") == PITCHES
    ledger = json.loads((here / "a.json").read_text())
    assert ledger["session"]["settings"]["temperature"] == pytest.approx(0.7)
    down = set()
    for message in back:  # every note that came back has ended
        if message[0] == 0x91:
            down.add(message[1])
        elif message[0] == 0x81:
            down.discard(message[1])
    assert not down or bytes([0xB1, 123, 0]) in back


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "paino"], "did you mean 'piano'"),
        (["--mode", "duett"], "did you mean 'duet'"),
        (["--set", "temprature=1"], "did you mean 'temperature'"),
        (["--set", "temperature"], "has no value: write NAME=VALUE"),
        (["--set", "voices=x"], "voices 'x' is no number"),
        (["--set", "ahead_s=99"], "ahead_s 99.0 is out of range"),
        (["--set", "clock=maybe"], "clock 'maybe' is neither on nor off"),
        (["--set", "density=sprase"], "did you mean 'sparse'"),
        (["--set", "composer=chopni"], "unknown composer 'chopni'; did you mean"),
        (["--instrument", "violn"], "did you mean 'Violin'"),
        (["--layout", "querty"], "did you mean 'qwerty'"),
        (["--octave", "12"], "octave 12 is out of range"),
        (["--seconds", "0"], "--seconds 0 is out of range: above 0"),
        (["--seconds", "nan"], "--seconds nan is out of range"),
        (["--record", "a.mp4"], "unknown ending of a sound file"),
        (["--save", "nowhere/a.mid"], "nowhere"),
        (["--save", "take.wav"], "a take is a .mid file"),
        (["--demo", "nothing.mid"], "nothing.mid"),
        (["--resume", "in.mid", "--prompt", "in.mid"], "leave out --prompt"),
        (["--osc", "x"], "is no port for OSC"),
        (["--osc-to", "9000"], "is no place to send OSC to"),
        (["--midi-out", "tcp:x"], "is no port: give tcp:PORT"),
        (["--report", "nothing.json"], "cannot read the ledger"),
    ],
)
def test_mistakes_are_told_in_one_line_and_nothing_is_left(here, capsys, arguments, message):
    assert play("--seconds", "1", *arguments) == 1
    err = capsys.readouterr().err
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert [path.name for path in here.iterdir()] == ["in.mid"]
