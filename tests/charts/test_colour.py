import numpy as np
import pytest

from antiphon.charts.colour import DRUM_RAMP, MAIN, PARTS, PLAIN, SHADES, colour, part_ramp, shade


def luminance(name: str, dark: bool) -> float:
    """Relative luminance of a colour, 0 to 1, by the definition of WCAG."""
    channels = [int(colour(name)[dark][i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(c * weight for c, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: str, other: str, dark: bool) -> float:
    low, high = sorted([luminance(one, dark), luminance(other, dark)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ramp", [MAIN, DRUM_RAMP, *PARTS])
@pytest.mark.parametrize("dark", [False, True])
def test_louder_is_steadily_further_from_the_paper(ramp, dark):
    away = [contrast(f"{ramp}{step}", "field", dark) for step in range(SHADES)]
    assert away == sorted(away)
    assert away[0] > 1.3  # the softest note can still be seen
    assert away[-1] > 7


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("name", "least"), [("ink", 12), ("muted", 4.5)])
def test_words_can_be_read(name, least, dark):
    assert contrast(name, "paper", dark) > least


def test_colours_are_hexadecimal():
    names = [*PLAIN, *(f"{ramp}{step}" for ramp in (MAIN, DRUM_RAMP, *PARTS) for step in range(SHADES))]
    assert all(len(c) == 7 and int(c[1:], 16) >= 0 for name in names for c in colour(name))


def test_shades_cover_the_velocities_evenly():
    counts = np.bincount(shade(np.arange(1, 128, dtype=np.uint8)))
    assert len(counts) == SHADES
    assert counts.max() - counts.min() <= 1


def test_parts_have_ramps_of_their_own_and_a_lone_part_the_main_one():
    assert part_ramp(0, 1, drums=True) == part_ramp(0, 1, drums=False) == MAIN
    assert len({part_ramp(i, 4, drums=i == 3) for i in range(4)}) == 4
    assert part_ramp(7, 9, drums=False) == part_ramp(0, 9, drums=False)
