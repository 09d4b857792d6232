"""Colours by name, for light and dark paper, even to the eye.

A name is a plain colour (``ink``, ``grid``, …) or a ramp letter and a shade, ``a0`` (soft) to ``a11`` (loud). Ramps run
straight in OKLab lightness, so a step of velocity looks equally large everywhere and survives colour blindness and
grey printing: on light paper loud is dark, on dark paper loud is bright.
"""

from __future__ import annotations

from functools import cache
from math import cos, radians, sin

import numpy as np

SHADES = 12  # steps of 11 in velocity; each is a shape of its own in the file

PLAIN = {  # name: (on light paper, on dark paper)
    "paper": ("#ffffff", "#15171c"),
    "field": ("#fbfbfc", "#1a1d23"),  # behind the notes
    "key": ("#f1f2f5", "#20242b"),  # the rows of black keys
    "grid": ("#e1e3e8", "#2c313a"),
    "octave": ("#c9ccd4", "#3d4450"),  # the line under each C
    "ink": ("#1d2026", "#eceef2"),
    "muted": ("#6a707c", "#9aa2b0"),
}

# The only part of a piece: pale gold, coral, deep violet. OKLCH hue in degrees at soft and at loud on light paper.
MAIN = "a"
DRUM_RAMP = "z"  # drums beside other parts: no hue
# Parts of a larger piece, a hue each; neighbours differ in blue against yellow, which the colour-blind see.
PARTS = "bcdefgh"
_HUES = dict(zip(PARTS, (255.0, 55.0, 160.0, 350.0, 215.0, 100.0, 300.0), strict=True))
# OKLab lightness of the softest and the loudest note, on light and on dark paper. Parts keep off black to show a hue.
_MAIN_ENDS = ((0.87, 0.28), (0.45, 0.93))
_PART_ENDS = ((0.84, 0.38), (0.44, 0.90))


def shade(velocity: np.ndarray) -> np.ndarray:
    """The shade, 0 to SHADES - 1, of each velocity 1 to 127."""
    return (velocity.astype(int) * SHADES) // 128


def part_ramp(index: int, parts: int, drums: bool) -> str:
    """The ramp of part ``index`` of ``parts``."""
    if parts == 1:
        return MAIN
    return DRUM_RAMP if drums else PARTS[index % len(PARTS)]


@cache
def colour(name: str) -> tuple[str, str]:
    """``#rrggbb`` on light and on dark paper."""
    if name in PLAIN:
        return PLAIN[name]
    light, dark = _MAIN_ENDS if name[0] == MAIN else _PART_ENDS
    position = int(name[1:]) / (SHADES - 1)
    return _ramp(name[0], position, light, dark=False), _ramp(name[0], position, dark, dark=True)


def _ramp(ramp: str, position: float, ends: tuple[float, float], dark: bool) -> str:
    lightness = ends[0] + (ends[1] - ends[0]) * position
    bump = 4 * position * (1 - position)  # 0 at the ends, 1 in the middle, where the gamut is widest
    if ramp == MAIN:
        warm = position if dark else 1 - position
        return _hex(lightness, 0.11 + 0.09 * bump, -72.0 + 160.0 * warm)
    if ramp == DRUM_RAMP:
        return _hex(lightness, 0.012, 260.0)
    return _hex(lightness, 0.09 + 0.07 * bump, _HUES[ramp])


def _hex(lightness: float, chroma: float, hue: float) -> str:
    """The sRGB colour of an OKLCH one, with as much of its chroma as the screen can show."""
    while chroma > 0 and not all(-1e-3 <= c <= 1.001 for c in _linear(lightness, chroma, hue)):
        chroma -= 0.004
    bytes_ = (round(255 * _gamma(min(max(c, 0.0), 1.0))) for c in _linear(lightness, max(chroma, 0.0), hue))
    return "#" + "".join(f"{b:02x}" for b in bytes_)


def _linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """Linear sRGB of an OKLCH colour (Ottosson 2020, the matrices of his reference)."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
