"""Music as a page of notation, drawn by Verovio from the MusicXML that we write of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from antiphon.errors import OptionError, missing_extra
from antiphon.files.musicxml_writer import musicxml_bytes
from antiphon.notes import Score

VOICES = 2  # of a staff: more are exact, and nobody reads them
SCALE = 40  # per cent of the size of print
_MARGIN = 60  # in Verovio's units, a tenth of a millimetre at full scale
_LEFT = 120  # names of instruments run wider in many a reader's font than in Verovio's
MOST_NOTES = 5000  # engraved for one request: a long sonata's movement


def engraved(music: Score, page: int, width: int) -> dict[str, Any]:
    """One page, from 1, as SVG of ``width`` dots, and how many there are.

    Raises MissingExtraError without Verovio, OptionError for a page that is not there.
    """
    if not len(music):
        raise OptionError("the music has no notes, so there is no score")
    if len(music) > MOST_NOTES:
        raise OptionError(f"{len(music):,} notes are too many for a score here: at most {MOST_NOTES:,}; choose a part")
    toolkit = _laid_out(musicxml_bytes(music, voices=VOICES).decode(), width)
    pages = toolkit.getPageCount()
    if page > pages:
        raise OptionError(f"there is no page {page}: the score has {pages}")
    return {"page": page, "pages": pages, "svg": toolkit.renderToSVG(page)}


@lru_cache(2)
def _laid_out(text: str, width: int) -> Any:
    """Verovio with a score loaded, kept for the next page."""
    try:
        import verovio
    except ModuleNotFoundError as error:
        raise missing_extra("verovio", "studio", "the score view") from error
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {
            "pageWidth": width * 100 // SCALE,
            "pageHeight": width * 130 // SCALE,
            "adjustPageHeight": True,
            "scale": SCALE,
            "breaks": "auto",
            "header": "none",
            "footer": "none",
            "pageMarginLeft": _LEFT,
            "pageMarginRight": _MARGIN,
            "pageMarginTop": _MARGIN,
            "pageMarginBottom": _MARGIN,
        }
    )
    if not toolkit.loadData(text):
        raise OptionError("this music cannot be engraved; export it as MusicXML instead")
    return toolkit
