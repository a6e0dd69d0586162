"""Gets the files that a call names by their address, as the providers do."""

from mimetypes import guess_type
from urllib.parse import unquote, urlsplit

import aiohttp

from gateway.simulator.world import Upload, World

PATIENCE = aiohttp.ClientTimeout(total=20)
REDIRECTS = 5


class Unfetched(Exception):
    """A file cannot be had from its address: why, in words."""


async def fetch(world: World, url: str, most: int) -> Upload:
    """The file behind an address, of at most so many bytes; raises Unfetched."""
    try:
        async with world.session.get(url, timeout=PATIENCE, max_redirects=REDIRECTS) as answer:
            if not answer.ok:
                raise Unfetched(f"{url} answered {answer.status}")
            data = await _bounded(answer, most)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
        raise Unfetched(f"{url}: {problem}") from None
    if not data:
        raise Unfetched(f"{url} is empty")
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or "file"
    mime = answer.content_type
    return Upload(name, guess_type(name)[0] or mime if mime == "application/octet-stream" else mime, data)


async def _bounded(answer: aiohttp.ClientResponse, most: int) -> bytes:
    data = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        data += chunk
        if len(data) > most:
            raise Unfetched(f"larger than {most} bytes")
    return bytes(data)
