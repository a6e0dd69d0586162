"""The inbox's pages: static files, read and compressed once."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent / "inbox"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}
_PACKED = (".html", ".js", ".mjs", ".css", ".json", ".webmanifest", ".svg", ".txt", "")
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
_PRELOAD = b"<!--preload-->"
_POLICY = (
    "default-src 'none'; script-src 'self'{hashes}; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

Checked = Callable[[web.Request, Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Page:
    """One file. ``packed`` is its gzip form, empty where that would not be smaller."""

    content: bytes = field(repr=False)
    packed: bytes = field(repr=False)
    content_type: str
    tag: str


def read(folder: Path) -> dict[str, Page]:
    """Every file under a folder, by its path from there. What is not read here cannot be asked for."""
    found: dict[str, Page] = {}
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        if file.is_file() and not any(piece.startswith(".") for piece in path.parts):
            found[path.as_posix()] = _page(file.suffix, file.read_bytes())
    if (index := found.get("index.html")) is not None and _PRELOAD in index.content:
        found["index.html"] = _page(".html", index.content.replace(_PRELOAD, _preloads(found), 1))
    return found


def _page(suffix: str, content: bytes) -> Page:
    packed = gzip.compress(content, 9, mtime=0) if suffix in _PACKED else b""
    return Page(
        content,
        packed if len(packed) < len(content) else b"",
        TYPES.get(suffix, "application/octet-stream"),
        hashlib.sha256(content).hexdigest(),
    )


def _preloads(found: Mapping[str, Page]) -> bytes:
    """Names every module in the page itself, so that the browser need not find them one behind the other."""
    modules = [path for path in found if path.endswith((".js", ".mjs")) and path != "types.js"]
    return "\n".join(f'  <link rel="modulepreload" href="./{path}">' for path in modules).encode()


def policy(found: Mapping[str, Page]) -> str:
    """The Content-Security-Policy: nothing but our own files, and the page's own import map."""
    index = found.get("index.html")
    inline = _IMPORT_MAP.findall(index.content) if index else []
    hashes = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in inline]
    return _POLICY.format(hashes="".join(f" 'sha256-{one}'" for one in hashes))


class Pages:
    """Gives the files out."""

    def __init__(self, folder: Path) -> None:
        self._pages = read(folder)
        self._headers = {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": policy(self._pages),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }

    async def give(self, request: web.Request) -> web.Response:
        """One file, or 304 for who has it."""
        page = self._pages.get(request.match_info["path"] or "index.html")
        if page is None:
            raise web.HTTPNotFound
        packs = bool(page.packed) and _takes_gzip(request.headers.get("Accept-Encoding", ""))
        tag = f'"{page.tag}-gzip"' if packs else f'"{page.tag}"'
        headers = {**self._headers, "ETag": tag}
        asked = {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}
        if asked & {tag, "*"}:
            return web.Response(status=304, headers=headers)
        headers |= {"Content-Type": page.content_type} | ({"Content-Encoding": "gzip"} if packs else {})
        return web.Response(body=page.packed if packs else page.content, headers=headers)

    def mount(self, app: web.Application, checked: Checked) -> None:
        """Add the pages; ``checked`` runs each call inside what all calls share."""

        async def give(request: web.Request) -> web.StreamResponse:
            return await checked(request, self.give)

        async def lead(request: web.Request) -> web.StreamResponse:
            return await checked(request, _lead)

        app.router.add_get("/", lead)
        app.router.add_get("/inbox", lead)
        app.router.add_get("/inbox/{path:.*}", give)


async def _lead(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/inbox/"})


def _takes_gzip(accepts: str) -> bool:
    for one in accepts.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
