"""Working with a piece: the model writes, hands edit, files and links come and go, servers die."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.studio.page.driver import PATIENCE_MS, TAP, midi

from antiphon.files.midi import read_midi_bytes

pytestmark = pytest.mark.realtime

SONG = Path(__file__).parents[2] / "data" / "cc0-openscore-lc6067798.mid"

# A MIDI keyboard and a synthesiser that are not there: no browser can be given one on this machine.
DEVICES = """
window.sent = [];
const keys = { id: "in", name: "Test keys", state: "connected" };
const synth = { id: "out", name: "Test synth", state: "connected", send: (bytes) => window.sent.push([...bytes]) };
const access = { inputs: new Map([["in", keys]]), outputs: new Map([["out", synth]]) };
navigator.requestMIDIAccess = async () => access;
window.strike = (...bytes) => keys.onmidimessage({ data: new Uint8Array(bytes) });
window.unplug = () => { keys.state = "disconnected"; access.onstatechange(); };
"""


def test_a_passage_is_rewritten_and_comes_back(visit):
    person = visit()
    before, label = person.notes, person.label
    person.boxes(0.1, 0.5)
    person.clicks("Rewrite")
    takes = person.page.get_by_role("group", name="Takes").get_by_role("listitem")
    expect(takes).to_have_count(4, timeout=2 * PATIENCE_MS)
    takes.nth(2).get_by_role("button").click()
    assert person.hears()
    person.clicks("Keep")
    expect(takes).to_have_count(0)
    after = person.notes
    assert after != before
    late = [note for note in before if note[0] > 12]
    assert [note for note in late if note in after] == late, "what was not selected stays"
    person.presses("Control+z")
    person.sees(label)
    assert person.notes == before


def test_editing_by_mouse_and_by_keyboard(visit):
    person = visit()
    before, label = person.notes, person.label
    field = person.roll.bounding_box()
    person.page.mouse.dblclick(field["x"] + field["width"] * 0.97, field["y"] + 60)
    assert person.count == len(before) + 1
    person.presses("Delete")
    assert person.count == len(before)
    person.roll.focus()
    person.presses("Home")
    expect(person.page.locator("[aria-live=assertive]")).to_contain_text("velocity 53")
    person.presses("Alt+ArrowUp", "+")
    first = person.notes[0]
    assert first[2:4] == [before[0][2] + 1, before[0][3] + 8]
    person.presses(*["Control+z"] * 4)
    person.sees(label)
    assert person.notes == before


def test_the_density_slider_changes_what_is_written(visit):
    person = visit()
    person.slides("Seconds", 12)
    found = []
    for density in (2, 9):
        person.slides("Density", density)
        label = person.label
        person.clicks("Compose")
        person.waits_for_other_notes(label)
        onsets = [note[0] for note in person.notes]
        found.append((len(onsets) - 1) / (onsets[-1] - onsets[0]))
    assert found == [pytest.approx(2, rel=0.35), pytest.approx(9, rel=0.35)]


def test_files_go_in_and_out(visit):
    person = visit(expected=("422",))
    label, song = person.label, read_midi_bytes(SONG.read_bytes(), "song.mid")
    person.opens("song.mid", SONG.read_bytes())
    person.waits_for_other_notes(label)
    assert person.count == len(song)
    data, name = person.exports("MIDI")
    assert name == "song.mid"
    assert sorted(read_midi_bytes(data, name).notes["pitch"]) == sorted(song.notes["pitch"])
    label = person.label
    person.drops("call.mid", midi([60, 64, 67]))
    person.waits_for_other_notes(label)
    assert [note[2] for note in person.notes] == [60, 64, 67]
    marks = {"SVG": b"<svg", "PNG": b"\x89PNG", "WAV": b"RIFF", "MP3": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xe3")}
    for form, mark in marks.items():
        assert person.exports(form)[0].startswith(mark), form
    person.opens("x.mid", b"no music")
    expect(person.page.locator(".messages")).to_contain_text("x.mid", timeout=PATIENCE_MS)
    assert person.count == 3


def test_midi_devices_play_and_are_played(visit):
    person = visit(scripts=(TAP, DEVICES))
    page = person.page
    person.looks_at("Play")
    person.clicks("Connect MIDI devices")
    expect(page.get_by_text("In: Test keys")).to_be_visible()
    page.get_by_label("Send to").select_option("out")
    page.evaluate("strike(0x90, 62, 90)")
    expect(page.locator(".key.you[data-pitch='62']")).to_be_visible()
    page.evaluate("strike(0x80, 62, 0)")
    expect(page.locator(".key.you")).to_have_count(0)
    page.evaluate("strike(0x90, 65, 90)")
    page.evaluate("unplug()")
    expect(page.locator(".key.you")).to_have_count(0)
    person.clicks("Play")
    assert person.hears()
    person.clicks("Panic")
    sent = page.evaluate("sent")
    assert any(status == 0x90 for status, *_ in sent)
    assert [0xB0, 123, 0] in sent


def test_a_reload_and_a_link_bring_the_piece_back(visit):
    person = visit()
    title = person.page.get_by_label("Title of the piece")
    title.fill("Mine")
    person.boxes(0.5, 0.95)
    person.presses("Delete")
    left = person.notes
    person.page.wait_for_timeout(900)
    person.page.reload()
    expect(title).to_have_value("Mine", timeout=PATIENCE_MS)
    assert person.notes == left
    person.clicks("Share a link")
    person.page.wait_for_url(re.compile("#piece="))
    other = visit(person.page.url)
    expect(other.page.get_by_label("Title of the piece")).to_have_value("Mine")
    assert other.notes == left


def test_a_server_that_dies_and_comes_back(start, visit):
    first = start()
    person = visit(first.address, expected=("ERR_CONNECTION_REFUSED", "WebSocket connection"))
    person.connected()
    person.page.keyboard.down("z")
    assert person.hears()  # so the soundfont is there, and the server dies with nothing half sent
    expect(person.page.locator(".key.you")).to_have_count(1)
    first.close()
    expect(person.page.get_by_text("disconnected")).to_be_visible(timeout=PATIENCE_MS)
    expect(person.page.locator(".key.you, .key.model")).to_have_count(0)
    person.page.keyboard.up("z")
    assert person.hears_nothing()
    start("--port", first.address.rstrip("/").rpartition(":")[2])
    expect(person.page.get_by_text("disconnected")).to_have_count(0, timeout=PATIENCE_MS)
    person.connected()
