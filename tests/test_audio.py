"""Sound: what is rendered is what the score says, by either renderer."""

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from antiphon import audio, instruments
from antiphon.audio import levels, players, voices
from antiphon.errors import FileError, OptionError
from antiphon.notes import DRUMS, Score, from_seconds
from antiphon.soundfont import DRUM_BANK, SMALL_BANK, cut, open_bank

RATE = audio.RATE
NO_FLUIDSYNTH = players.engine_name() != "fluidsynth"
fluidsynth = pytest.param(
    "fluidsynth",
    marks=[
        pytest.mark.sound,
        pytest.mark.skipif(NO_FLUIDSYNTH, reason="libfluidsynth is not here: apt-get install libfluidsynth3"),
    ],
)
PROGRAMS = open_bank(SMALL_BANK).programs
engines = pytest.mark.parametrize("engine", [fluidsynth, "midirenderer"])


def notes(*rows: tuple[float, float, int, int], program: int = 0) -> Score:
    """A score of (onset, duration, pitch, velocity), times in seconds."""
    onset, duration, pitch, velocity = (np.array(column) for column in zip(*rows, strict=True))
    return from_seconds(onset, duration, pitch, velocity, program)


def pitch_of(samples: np.ndarray) -> float:
    """The MIDI pitch of a steady tone, by the first great peak of its autocorrelation: the FFT's may be a harmonic."""
    wave = samples.mean(axis=1)
    correlation = np.fft.irfft(np.abs(np.fft.rfft(wave, 2 * len(wave))) ** 2)[: RATE // 50]
    past = int(np.argmax(correlation < 0))
    near = past + np.flatnonzero(correlation[past:] > 0.85 * correlation[past:].max())[0]
    at = near + int(np.argmax(correlation[near : near + 20]))
    left, peak, right = correlation[at - 1 : at + 2]
    lag = at + (left - right) / (2 * (left - 2 * peak + right))  # the top of the parabola through three samples
    return float(69 + 12 * np.log2(RATE / lag / 440))


def onset_s(samples: np.ndarray) -> float:
    """Where the first sound begins: the first sample above a hundredth of the peak."""
    loud = np.abs(samples).max(axis=1)
    return float(np.argmax(loud > 0.01 * loud.max())) / RATE


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


@engines
@pytest.mark.parametrize("pitch", [45, 60, 69, 81])
def test_the_pitch_played_is_the_pitch_written(engine: str, pitch: int) -> None:
    samples = audio.render(notes((0, 1, pitch, 90)), engine=engine)
    assert samples.dtype == np.float32
    assert samples.shape[1] == 2
    assert pitch_of(samples[RATE // 5 : RATE]) == pytest.approx(pitch, abs=0.3)


@engines
def test_notes_begin_when_the_score_says(engine: str) -> None:
    """Strong short notes of a marimba, seconds apart: each onset within 5 ms, relative to a note at 0."""
    times_s = [0.0, 0.513, 1.25, 7.77]
    alone = onset_s(audio.render(notes((0, 0.2, 72, 120), program=12), engine=engine))
    for time_s in times_s[1:]:
        samples = audio.render(notes((time_s, 0.2, 72, 120), program=12), engine=engine)
        assert onset_s(samples) - alone == pytest.approx(time_s, abs=0.005)


@engines
def test_loudness_is_near_the_target_whatever_the_velocity(engine: str) -> None:
    for velocity in (20, 127):
        rows = [(i * 0.15, 0.4, 48 + (i * 7) % 30, velocity) for i in range(20)]
        samples = audio.render(notes(*rows), engine=engine)
        assert np.abs(samples).max() <= levels.CEILING + 1e-4
        assert 20 * np.log10(levels.loudness(samples, RATE) / levels.LOUDNESS) == pytest.approx(0, abs=2)


@engines
def test_velocity_is_heard_within_a_piece(engine: str) -> None:
    samples = audio.render(notes((0, 0.5, 60, 30), (4, 0.5, 60, 110)), engine=engine)
    soft, loud = rms(samples[: RATE // 2]), rms(samples[4 * RATE : 4 * RATE + RATE // 2])
    assert 20 * np.log10(loud / soft) > 12


@pytest.mark.sound
@pytest.mark.skipif(NO_FLUIDSYNTH, reason="libfluidsynth is not here: apt-get install libfluidsynth3")
def test_both_engines_sound_alike() -> None:
    piece = notes(*[(i * 0.2, 0.5, 50 + (i * 5) % 30, 40 + (i * 13) % 80) for i in range(20)])
    a, b = (audio.render(piece, engine=engine) for engine in ("fluidsynth", "midirenderer"))
    assert len(a) == pytest.approx(len(b), rel=0.1)
    assert 20 * np.log10(levels.loudness(a, RATE) / levels.loudness(b, RATE)) == pytest.approx(0, abs=1.5)


@pytest.mark.skipif(NO_FLUIDSYNTH, reason="libfluidsynth is not here: apt-get install libfluidsynth3")
def test_pyfluidsynth_says_nothing_on_stdout() -> None:
    code = "from antiphon.audio.players import fluidsynth; fluidsynth(); print('result')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"CI": "1"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "result\n"


@engines
def test_the_tail_dies_away_and_is_not_cut(engine: str) -> None:
    samples = audio.render(notes((0, 1, 60, 100)), engine=engine)
    peak = np.abs(samples).max()
    assert len(samples) > 1.1 * RATE
    assert np.abs(samples[-RATE // 100 :]).max() < 2 * levels.SILENCE * peak
    assert np.abs(samples[RATE : RATE + RATE // 50]).max() > 10 * levels.SILENCE * peak


@engines
def test_drums_sound_beside_other_instruments(engine: str) -> None:
    kit = notes(*[(i / 2, 0.1, pitch, 100) for i, pitch in enumerate((36, 38, 42, 49))], program=DRUMS)
    samples = audio.render(kit, engine=engine)
    for i in range(4):
        assert rms(samples[i * RATE // 2 : i * RATE // 2 + RATE // 5]) > 0.001
    snare = audio.render(notes((0, 0.3, 38, 100), program=DRUMS), engine=engine)[: RATE // 5]
    piano = audio.render(notes((0, 0.3, 38, 100)), engine=engine)[: RATE // 5]
    assert crossings(snare) > 1.5 * crossings(piano)  # noise, not the piano's D2


def crossings(samples: np.ndarray) -> int:
    """How often the wave changes sign: few for a low note, many for noise."""
    return int(np.count_nonzero(np.diff(np.sign(samples.mean(axis=1)))))


@engines
def test_every_program_sounds(engine: str) -> None:
    """All 128 one after another in one piece: a note of each, 0.3 s apart, none silent."""
    count = 128
    programs = np.arange(count)
    piece = from_seconds(programs * 0.3, np.full(count, 0.25), np.full(count, 64), np.full(count, 100), programs)
    samples = audio.render(piece, engine=engine)
    spans = [rms(samples[round(i * 0.3 * RATE) : round((i * 0.3 + 0.28) * RATE)]) for i in range(count)]
    assert min(spans) > 0.001, instruments.name(int(np.argmin(spans)))


def raw(score: Score, machine: players.Player) -> np.ndarray:
    """Two seconds as the renderer makes them, all passes mixed, before levelling."""
    bank, frames = open_bank(SMALL_BANK), 2 * machine.rate
    total = np.zeros((frames, 2), np.float32)
    for part in voices.passes(score, bank, machine):
        small = cut(bank, {voice.preset for voice in part.values()}, unpack=True)
        total += machine.play(small, part, frames, lambda done: None)
    return total


@engines
@pytest.mark.parametrize(
    "score",
    [
        pytest.param(
            from_seconds(np.zeros(20), np.full(20, 0.5), np.arange(20) + 55, np.full(20, 100), np.array(PROGRAMS[:20])),
            id="20 programs",
        ),
        pytest.param(from_seconds(np.zeros(75), np.full(75, 0.7), np.arange(21, 96), np.full(75, 60)), id="75 keys"),
        pytest.param(notes(*[(0, 0.5, 40 + i, 127) for i in range(30)], program=81), id="louder than 16 bits"),
    ],
)
def test_what_sounds_together_is_the_sum_of_what_sounds_alone(engine: str, score: Score) -> None:
    """Not a note missing, stolen or clipped: the waves add up, but for the chorus, which is no sum."""
    machine = players.player(engine, 48000)
    together = raw(score, machine)
    few = [np.arange(i, len(score), 8) for i in range(8)]  # at most ten notes, which no renderer finds hard
    apart = np.sum([raw(score.select(rows), machine) for rows in few], axis=0)
    assert rms(together - apart) < 0.03 * rms(together)
    assert rms(together) > 0.01


@engines
def test_a_note_inside_another_of_its_pitch_does_not_end_it(engine: str) -> None:
    long_one = notes((0, 3, 60, 90), program=16)
    both = notes((0, 3, 60, 90), (0.5, 0.5, 60, 90), program=16)
    samples = audio.render(both, engine=engine)
    assert rms(samples[2 * RATE : 3 * RATE]) > 0.2 * rms(audio.render(long_one, engine=engine)[2 * RATE : 3 * RATE])


def test_a_score_without_notes_is_no_sound_and_silence_stays_silence() -> None:
    empty = from_seconds(*np.zeros((4, 0)))
    assert audio.render(empty).shape == (0, 2)
    silent = np.zeros((RATE, 2), np.float32)
    levels.level(silent, RATE)
    assert not silent.any()


def test_the_limiter_keeps_every_sample_under_the_ceiling() -> None:
    rng = np.random.default_rng(0)
    wave = (rng.normal(size=(3 * RATE, 2)) * 0.05).astype(np.float32)
    wave[RATE : RATE + 40] += 0.6
    wave[-1] = -0.5
    levels.level(wave, RATE)
    assert np.abs(wave).max() <= levels.CEILING * (1 + 1e-6)
    assert levels.loudness(wave, RATE) == pytest.approx(levels.LOUDNESS, rel=0.3)


@pytest.mark.parametrize("rate", [16000, 22050, 44100])
def test_resampling_keeps_a_tone(rate: int) -> None:
    """Thirteen seconds of 1 kHz, across the seams of the method, against the tone written at the new rate."""
    seconds = 13
    tone = np.sin(2 * np.pi * 1000 * np.arange(seconds * 48000) / 48000).astype(np.float32)
    expected = np.sin(2 * np.pi * 1000 * np.arange(seconds * rate) / rate)
    got = levels.resample(np.column_stack([tone, tone]), 48000, rate)
    assert got.shape == (seconds * rate, 2)
    inner = slice(rate // 2, -rate // 2)
    assert np.abs(got[inner, 0] - expected[inner]).max() < 1e-3


@engines
def test_other_rates(engine: str) -> None:
    for rate in (22050, 48000):
        samples = audio.render(notes((1, 0.5, 69, 100)), engine=engine, rate=rate)
        assert np.argmax(np.abs(samples).max(axis=1) > 0.01) / rate == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("ending", audio.ENDINGS)
def test_every_format_reads_back(ending: str, tmp_path: Path) -> None:
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    audio.write_audio(np.column_stack([tone, tone]), tmp_path / f"tone{ending}", RATE)
    back, rate = soundfile.read(tmp_path / f"tone{ending}", always_2d=True)
    assert rate == RATE
    assert back.shape[1] == 2
    assert len(back) == pytest.approx(2 * RATE, abs=2500)  # MP3 works in blocks of 1,152
    assert pitch_of(back[RATE // 2 : RATE]) == pytest.approx(69, abs=0.1)
    assert rms(back[RATE // 2 : RATE]) == pytest.approx(0.3 / np.sqrt(2), rel=0.02)
    assert [path.name for path in tmp_path.iterdir()] == [f"tone{ending}"]


def test_ten_minutes_of_vorbis_in_one_call(tmp_path: Path) -> None:
    """libsndfile's encoder dies of a long block; ours are short."""
    audio.write_audio(np.zeros((600 * 16000, 2), np.float32), tmp_path / "long.ogg", 16000)
    assert soundfile.info(tmp_path / "long.ogg").duration == pytest.approx(600, abs=1)


def test_render_file_says_how_it_went(tmp_path: Path) -> None:
    info = audio.render_file(notes((0, 0.5, 60, 90), program=105), tmp_path / "a.wav", engine="midirenderer")
    assert info.engine == "midirenderer"
    assert info.seconds == pytest.approx(soundfile.info(tmp_path / "a.wav").duration)
    assert info.realtime_factor > 0
    assert info.substituted == ["Banjo is not in the small sound bank: using Acoustic Guitar (steel)"]


@pytest.mark.parametrize("ending", audio.ENDINGS)
def test_a_full_disk_leaves_nothing(
    ending: str, tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    noise = np.random.default_rng(0).normal(size=(RATE, 2)) / 9
    with full_disk(1000), pytest.raises(FileError, match="cannot write"):
        audio.write_audio(noise, tmp_path / f"a{ending}", RATE)
    assert not list(tmp_path.iterdir())


def test_where_a_file_cannot_go(tmp_path: Path) -> None:
    piece = notes((0, 0.2, 60, 90))
    with pytest.raises(OptionError, match=r"'\.aiff'.*Known: \.flac, \.mp3, \.ogg, \.wav"):
        audio.render_file(piece, tmp_path / "a.aiff")
    with pytest.raises(FileError, match="does not exist"):
        audio.render_file(piece, tmp_path / "missing" / "a.wav")
    with pytest.raises(OptionError, match="no notes"):
        audio.render_file(piece.select(np.zeros(1, bool)), tmp_path / "a.wav")
    assert not list(tmp_path.iterdir())


def test_options_out_of_range() -> None:
    piece = notes((0, 0.2, 60, 90))
    with pytest.raises(OptionError, match="sample rate 44000"):
        audio.render(piece, rate=44000)
    with pytest.raises(OptionError, match="unknown engine 'fluidsint'; did you mean 'fluidsynth'"):
        audio.render(piece, engine="fluidsint")
    with pytest.raises(OptionError, match="333 minutes"):
        audio.render(notes((20_000, 1, 60, 90)))


def test_an_engine_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(players, "find_library", lambda name: None)
    assert players.engine_name() == "midirenderer"
    with pytest.raises(OptionError, match="libfluidsynth3"):
        players.engine_name("fluidsynth")


# Banks


def test_a_bank_that_is_none(tmp_path: Path) -> None:
    piece = notes((0, 0.2, 60, 90))
    (tmp_path / "a.sf2").write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    with pytest.raises(FileError, match="no SoundFont"):
        audio.render(piece, soundfont=tmp_path / "a.sf2")
    with pytest.raises(FileError, match=r"missing\.sf2.*No such file"):
        audio.render(piece, soundfont=tmp_path / "missing.sf2")
    whole = SMALL_BANK.read_bytes()
    for size in (12, 300, len(whole) // 2, len(whole) - 2000):
        (tmp_path / f"{size}.sf3").write_bytes(whole[:size])
        with pytest.raises(FileError, match="damaged or cut short"):
            audio.render(piece, soundfont=tmp_path / f"{size}.sf3")


@engines
def test_any_sf2_and_sf3_plays_and_says_what_it_lacks(engine: str, tmp_path: Path) -> None:
    bank = open_bank(SMALL_BANK)
    programs = np.array([0, 40, DRUMS])
    piece = from_seconds(np.arange(3.0), np.full(3, 0.5), np.full(3, 57), np.full(3, 90), programs)
    for unpack, name in ((True, "one.sf2"), (False, "one.sf3")):
        (tmp_path / name).write_bytes(cut(bank, {(0, 40)}, unpack=unpack))
        samples = audio.render(piece, soundfont=tmp_path / name, engine=engine)
        assert pitch_of(samples[RATE * 5 // 4 : RATE * 3 // 2]) == pytest.approx(57, abs=0.3)
        assert rms(samples[2 * RATE + RATE // 2 :]) < 0.01
        assert voices.substitutions(piece, open_bank(tmp_path / name)) == [
            f"Acoustic Grand Piano is not in {name}: using Violin",
            f"Drums is not in {name}: left out",
        ]


def test_a_cut_of_a_cut_is_the_same_bytes(tmp_path: Path) -> None:
    bank = open_bank(SMALL_BANK)
    presets = {(0, 0), (0, 73), (DRUM_BANK, 0)}
    for unpack in (False, True):
        (tmp_path / "a.sf2").write_bytes(cut(bank, presets, unpack=unpack))
        again = open_bank.__wrapped__(tmp_path / "a.sf2")
        assert set(again.presets) == presets
        assert cut(again, presets, unpack=unpack) == (tmp_path / "a.sf2").read_bytes()


def test_the_shipped_bank_is_small_and_has_its_licence() -> None:
    bank = open_bank(SMALL_BANK)
    assert SMALL_BANK.stat().st_size < 5e6
    assert {0, 40, 42, 56, 73} <= set(bank.programs)
    assert bank.kits == [0]
    licence = (SMALL_BANK.parent / "LICENSE-FluidR3Mono-MIT.md").read_text()
    assert "Frank Wen" in licence
    assert "Michael Cowgill" in licence
    assert struct.unpack_from("<H", bank.info, 12 if bank.info[:4] == b"INFO" else 8)[0] == 3  # SF3


def test_a_bank_whose_tables_lead_nowhere(tmp_path: Path) -> None:
    """Damage inside: the last instrument named by a preset does not exist, or a sample is not what it should be."""
    bank = open_bank(SMALL_BANK)
    whole = bytearray(cut(bank, {(0, 0)}, unpack=False))
    tables = whole.index(b"pgen")
    size = struct.unpack_from("<I", whole, tables + 4)[0]
    whole[tables + 8 + size - 6 : tables + 8 + size - 4] = (
        b"\xff\x00"  # the amount of the last generator before the end
    )
    (tmp_path / "a.sf3").write_bytes(whole)
    with pytest.raises(FileError, match="damaged"):
        open_bank(tmp_path / "a.sf3")
    whole = bytearray(cut(bank, {(0, 0)}, unpack=False))
    at = whole.index(b"OggS")
    whole[at : at + 4] = b"JUNK"
    (tmp_path / "b.sf3").write_bytes(whole)
    with pytest.raises(FileError, match="sample of the sound bank is damaged"):
        audio.render(notes((0, 0.2, 60, 90)), soundfont=tmp_path / "b.sf3")
