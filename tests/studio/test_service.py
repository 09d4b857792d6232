"""The REST routes of a real server, by its own client and by plain HTTP."""

import base64
import json
import time
from pathlib import Path

import httpx
import mido
import pytest

from antiphon import DEFAULT_MODEL
from antiphon.client import Client, StudioError
from antiphon.errors import FileError
from antiphon.files import read_music
from antiphon.files.midi import read_midi_bytes
from antiphon.generate.replay import MARK

MELODY = "C4 E4 G4:2 r A4 G4"
FILE = "cc0-openscore-lc6067798.mid"


def written(api, command="generate", accept="application/json", **body):
    return api.post(command, json=body, headers={"accept": accept})


# What there is.


def test_health(api):
    found = api.get("health").json()
    assert (found["status"], found["protocol"]) == ("ok", 1)


def test_models(api, client):
    (model,) = [row for row in client.models() if row["name"] == "piano"]
    about = api.get("models/piano").json()
    assert model.items() <= about.items()
    assert about["card"].startswith("#")
    picture = api.get("models/piano/architecture")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "piano" in picture.text


def test_options_presets_instruments_controls(api):
    groups = api.get("options").json()["groups"]
    names = {option["name"] for group in groups for option in group["options"]}
    assert {"seconds", "temperature", "key", "chords"} <= names
    assert {"avoid-copies", "best-by"} <= names
    assert "nocturne" in {preset["name"] for preset in api.get("presets").json()["presets"]}
    assert len(api.get("instruments").json()["instruments"]) == 128
    temperature = next(c for c in api.get("controls").json()["controls"] if c["name"] == "temperature")
    assert temperature["low"] < 1 < temperature["high"]


