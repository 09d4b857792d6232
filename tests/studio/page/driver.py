"""A person at the page: what they see, hear and do."""

import io
import json
import re
from pathlib import Path

import mido
from playwright.sync_api import expect

PATIENCE_MS = 90_000  # on a busy machine
SILENT = 0.002  # the highest sample of what nobody hears

# What reaches the speaker is measured beside it; nothing in the page knows.
TAP = """
const connect = AudioNode.prototype.connect;
window.taps = [];
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode) {
    const tap = new AnalyserNode(this.context, { fftSize: 32768 });
    connect.call(this, tap);
    window.taps.push(tap);
  }
  return connect.call(this, to, ...rest);
};
window.peak = (length = 32768) => Math.max(0, ...window.taps.map((tap) => {
  const samples = new Float32Array(length);
  tap.getFloatTimeDomainData(samples);
  return samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
}));
"""


# For a busy machine: nothing but the key hands over, lest the key end what silence has just begun; and what comes late
# is not dropped.
PATIENT = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  const message = JSON.parse(data);
  if (message.type === "hello") message.settings = { ...message.settings, ending: "key", late_s: 5 };
  return send.call(this, JSON.stringify(message));
};
"""


# Which keys are lit, and how loud it is, every 30 ms.
WATCH = """
window.watched = [];
const lit = (who) => document.querySelector(`.key.${who}`) !== null;
setInterval(() => window.watched.push([lit("you"), lit("model"), window.peak(2048)]), 30);
"""


class Person:
    """At one browser window with the page in it."""

    def __init__(self, page):
        self.page = page
        self.roll = page.get_by_role("application", name="Piano roll")

    def opened(self):
        """Waits until there are notes on the roll."""
        self.sees(re.compile(r": [1-9]\d* notes"))

    def sees(self, text):
        expect(self.roll).to_have_attribute("aria-label", text, timeout=PATIENCE_MS)

    @property
    def label(self):
        return self.roll.get_attribute("aria-label")

    @property
    def count(self):
        return int(re.search(r": (\d+) notes", self.label).group(1))

    def waits_for_other_notes(self, before):
        expect(self.roll).not_to_have_attribute("aria-label", before, timeout=PATIENCE_MS)

    def connected(self):
        expect(self.page.get_by_text("ready", exact=True)).to_be_visible(timeout=PATIENCE_MS)

    def hears(self):
        return self._until(lambda: self.page.evaluate("peak()") > SILENT)

    def hears_nothing(self):
        return self._until(lambda: self.page.evaluate("peak()") <= SILENT)

    def _until(self, holds):
        for _ in range(PATIENCE_MS // 50):
            if holds():
                return True
            self.page.wait_for_timeout(50)
        return False

    def plays(self, keys):
        for key in keys:
            self.page.keyboard.down(key)
            self.page.wait_for_timeout(200)
            self.page.keyboard.up(key)

    def answers(self, keys):
        """Plays a phrase and waits until the model has had its turn; whether it played."""
        phrase = self.count + len(keys)
        self.plays(keys)
        expect(self.page.locator(".turn.rest")).to_be_visible(timeout=PATIENCE_MS)
        assert self._until(lambda: self.count >= phrase)
        return self.count > phrase

    def heard_an_answer(self):
        """Whether, since WATCH began, something sounded while only the model's keys were lit."""
        return any(model and not you and peak > SILENT for you, model, peak in self.page.evaluate("watched"))

    def presses(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def clicks(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def looks_at(self, tab):
        self.page.get_by_role("tab", name=tab).click()

    def slides(self, name, value):
        self.page.get_by_role("slider", name=name, exact=True).first.fill(str(value))

    def exports(self, name):
        """What the menu saves, as bytes, and the file's name."""
        self.clicks("Export")
        with self.page.expect_download(timeout=PATIENCE_MS) as download:
            self.page.locator(".list").get_by_role("button", name=name).click()
        return Path(download.value.path()).read_bytes(), download.value.suggested_filename

    @property
    def notes(self):
        """[onset_s, duration_s, pitch, velocity, program, track]; track 0 is the person's, 1 the model's."""
        return json.loads(self.exports("JSON")[0])["notes"]

    def opens(self, name, content):
        file = {"name": name, "mimeType": "audio/midi", "buffer": content}
        self.page.locator("input[type=file]").set_input_files(file)

    def drops(self, name, content):
        script = """([name, bytes]) => { const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name)); return data; }"""
        data = self.page.evaluate_handle(script, [name, list(content)])
        self.page.dispatch_event("body", "drop", {"dataTransfer": data})

    def boxes(self, left, right):
        """Draws a box around all notes between two shares of the roll's width."""
        field = self.roll.bounding_box()
        x, y, width, height = field["x"] + 44, field["y"] + 26, field["width"] - 44, field["height"] - 28
        mouse = self.page.mouse
        mouse.move(x + left * width, y)
        mouse.down()
        mouse.move(x + left * width + 20, y + 40)
        mouse.move(x + right * width, y + height)
        mouse.up()


def midi(pitches, ticks=240):
    """A file with one note after another."""
    file, track, out = mido.MidiFile(), mido.MidiTrack(), io.BytesIO()
    file.tracks.append(track)
    for i, pitch in enumerate(pitches):
        track.append(mido.Message("note_on", note=pitch, velocity=20 + i % 100, time=0))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=ticks))
    file.save(file=out)
    return out.getvalue()
