"""The files that the page is made of, held in memory: no path of a request ever reaches the file system."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from antiphon.soundfont import SMALL_BANK

STATIC = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
LEAST_TO_PACK = 1000  # bytes
_PACKED = (".js", ".css", ".html", ".svg", ".json", ".wasm", ".txt", ".map")
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
_NO_PAGE = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Antiphon</title><p>The page was not built; "
    b"the service works: <a href=/api/models>/api/models</a>. In the repository: cd web &amp;&amp; npm ci "
    b"&amp;&amp; npm run build."
)


class Asset(NamedTuple):
    """A file as it is sent."""

    content: bytes
    packed: bytes | None  # gzip, where that is smaller
    media: str
    etag: str


class Assets:
    """The page's files by the path in their address."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._files = {
            f"/{path.relative_to(folder).as_posix()}": _asset(path) for path in folder.rglob("*") if path.is_file()
        }
        self._files["/"] = self._files.get("/index.html", _made(_NO_PAGE, "text/html"))
        self.soundfont = _made(SMALL_BANK.read_bytes(), "application/octet-stream")

    def get(self, request: Request) -> Response:
        """The file of an address; 404 where there is none."""
        asset = self._files.get(request.url.path)
        if asset is None:
            return Response("There is nothing here. The page is at /\n", 404, media_type="text/plain")
        hashed = request.url.path.startswith("/assets/")  # Vite names these after their content
        return sent(asset, request, FOREVER if hashed else "no-cache")

    async def page(self, request: Request) -> Response:
        """The route of everything but the service."""
        if "token" in request.query_params:  # the cookie is set by now, and the token leaves the address
            return RedirectResponse(request.url.path, 303)
        return self.get(request)


def sent(asset: Asset, request: Request, cache: str) -> Response:
    """A response with an asset, or 304 where the client has it."""
    headers = {"cache-control": cache, "etag": asset.etag, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    content = asset.content
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = asset.packed
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=asset.media, headers=headers)


def _asset(path: Path) -> Asset:
    media = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    content = path.read_bytes()
    pack = path.suffix in _PACKED and len(content) >= LEAST_TO_PACK
    return _made(content, media, pack=pack)


def _made(content: bytes, media: str, *, pack: bool = False) -> Asset:
    packed = gzip.compress(content, 6) if pack else None
    smaller = packed if packed is not None and len(packed) < len(content) else None
    return Asset(content, smaller, media, f'"{hashlib.sha256(content).hexdigest()[:16]}"')