def test_the_soundfont_may_be_kept(api):
    version = api.get("health").json()["soundfont"]
    answer = api.get("soundfont", params={"v": version})
    assert answer.content[:4] == b"RIFF"
    assert "immutable" in answer.headers["cache-control"]
    again = api.get("soundfont", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_metrics(api):
    api.get("health")
    lines = api.get("metrics").text.splitlines()
    assert any(line.startswith('antiphon_requests_total{route="/health",status="200"}') for line in lines)


# Writing.


def test_same_seed_same_music_as_the_command_line(client):
    from antiphon.engine import open_bundle, open_engine
    from antiphon.generate.task import perform

    here = client.generate({"notes": 30, "temperature": "pitch=0.9"}, seed=7)
    bundle = open_bundle()
    there = perform(open_engine(bundle), "generate", {"notes": 30, "temperature": "pitch=0.9"}, [(7, 0)])
    assert here.pieces[0] == there.pieces[0].music
    assert (here.model, here.seed, here.licence) == (DEFAULT_MODEL, 7, "CC-BY-NC-SA-4.0")
    assert here.records[0].startswith(MARK)


def test_several_pieces_are_several(client):
    pieces = client.generate({"notes": 10}, seed=1, count=3).pieces
    assert len(pieces) == 3
    assert pieces[0] != pieces[1] != pieces[2]


def test_a_preset_lies_below_the_options(client):
    asked = {"notes": 40, "range": "C5..C6"}
    pitches = client.generate(asked, preset="sparse", seed=1).pieces[0].notes["pitch"]
    assert pitches.min() >= 72
    assert pitches.max() <= 84


@pytest.mark.parametrize(
    ("media", "begins"),
    [("audio/midi", b"MThd"), ("audio/wav", b"RIFF"), ("audio/*", b"RIFF"), ("audio/flac", b"fLaC"),
     ("audio/ogg", b"OggS"), ("image/svg+xml", b"<svg"), ("text/html;q=0.9, audio/mpeg", b"\xff")],
)  # fmt: skip
def test_accept_chooses_the_form(api, media, begins):
    answer = written(api, accept=media, options={"seconds": 1}, seed=1)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(begins)


def test_midi_carries_its_record(api, tmp_path):
    answer = written(api, accept="audio/midi", options={"notes": 12}, seed=3)
    (tmp_path / "piece.mid").write_bytes(answer.content)
    file = mido.MidiFile(tmp_path / "piece.mid")
    record = json.loads(next(m.text for m in file.tracks[0] if m.type == "text").removeprefix(MARK))
    assert (record["seed"], record["options"]) == (3, {"notes": 12})
    assert sum(m.type == "note_on" and m.velocity > 0 for track in file.tracks for m in track) == 12


def test_continue_begins_with_what_was_sent(client):
    found = client.go_on(MELODY, {"notes": 20}, seed=1)
    before = client.go_on(MELODY, {"notes": 1}, seed=1).pieces[0]
    assert len(found.pieces[0]) == len(before) + 19
    assert found.pieces[0].notes["pitch"][:3].tolist() == [60, 64, 67]


def test_vary_changes_what_it_may(client, data):
    music = read_music(data / FILE)
    varied = client.vary(music, {"change": "velocity", "amount": 1.0}, seed=1).pieces[0]
    assert (varied.notes["pitch"] == music.notes["pitch"]).all()
    assert (varied.notes["velocity"] != music.notes["velocity"]).any()


def test_infill_and_accompany(client, data):
    music = read_music(data / FILE)
    filled = client.infill(music, {"from": "4s", "to": "6s", "candidates": 2}, seed=1).pieces[0]
    assert len(filled.tracks) == len(music.tracks) + 1
    assert len(client.accompany(MELODY, seed=1).pieces[0]) > 5


def test_a_midi_file_is_a_prompt_that_can_be_given_again(client, data):
    found = client.go_on(data / FILE, {"notes": 5, "to": "3s"}, seed=1)
    assert json.loads(found.records[0].removeprefix(MARK))["prompt_sha256"]
    assert client.go_on(read_music(data / FILE), {"notes": 5}, seed=1).records == [None]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"model": "../piano"}, 404, "piano"),
        ({"model": "/etc"}, 404, "unknown model"),
        ({"preset": "nocturn"}, 422, "nocturne"),
        ({"options": {"temperatur": "1"}}, 422, "temperature"),
        ({"options": {"temperature": "0"}}, 422, "temperature"),
        ({"options": {"seconds": 10_000}}, 422, "600"),
        ({"options": {"seconds": 300}, "count": 3}, 422, "900"),
        ({"options": {"notes": 20_001}}, 422, "20,001"),
        ({"options": {"bars": 500, "tempo": 60}}, 422, "2000"),
        ({"options": {"beam": 65}}, 422, "64"),
        ({"options": {"chords": "/etc/passwd", "tempo": 90}}, 422, "chord"),
        ({"options": {"avoid-copies": 16}}, 422, "name of a corpus"),
        ({"options": {"instrument": "kazoo"}}, 422, "kazoo"),
        ({"options": {"guard": 0.5}}, 422, "guard"),
        ({"options": {"ending": 3}}, 422, "3"),
        ({"options": {"notes": True}}, 422, "kind"),
        ({"options": {"notes": [1]}}, 422, "notes"),
        ({"seed": -1}, 422, "seed"),
        ({"count": 17}, 422, "count"),
        ({"sed": 1}, 422, "sed"),
        ({"music": {}}, 422, "one form"),
        ({"music": {"melody": "/etc/passwd"}}, 422, "melody"),
        ({"music": {"melody": "C4", "midi": ""}}, 422, "one form"),
        ({"music": {"midi": "####"}}, 422, "base64"),
        ({"music": {"midi": base64.b64encode(b"MThd nonsense").decode()}}, 422, "the file"),
        ({"music": {"notes": [[0, 1, 60]]}}, 422, "notes"),
        ({"music": {"notes": []}}, 422, "no notes"),
    ],
)
def test_what_cannot_be_is_said(api, body, status, said):
    answer = written(api, **body)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["error"]["message"]


def test_edits_need_music(api):
    answer = written(api, "vary")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (422, "option")


def test_forms_that_cannot_be(api):
    assert written(api, accept="text/html").status_code == 406
    assert written(api, accept="audio/midi", count=2, options={"notes": 1}).status_code == 422


# Jobs.


