import sys

import numpy as np
import pytest

from antiphon import pictures, plots
from antiphon.charts.colour import colour
from antiphon.charts.roll import roll
from antiphon.errors import FileError, MissingExtraError, OptionError
from antiphon.notes import DRUMS, Score, from_seconds

MAGIC = {".png": b"\x89PNG", ".pdf": b"%PDF", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff", ".svg": b"<svg"}


@pytest.fixture
def score() -> Score:
    program = np.array([0, 0, 40, DRUMS])
    columns = (np.array([0, 0.5, 1, 1]), np.ones(4), np.array([60, 64, 67, 36]), np.array([1, 40, 80, 127]))
    return from_seconds(*columns, program, np.array([0, 0, 1, 2]))


@pytest.mark.parametrize("kind", pictures.KINDS)
@pytest.mark.parametrize("ending", pictures.ENDINGS)
def test_the_ending_says_the_format(tmp_path, score, kind, ending):
    path = tmp_path / f"picture{ending}"
    pictures.draw(score, path, kind, "Title")
    assert path.read_bytes().startswith(MAGIC[ending])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".PNG", ".Svg"])
def test_the_case_of_an_ending_does_not_matter(tmp_path, score, ending):
    pictures.draw(score, tmp_path / f"picture{ending}")
    assert (tmp_path / f"picture{ending}").read_bytes().startswith(MAGIC[ending.lower()])


@pytest.mark.parametrize("ending", [".png", ".pdf", ".svg"])
def test_the_same_score_gives_the_same_bytes(tmp_path, score, ending):
    for name in "ab":
        pictures.draw(score, tmp_path / f"{name}{ending}", "roll", "Title")
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_a_note_has_the_colour_of_its_velocity_where_it_stands():
    loud = from_seconds(np.array([1.0]), np.array([3.0]), 60, 127)
    drawing = roll(loud)
    left, middle, length = drawing.shapes[-1].bars[0]
    pixels = _pixels(drawing)
    x, y = int((left + length / 2) / drawing.width * pixels.shape[1]), int(middle / drawing.height * pixels.shape[0])
    ink = colour("a11")[0]
    assert tuple(pixels[y, x, :3]) == tuple(int(ink[i : i + 2], 16) for i in (1, 3, 5))
    assert tuple(pixels[y, int(pixels.shape[1] * 0.1), :3]) != tuple(pixels[y, x, :3])  # silence before it


def _pixels(drawing):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(plots.figure(drawing))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_very_long_pictures_keep_to_a_size(tmp_path, score, monkeypatch):
    monkeypatch.setattr(plots, "MOST_DOTS", 100_000)
    pictures.draw(score, tmp_path / "small.png")
    header = (tmp_path / "small.png").read_bytes()[16:24]
    assert int.from_bytes(header[:4]) * int.from_bytes(header[4:]) < 110_000


@pytest.mark.parametrize("title", ["$x$ and $", "100 %", "雨だれ", "line\nbreak", "\\frac{"])
def test_titles_are_taken_as_they_are(tmp_path, score, title):
    pictures.draw(score, tmp_path / "picture.png", "roll", title)
    assert (tmp_path / "picture.png").stat().st_size > 1000


def test_without_matplotlib_svg_works_and_png_says_what_to_install(tmp_path, score, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    pictures.draw(score, tmp_path / "picture.svg")
    with pytest.raises(MissingExtraError, match=r"matplotlib.*pip install 'antiphon\[plots\]'"):
        pictures.draw(score, tmp_path / "picture.png")
    with pytest.raises(MissingExtraError):
        pictures.check(tmp_path / "picture.pdf")


@pytest.mark.parametrize("name", ["picture", "picture.gif", "picture.mid"])
def test_another_ending_is_refused_with_those_allowed(tmp_path, score, name):
    with pytest.raises(OptionError, match=r"\.svg, \.png, \.pdf, \.jpg"):
        pictures.draw(score, tmp_path / name)


def test_an_unknown_kind_is_refused(tmp_path, score):
    with pytest.raises(OptionError, match="did you mean 'roll'"):
        pictures.draw(score, tmp_path / "picture.svg", "rolls")


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_where_nothing_can_be_written_it_says_so(tmp_path, score, ending):
    with pytest.raises(FileError, match="does not exist"):
        pictures.draw(score, tmp_path / "nowhere" / f"picture{ending}")


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, score, ending, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    with pytest.raises(FileError, match="No space left"):
        pictures.draw(score, tmp_path / f"picture{ending}")
    assert not list(tmp_path.iterdir())
