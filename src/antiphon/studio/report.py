"""Routes of the laboratory's report: its table for the page, and the report itself as ``antiphon compare`` wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from antiphon.studio.errors import UnknownError
from antiphon.studio.state import Here

router = APIRouter(tags=["laboratory"])
INDEX = "index.html"
# The report has its script and style within it. It may run them and nothing else: without `allow-same-origin` it is of
# an origin of its own, which the guard lets ask for nothing.
POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; media-src data:; font-src data:; frame-ancestors 'none'"
)
NONE = "there is no report yet; make one with: antiphon compare MODEL … --corpus CORPUS -o {}"


@router.get("/report", summary="What the laboratory measured")
async def report(studio: Here) -> dict[str, Any]:
    """The leaderboard of the report in the studio's folder of reports, with what each column means."""
    found: dict[str, Any] = await studio.run(_table, studio.options.report)
    return found


@router.get("/report/page", summary="The report itself", responses={200: {"content": {"text/html": {}}}})
async def page(studio: Here) -> Response:
    """The page that ``antiphon compare`` wrote, in a sandbox."""
    path = studio.options.report / INDEX
    if not path.is_file():
        raise UnknownError(NONE.format(studio.options.report))
    return FileResponse(path, media_type="text/html", headers={"content-security-policy": POLICY})


def _table(folder: Path) -> dict[str, Any]:
    from antiphon.evaluate.results import JSON, LEADERBOARD, leaderboard, read

    if not (folder / JSON).is_file():
        return {"available": False, "why": NONE.format(folder), "columns": [], "rows": []}
    results = read(folder / JSON)
    titles, *rows = leaderboard(results)
    known = {column.title: column for column in LEADERBOARD}
    return {
        "available": True,
        "why": "",
        "command": results["command"],
        "date": results["date"],
        "machine": results["machine"],
        "page": (folder / INDEX).is_file(),
        "columns": [
            {"title": title, "unit": known[title].unit, "about": known[title].about, "better": known[title].better}
            for title in titles[1:]
        ],
        "rows": [{"name": row[0], "values": row[1:]} for row in rows],
    }