def test_a_job_is_waited_for(client):
    shares = []
    found = client.generate({"seconds": 60}, seed=2, progress=shares.append)
    assert len(found.pieces[0]) > 100
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_job_is_cancelled(api):
    long = {"options": {"seconds": 600}, "seed": 1}
    job = api.post("generate?wait=false", json=long)
    assert job.status_code == 202
    route = f"jobs/{job.json()['id']}"
    assert api.get(f"{route}/result").status_code == 409
    assert api.delete(route).json()["state"] == "cancelled"
    assert api.get(f"{route}/result").status_code == 409
    assert written(api, options={"notes": 1}).status_code == 200  # the worker is there again


def test_jobs_are_nobody_elses(api):
    assert api.get("jobs/j").status_code == 404


def test_a_failed_job_says_why(api):
    bare = {"options": {"from": "0s", "to": "1s"}, "music": {"melody": "C4 D4"}}
    job = api.post("infill?wait=false", json=bare).json()
    while job["state"] in ("queued", "running"):
        time.sleep(0.05)
        job = api.get(f"jobs/{job['id']}").json()
    assert (job["state"], job["error"]["kind"]) == ("failed", "option")
    assert "no note follows" in job["error"]["message"]


def test_who_goes_away_waits_for_nothing(server):
    with pytest.raises(httpx.TimeoutException):
        httpx.post(f"{server.address}api/generate", json={"options": {"seconds": 600}}, timeout=0.3, trust_env=False)
    ends = time.monotonic() + 20
    while server.api.get("health").json()["jobs"]:
        assert time.monotonic() < ends
        time.sleep(0.05)


# Listening.


def test_evaluate_is_the_likelihood_of_the_laboratory(client, data):
    from antiphon.engine import open_engine
    from antiphon.evaluate.likelihood import log_probs
    from antiphon.generate.stream import prompt_rows

    music, engine = read_music(data / FILE), open_engine()
    found = client.evaluate(music)
    nats = -log_probs(engine, [prompt_rows(engine.codec, music)])[0]
    assert found.nats_per_note == pytest.approx(nats.sum(1).mean(), abs=1e-3)
    assert sorted(found.notes) == list(range(len(music)))
    onset_s = music.onset_s[found.notes]
    assert (onset_s[1:] >= onset_s[:-1] - 0.01).all()
    assert found.measures["density"]["value"] > 0


def test_candidates_are_what_is_drawn(client):
    """Pitches drawn after a melody fall as often as the candidates say."""
    rows = client.candidates(MELODY, count=128)
    shares = {row["pitch"]: row["probability"] for row in rows}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    drawn = [
        int(piece.notes["pitch"][-1])
        for seed in range(8)
        for piece in client.go_on(MELODY, {"notes": 1, "no-guard": True}, seed=seed, count=16).pieces
    ]
    likely = [row["pitch"] for row in rows[:6]]
    expected = sum(shares[pitch] for pitch in likely)
    found = sum(pitch in likely for pitch in drawn) / len(drawn)
    assert found == pytest.approx(expected, abs=4 * (expected * (1 - expected) / len(drawn)) ** 0.5)


def test_the_first_note_has_candidates(client):
    assert len(client.candidates(count=5)) == 5


def test_histograms(api):
    found = api.post("histograms", json={"music": {"melody": MELODY}}).json()["panels"]
    assert found[0]["music"]["shares"][60] == pytest.approx(20)
    assert found[0]["corpus"] is None
    assert api.post("histograms", json={"corpus": "../corpora/maestro"}).status_code == 404
    assert api.post("copies", json={"corpus": "none", "music": {"melody": MELODY}}).status_code == 404


# Files.


def test_a_file_is_read_as_here(client, data):
    assert client.read(data / FILE) == read_music(data / FILE)


@pytest.mark.parametrize(
    "content", [b"", b"MThd", b"\x00" * 1000, b"MThd\x00\x00\x00\x06\x00\x01\xff\xff\x01\xe0" * 100]
)
def test_what_is_no_midi_file(api, content):
    answer = api.post("read", content=content)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (422, "file")


