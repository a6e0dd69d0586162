"""Where a process listens."""

from __future__ import annotations

from contextlib import AsyncExitStack

from aiohttp import web

from gateway.edge import Edge

_SHUTDOWN_S = 1.0
"""How long requests under way are waited for. Those that do not end are cancelled then, and waited for as long again."""


class Listening:
    """The address that is listened on; the port is known once it is."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    @property
    def url(self) -> str:
        """The address as a browser writes it."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}"

    async def start(self, stack: AsyncExitStack, app: web.Application, edge: Edge | None) -> None:
        """Listen; what is under way is given a moment at the end."""
        runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=_SHUTDOWN_S,
            handle_signals=False,
            auto_decompress=False,  # a small body may unfold into a huge one, and signatures are of the bytes as sent
        )
        await runner.setup()
        if runner.server is not None and edge is not None:
            runner.server.request_handler = edge.directly(runner.server.request_handler)
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self.host, self.port, backlog=1024)
        await site.start()
        self.port = runner.addresses[0][1]
