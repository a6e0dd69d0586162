"""Telegram's refusals, in Telegram's words: code, description, parameters."""

from typing import Any

from gateway.simulator.calls import Refused, Said


class ApiError(Refused):
    """A call that Telegram does not accept. https://core.telegram.org/bots/api#making-requests"""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        super().__init__(Said(code, {**body, "parameters": parameters} if parameters else body))
        self.code = code
        self.description = description


def bad(reason: str, **parameters: int) -> ApiError:
    """400: the call itself is wrong."""
    return ApiError(400, f"Bad Request: {reason}", **parameters)


def forbidden(reason: str) -> ApiError:
    """403: the customer does not want it, or never asked for it."""
    return ApiError(403, f"Forbidden: {reason}")


def too_many(seconds: int) -> ApiError:
    """429: wait so many seconds."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
