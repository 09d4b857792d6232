"""Loudness, sample rates, and where a piece ends.

Place in the path: between raw renders and the sound file.
"""

import numpy as np

LOUDNESS = 10 ** (-20 / 20)  # RMS of the sounding parts, -20 dBFS: a raw piano render comes out at -33 to -36
CEILING = 10 ** (-1 / 20)  # no sample beyond -1 dBFS, which leaves room for what MP3 and Vorbis add
LIMITING = 10 ** (6 / 20)  # peaks are held down by at most 6 dB; a piece with sharper ones stays quieter
SILENCE = 10 ** (-60 / 20)  # of the peak: below it a tail has died away
_BLOCK = 64  # frames the limiter looks at as one
_LOOK_AHEAD_S = 0.03  # how early it starts to turn down, and how late it is back


def loudness(samples: np.ndarray, rate: int) -> float:
    """RMS over the blocks of 0.4 s that sound: those no more than 20 dB below the mean, so that rests do not count.

    0 for silence. The gate is that of EBU R 128 with a block's power in place of its weighted loudness.
    """
    size = int(0.4 * rate)
    blocks = np.array([np.mean(np.square(samples[at : at + size])) for at in range(0, len(samples), size)])
    if not blocks.any():
        return 0.0
    return float(np.sqrt(blocks[blocks >= blocks.mean() / 100].mean()))


def level(samples: np.ndarray, rate: int) -> None:
    """Bring samples to LOUDNESS in place, or as near as CEILING and LIMITING allow; silence stays silence."""
    now = loudness(samples, rate)
    if not now:
        return
    samples *= min(LOUDNESS / now, CEILING * LIMITING / _peak(samples))
    if _peak(samples) > CEILING:
        _limit(samples, rate)


def _peak(samples: np.ndarray) -> float:
    """The greatest deviation from 0, without a copy: half an hour of sound is 600 MB."""
    return float(max(samples.max(initial=0), -samples.min(initial=0)))


def _limit(samples: np.ndarray, rate: int) -> None:
    """Turn down in place, smoothly, so that every sample is within CEILING.

    Each block of frames asks for the gain it needs; the least asked for within reach is taken, then averaged over half
    that reach, so that no block gets more than it asked for.
    """
    count = -(-len(samples) // _BLOCK)
    starts = np.arange(count) * _BLOCK
    high, low = np.maximum.reduceat(samples, starts).max(axis=1), np.minimum.reduceat(samples, starts).min(axis=1)
    asked = CEILING / np.maximum(np.maximum(high, -low), CEILING)
    reach = round(_LOOK_AHEAD_S * rate / _BLOCK)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(asked, 2 * reach + 1, constant_values=1), 2 * reach + 3)
    least = windows.min(axis=1)  # one block more each way than is averaged, for the frames between two blocks
    smooth = np.convolve(least, np.full(2 * reach + 1, 1 / (2 * reach + 1)), "valid")
    for at in range(0, len(samples), rate):
        frames = np.arange(at, min(at + rate, len(samples)))
        gain = np.interp(frames, starts + (_BLOCK - 1) / 2, smooth)
        samples[at : at + rate] *= gain[:, None].astype(np.float32)


def trimmed(samples: np.ndarray, end: int, rate: int) -> np.ndarray:
    """The samples up to where the tail after frame ``end`` has died away, and a fade of 50 ms against the click."""
    loud = np.flatnonzero(np.abs(samples[end:]).max(axis=1) > SILENCE * _peak(samples))
    fade = rate // 20
    last = min(end + (int(loud[-1]) + 1 if len(loud) else 0) + fade, len(samples))
    samples = samples[:last]
    samples[-fade:] *= np.linspace(1, 0, min(fade, last), dtype=np.float32)[:, None]
    return samples


def resample(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """The same sound at another rate: spectra of eight seconds at a time, of which the inner six are kept.

    Whole seconds hold whole numbers of frames at either rate. What leaks in from the edges is below -90 dB.
    """
    if rate == new_rate:
        return samples
    guard, hop = 1, 6  # seconds
    out = np.zeros((len(samples) * new_rate // rate, 2), np.float32)
    for start in range(0, -(-len(samples) // rate), hop):
        low = (start - guard) * rate
        window = np.zeros(((hop + 2 * guard) * rate, 2), np.float32)
        inside = samples[max(low, 0) : low + len(window)]
        window[max(-low, 0) : max(-low, 0) + len(inside)] = inside
        size = (hop + 2 * guard) * new_rate
        spectrum = np.fft.rfft(window, axis=0)[: size // 2 + 1]
        sound = np.fft.irfft(spectrum, size, axis=0) * (new_rate / rate)
        keep = out[start * new_rate : (start + hop) * new_rate]
        keep[:] = sound[guard * new_rate :][: len(keep)]
    return out
