"""Who may come in: this machine only, and no other site's page. Every answer carries strict headers."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def loopback(host: str) -> bool:
    """Whether a host name (without its port) means this machine."""
    if host in ("localhost", "localhost."):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _named(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


def refusal(request: web.Request) -> str | None:
    """Why a request must not come in, or None.

    A foreign `Host` is a name rebound to this machine; a foreign `Origin` is another site's page, which may
    send forms anywhere; `null` is a page that hides whose it is. Programs send neither.
    """
    try:
        if not loopback(_named(request.host)):
            return "the simulator answers on loopback addresses only"
    except ValueError:
        return "unreadable Host"
    if request.method in SAFE and not request.path.rpartition("/bot")[1]:
        return None
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        return "another site's page may not do this"
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return "another site's page may not do this"
    return None


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse strangers; set the headers of everything else."""
    try:
        reason = refusal(request)
    except ValueError:
        reason = "unreadable Origin"
    if reason is not None:
        return web.json_response({"error": reason}, status=403, headers=HEADERS)
    try:
        response = await handler(request)
    except web.HTTPException as problem:
        problem.headers.update(HEADERS)
        raise
    if not response.prepared:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    return response