def test_every_format_is_what_it_says(api, client, data):
    music = read_music(data / FILE).passage(0, 2)
    formats = api.get("options").json()["formats"]
    begins = {"mid": b"MThd", "wav": b"RIFF", "flac": b"fLaC", "ogg": b"OggS", "svg": b"<svg", "json": b'{"notes"',
              "histograms.svg": b"<svg", "png": b"\x89PNG", "mp3": b"\xff", "musicxml": b"<?xml",
              "abc": b"X:1"}  # fmt: skip
    assert set(formats) == set(begins)
    for kind in formats:
        what = MELODY if kind == "abc" else music  # a melody is all that it takes
        assert client.export(what, kind).startswith(begins[kind]), kind
    assert len(read_midi_bytes(client.export(music, "mid"), "it")) == len(music)


def test_a_download_has_no_path_for_a_name(api):
    asked = {"music": {"melody": "C4"}, "format": "mid", "name": '../../a"\r\nb'}
    assert api.post("export", json=asked).headers["content-disposition"] == 'attachment; filename="a-b.mid"'


def test_render(client):
    assert client.render(MELODY, "flac", instrument="harpsichord").startswith(b"fLaC")
    with pytest.raises(StudioError) as refused:
        client.render(MELODY, instrument="kazoo")
    assert refused.value.status == 422


# The door.


def test_larger_than_allowed(api):
    assert api.post("read", content=b"x" * 5_000_001).status_code == 413
    chunks = (b"x" * 100_000 for _ in range(60))
    answer = api.post("read", content=chunks)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (413, "limit")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://[", ""])
def test_pages_of_other_origins(api, origin):
    assert api.get("health", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.0.9", "[", ""])
def test_names_of_other_hosts(api, host):
    assert api.get("health", headers={"host": host}).status_code == 403


def test_its_own_origin(server):
    assert server.api.get("health", headers={"origin": server.address.rstrip("/")}).status_code == 200


def test_every_answer_is_dressed(server):
    for path in ("api/health", "api/nothing", "", "nothing", "api/models/nothing"):
        answer = httpx.get(server.address + path, trust_env=False)
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["../pyproject.toml", "..%2f..%2fapp.py", "//etc/passwd", "%00", "index.html/.."])
def test_no_path_reaches_the_file_system(server, path):
    answer = httpx.get(server.address + path, trust_env=False)
    assert answer.status_code in (200, 404)
    assert b"def " not in answer.content


def test_methods_and_routes_that_are_not_there(api):
    assert api.put("models").status_code == 405
    answer = api.get("nothing")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (404, "unknown")


def test_a_token(start):
    token = "correct-horse-battery"
    server = start("--host", "0.0.0.0", "--token", token)
    assert server.api.get("health").status_code == 401
    assert server.api.get("health", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert Client(server.address, token).health()["status"] == "ok"
    page = httpx.Client(base_url=server.address, trust_env=False, follow_redirects=True)
    opened = page.get("/", params={"token": token})
    assert token not in str(opened.url)
    assert page.get("/api/health").status_code == 200
    with pytest.raises(StudioError), Client(server.address).play():
        pass
    with Client(server.address, token).play() as playing:
        assert playing.welcome["protocol"] == 1
    assert token not in server.log_path.read_text()
    page.close()


def test_the_log_has_no_contents(server, client):
    client.generate({"notes": 1, "key": "F# minor"}, music="C4 D4 Eb4")
    lines = server.lines
    assert {"t", "level", "event", "method", "route", "status", "ms"} <= set(lines[-1])
    text = server.log_path.read_text()
    assert "F# minor" not in text
    assert "Eb4" not in text


def test_a_port_that_is_taken(server, cli):
    port = server.address.rstrip("/").rpartition(":")[2]
    status, _, err = cli("studio", "--port", port, "--no-browser")
    assert status == 1
    assert f"port {port}" in err


def test_a_client_without_a_server():
    with pytest.raises(StudioError, match="antiphon studio"):
        Client("http://127.0.0.1:9/").health()
    with pytest.raises(StudioError, match="no address"):
        Client("file:///etc/passwd")
    with pytest.raises(FileError, match=r"nowhere\.mid"):
        Client().read(Path("nowhere.mid"))


def test_the_server_never_loads_torch(server):
    """Not even to say what can be trained."""
    assert server.api.get("train").json()["recipes"]
    mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "onnxruntime" in mapped
    assert "torch" not in mapped
