import numpy as np
import pytest

from antiphon.audio import players
from antiphon.audio.realtime import open_instrument
from antiphon.errors import FileError
from antiphon.live.events import NoteOff, NoteOn, Pedal
from antiphon.live.mixer import Gain, Mixer, Silence, Swap
from antiphon.notes import DRUMS

RATE, BLOCK = 1000, 32


class Steps:
    """An instrument whose sound is the number of notes that are down: what a sample shows is when they were struck."""

    def __init__(self):
        self.rate, self.down, self.closed = RATE, set(), False

    def note_on(self, pitch, velocity):
        self.down.add(pitch)

    def note_off(self, pitch):
        self.down.discard(pitch)

    def add(self, out):
        out += len(self.down) / 100

    def close(self):
        self.closed = True


def played(mixer, frames, start_s=0.0):
    """(frames,) what comes out, in hundredths, block by block."""
    out = np.zeros((frames, 2), np.float32)
    for at in range(0, frames, BLOCK):
        mixer.fill(out[at : at + BLOCK], start_s + at / RATE)
    return np.arctanh(out[:, 0]) * 40  # undoes the limiter and LOUDNESS


def test_every_note_starts_and_ends_at_its_own_frame():
    mixer = Mixer({"model": Steps()})
    for on, off, pitch in ((0.0031, 0.0200, 60), (0.0100, 0.1010, 61), (0.0501, 0.0502, 62)):
        mixer.order(off, "model", NoteOff(pitch))
        mixer.order(on, "model", NoteOn(pitch, 80))
    expected = np.zeros(128)
    expected[3:20] += 1
    expected[10:101] += 1
    np.testing.assert_allclose(played(mixer, 128), expected, atol=1e-3)
    assert mixer.late == 0
    assert [(one.pitch, round(one.sounded_s, 4)) for one in mixer.sounded] == [(60, 0.003), (61, 0.01), (62, 0.05)]


def test_an_order_that_comes_late_is_done_at_once_and_counted():
    mixer = Mixer({"model": Steps()})
    mixer.order(1.0, "model", NoteOn(60, 80))
    assert played(mixer, BLOCK, start_s=2.0)[0] == pytest.approx(1, abs=1e-3)
    assert mixer.late == 1
    assert mixer.sounded[0].sounded_s - mixer.sounded[0].asked_s == pytest.approx(1.0)


def test_the_pedal_holds_what_keys_let_go():
    mixer = Mixer({"player": Steps()})
    for time_s, event in (
        (0.000, NoteOn(60, 80)), (0.001, NoteOn(64, 80)), (0.010, Pedal(True)), (0.020, NoteOff(60)),
        (0.030, NoteOff(64)), (0.040, NoteOn(64, 80)), (0.050, Pedal(False)), (0.060, NoteOff(64)),
    ):  # fmt: skip
        mixer.order(time_s, "player", event)
    out = played(mixer, 96)
    assert [round(float(out[k])) for k in (5, 25, 35, 45, 55, 65)] == [2, 2, 2, 2, 1, 0]


def test_silence_ends_its_part_and_forgets_what_waits():
    mixer = Mixer({"player": Steps(), "model": Steps()})
    for part in ("player", "model"):
        mixer.order(0.0, part, NoteOn(60, 80))
        mixer.order(0.07, part, NoteOn(61, 80))
    played(mixer, BLOCK)
    mixer.order(0.0, "model", Silence())
    assert [round(float(played(mixer, BLOCK, s)[-1])) for s in (0.032, 0.064)] == [1, 2]


def test_volume_and_a_new_instrument():
    old, new = Steps(), Steps()
    mixer = Mixer({"model": old})
    mixer.order(0.0, "model", NoteOn(60, 80))
    played(mixer, BLOCK)
    mixer.order(0.0, "model", Gain(0.5))
    played(mixer, BLOCK, 0.032)
    assert played(mixer, BLOCK, 0.064)[0] == pytest.approx(0.5, abs=1e-3)
    mixer.order(0.0, "model", Swap(new))
    mixer.order(0.1, "model", NoteOn(70, 80))
    played(mixer, BLOCK, 0.096)
    assert (old.down, new.down, old.closed) == (set(), {70}, False)
    for k in range(4 * RATE // BLOCK + 1):
        played(mixer, BLOCK, 0.128 + k * BLOCK / RATE)
    assert old.closed
    mixer.close()
    assert new.closed


NO_FLUIDSYNTH = pytest.mark.skipif(
    players.engine_name() != "fluidsynth", reason="libfluidsynth is not here: apt-get install libfluidsynth3"
)


@pytest.fixture(
    scope="module", params=[pytest.param("fluidsynth", marks=[pytest.mark.sound, NO_FLUIDSYNTH]), "midirenderer"]
)
def instrument(request):
    opened = open_instrument(0, 48000, engine=request.param)
    yield opened
    opened.close()


def test_an_instrument_plays_the_pitch_and_falls_silent(instrument):
    out = np.zeros((48000, 2), np.float32)
    instrument.note_on(69, 100)
    for at in range(0, 24000, 256):
        instrument.add(out[at : at + 256])
    instrument.note_off(69)
    for at in range(24064, 48000, 256):
        instrument.add(out[at : at + 256])
    tone = out[4800:14400].mean(1)
    lags = np.correlate(tone, tone[:-1150], "valid")
    ten_periods = 1040 + int(lags[1040:1145].argmax())
    assert 480000 / ten_periods == pytest.approx(440, rel=0.01)
    assert np.abs(tone).max() > 20 * np.abs(out[-4800:]).max()


def test_loudness_follows_velocity_and_far_too_many_notes_do_no_harm(instrument):
    loudness = []
    for velocity in (30, 120):
        block = np.zeros((4800, 2), np.float32)
        instrument.note_on(60, velocity)
        instrument.add(block)
        instrument.note_off(60)
        instrument.add(np.zeros((48000, 2), np.float32))
        loudness.append(float(np.abs(block).max()))
    assert loudness[1] > 8 * loudness[0]
    for _ in range(3):
        for pitch in range(128):
            instrument.note_on(pitch, 60)
    block = np.zeros((256, 2), np.float32)
    instrument.add(block)
    assert np.isfinite(block).all()


def test_a_bank_that_is_none_is_one_line(tmp_path):
    (tmp_path / "x.sf2").write_bytes(b"no bank")
    with pytest.raises(FileError, match="it is no SoundFont"):
        open_instrument(DRUMS, 48000, soundfont=tmp_path / "x.sf2")
