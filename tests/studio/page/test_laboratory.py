"""The laboratory at the page: models compared, copies found, runs heard while they train."""

import json

import pytest
from playwright.sync_api import expect
from tests.studio.page.driver import PATIENCE_MS
from tests.studio.test_train import ENDLESS, TINY, wait_for
from tests.tiny import corpus

from antiphon.corpus.store import open_corpus
from antiphon.files.midi import midi_bytes

__all__ = ["corpus"]
pytestmark = pytest.mark.realtime

RESULTS = {
    "format": 1, "command": "antiphon compare one two", "date": "2026-01-01", "machine": "a machine", "versions": {},
    "contestants": {
        "one": {"likelihood": {"nats_per_note": 9.5}, "parameters": 2_000_000},
        "two": {"likelihood": {"nats_per_note": 8.25}},
    },
}  # fmt: skip


def test_models_are_compared(start, visit, tmp_path):
    person = visit(start().address)
    person.looks_at("See")
    person.clicks("Compare models")
    sheet = person.page.get_by_role("dialog")
    expect(sheet).to_contain_text("there is no report yet", timeout=PATIENCE_MS)
    report = tmp_path / "report"
    report.mkdir()
    (report / "results.json").write_text(json.dumps(RESULTS))
    (report / "index.html").write_text("<!doctype html><title>Report</title><h1>The whole report</h1>")
    person = visit(start("--report", str(report)).address)
    person.looks_at("See")
    person.clicks("Compare models")
    sheet = person.page.get_by_role("dialog")
    expect(sheet.get_by_role("row", name="two")).to_contain_text("8.250", timeout=PATIENCE_MS)
    expect(sheet.get_by_role("row", name="one")).to_contain_text("2.0 M")
    with person.page.expect_popup() as opened:
        sheet.get_by_role("link", name="The whole report").click()
    expect(opened.value.get_by_role("heading")).to_have_text("The whole report")
    assert opened.value.evaluate("window.origin") == "null", "it can ask the service for nothing"


def test_a_copy_of_the_training_music_is_flagged(start, visit, corpus):
    person = visit(start("--corpora", str(corpus.parent)).address)
    opened = open_corpus(corpus)
    piece = opened.score(opened.split("train")[0])
    label = person.label
    person.opens("copied.mid", midi_bytes(piece))
    person.waits_for_other_notes(label)
    person.looks_at("See")
    person.page.get_by_label("Corpus to look in").or_(person.page.get_by_text("Copied?")).first.wait_for()
    person.clicks("Look for copies")
    expect(person.page.get_by_text("notes in a row stand in")).to_be_visible(timeout=PATIENCE_MS)
    expect(person.page.get_by_text("Memorised:")).to_be_visible()


@pytest.mark.torch
def test_a_run_is_watched_heard_and_stopped(start, visit, corpus):
    server = start("--corpora", str(corpus.parent))
    asked = {"name": "mine", "recipe": "lstm", "corpus": corpus.name, "set": TINY + ENDLESS}
    assert server.api.post("train", json=asked).status_code == 201
    # The first weights write a note or two in 20 seconds, which nobody may hear; these write dozens.
    wait_for(server.api, "mine", lambda found: found["validation"] and found["validation"][-1][1] < 14)
    person = visit(server.address)
    page = person.page
    page.get_by_role("button", name="Train a model of your own").click()
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("img", name="Losses of mine")).to_be_visible(timeout=PATIENCE_MS)
    expect(sheet.get_by_role("button", name="One run at a time")).to_be_disabled()
    label = person.label
    sheet.get_by_role("button", name="Hear it so far").click()
    expect(sheet).to_have_count(0, timeout=2 * PATIENCE_MS)
    person.waits_for_other_notes(label)
    assert page.get_by_label("Title of the piece").input_value().startswith("mine, step ")
    assert person.hears()
    page.get_by_role("button", name="Train a model of your own").click()
    sheet.get_by_role("button", name="Stop").click()
    expect(sheet.get_by_role("button", name="Go on")).to_be_visible(timeout=2 * PATIENCE_MS)
