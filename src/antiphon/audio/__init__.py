"""Score → samples → sound file.

Place in the path: the last station for those who listen. Two renderers play the same events from the same bank:
FluidSynth where its library is installed, and midirenderer, which comes with the base install, everywhere else. Samples
are float32, (frames, 2), -1 to 1, levelled so that every piece comes out about equally loud.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from antiphon.audio.levels import level, resample, trimmed
from antiphon.audio.players import Progress, engine_name, player
from antiphon.audio.voices import passes, substitutions
from antiphon.errors import OptionError, unknown
from antiphon.files.paths import check_writable, written
from antiphon.notes import Score
from antiphon.soundfont import SMALL_BANK, cut, open_bank

RATE = 44100  # frames a second, unless another is asked for
RATES = (16000, 22050, 24000, 32000, 44100, 48000)  # what all formats below take
LONGEST_S = 90 * 60  # 1.9 GB of samples; a rest of 93 minutes would be too long for a MIDI file of frames
TAIL_S = 8.0  # rendered after the last note, for release, reverb and cymbals; what is silent of it is cut
ENDINGS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}


@dataclass(frozen=True)
class RenderInfo:
    """How a piece was rendered."""

    seconds: float  # length of the sound
    engine: str
    realtime_factor: float  # seconds of sound a second of work
    substituted: list[str] = field(default_factory=list)  # a sentence for each instrument the bank lacks


def render(
    score: Score,
    *,
    soundfont: Path | None = None,
    rate: int = RATE,
    engine: str = "auto",
    progress: Progress = lambda done: None,
) -> np.ndarray:
    """The piece as float32 samples, (frames, 2), levelled; no frames for a score without notes.

    ``engine`` is fluidsynth, midirenderer, or auto for the first of them that is there. Raises OptionError for a rate
    or an engine that is not there or a piece too long, FileError for a bank that cannot be read.
    """
    if rate not in RATES:
        raise OptionError(f"unknown sample rate {rate}; allowed are {', '.join(map(str, RATES))}")
    if score.length_s > LONGEST_S:
        raise OptionError(
            f"the piece lasts {score.length_s / 60:.0f} minutes; at most {LONGEST_S // 60} can be rendered, so cut it"
        )
    instrument = player(engine, rate)
    bank = open_bank(soundfont or SMALL_BANK)
    if not len(score):
        return np.zeros((0, 2), np.float32)
    frames = round((score.length_s + TAIL_S) * instrument.rate)
    samples = np.zeros((frames, 2), np.float32)
    parts = passes(score, bank, instrument)
    for i, part in enumerate(parts):
        small = cut(bank, {voice.preset for voice in part.values()}, unpack=True)
        played = instrument.play(small, part, frames, partial(_passed, progress, i, len(parts)))
        samples = played if i == 0 else samples + played
    samples = trimmed(resample(samples, instrument.rate, rate), round(score.length_s * rate), rate)
    level(samples, rate)
    return samples


def render_file(
    score: Score,
    path: Path | str,
    *,
    soundfont: Path | None = None,
    rate: int = RATE,
    engine: str = "auto",
    progress: Progress = lambda done: None,
) -> RenderInfo:
    """Render a piece to a sound file of the kind its ending says; nothing is left where that fails."""
    path = Path(path)
    _format(path)
    check_writable(path)
    if not len(score):
        raise OptionError("nothing to render: the piece has no notes")
    began_s = time.perf_counter()
    samples = render(score, soundfont=soundfont, rate=rate, engine=engine, progress=progress)
    write_audio(samples, path, rate)
    seconds = len(samples) / rate
    factor = seconds / (time.perf_counter() - began_s)
    return RenderInfo(seconds, engine_name(engine), factor, substitutions(score, open_bank(soundfont or SMALL_BANK)))


def write_audio(samples: np.ndarray, path: Path | str, rate: int = RATE) -> None:
    """Write (frames, 2) samples as WAV, FLAC, Ogg Vorbis or MP3, by the ending of ``path``; whole or not at all."""
    import soundfile

    path = Path(path)
    kind, subtype = _format(path)
    encoded = io.BytesIO()  # encoded in memory, so that a full disk is the system's plain error and not the encoder's
    with soundfile.SoundFile(encoded, "w", rate, samples.shape[1], subtype, format=kind) as sound:
        for at in range(
            0, len(samples), rate
        ):  # by the second: libsndfile's Vorbis encoder overflows its stack on minutes
            sound.write(samples[at : at + rate])
    with written(path) as temporary:
        temporary.write_bytes(encoded.getbuffer())


def _passed(progress: Progress, before: int, count: int, done: float) -> None:
    """Progress within one pass as progress of all."""
    progress((before + done) / count)


def _format(path: Path) -> tuple[str, str]:
    """What soundfile calls the format that a path's ending means."""
    if path.suffix.lower() not in ENDINGS:
        raise OptionError(unknown("ending of a sound file", path.suffix, ENDINGS))
    return ENDINGS[path.suffix.lower()]
