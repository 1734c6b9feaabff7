# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page itself, read once at the start: its address has its content's hash in it, so browsers
may keep it for good and still get a new one at once."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from .errors import Refused
from .service import service_of
from .words import LINK

TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript",
         ".json": "application/json", ".svg": "image/svg+xml", ".txt": "text/plain"}
RIGHT_TO_LEFT = {"ar", "dv", "fa", "he", "ku", "ps", "ur", "yi"}
FOR_EVER = "public, max-age=31536000, immutable"
LANGUAGE = re.compile(r"([a-z]{2,3})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([0-9.]+))?", re.I)


@dataclass(frozen=True)
class Piece:
    """One file of the page."""

    type: str
    data: bytes
    packed: bytes


class Page:
    """All files of the page and what they are as a whole."""

    def __init__(self, folder: Path) -> None:
        files = {file.relative_to(folder).as_posix(): file.read_bytes()
                 for file in sorted(folder.rglob("*"))
                 if file.is_file() and file.suffix in TYPES}
        whole = hashlib.sha256()
        for name, data in files.items():
            whole.update(f"{name}\0{len(data)}\0".encode() + data)
        self.version = whole.hexdigest()[:16]
        self._index = files.pop("index.html").decode()
        self._pieces = {name: Piece(TYPES[Path(name).suffix], data, gzip.compress(data, 9, mtime=0))
                        for name, data in files.items()}
        self.languages = {Path(name).stem for name in files if name.startswith("words/")}

    def piece(self, name: str) -> Piece | None:
        """A file by its name; nothing else is ever looked for on the disk."""
        return self._pieces.get(name)

    def index(self, language: str) -> str:
        """The document in a language."""
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        return (self._index.replace("%VERSION%", self.version).replace("%LANG%", language)
                .replace("%DIR%", direction))

    def choose(self, accepted: str, own: tuple[str, ...]) -> str:
        """The best language there are words in: the reader's, then the community's."""
        wishes = [(float(q) if q else 1.0, code.lower()) for code, q in
                  LANGUAGE.findall(accepted[:200]) if not q or (q.count(".") <= 1 and q != ".")]
        ranked = [code for q, code in sorted(wishes, key=lambda one: -one[0]) if q > 0]
        return next((code for code in (*ranked, *own) if code in self.languages), "en")


PAGE = web.AppKey("page", Page)


async def index(request: web.Request) -> web.Response:
    """The document, on the start page and for what could be a room: nobody learns which is."""
    link = request.match_info.get("link")
    if link is not None and not LINK.fullmatch(link):
        raise web.HTTPNotFound
    page = request.app[PAGE]
    language = page.choose(request.headers.get("Accept-Language", ""),
                           service_of(request).settings.languages)
    return web.Response(text=page.index(language), content_type="text/html", headers={
        "Cache-Control": "no-cache", "Vary": "Accept-Language", "Content-Language": language})


async def piece(request: web.Request) -> web.Response:
    """A file of the page. One of an older page gets the present one, but not to keep."""
    page = request.app[PAGE]
    found = page.piece(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    current = request.match_info["version"] == page.version
    headers = {"Cache-Control": FOR_EVER if current else "no-store", "Vary": "Accept-Encoding",
               "Content-Type": f"{found.type}; charset=utf-8"}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=found.packed, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=found.data, headers=headers)


async def robots(_request: web.Request) -> web.Response:
    """Nothing here is for search engines."""
    return web.Response(text="User-agent: *\nDisallow: /\n")


async def nothing(_request: web.Request) -> web.Response:
    """An address of the API that does not exist."""
    raise Refused(404, "not_found")
