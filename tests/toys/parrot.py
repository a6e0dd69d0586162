"""The connector that `passerelle connector new` writes, for tests of the kit to break."""

from __future__ import annotations

import hashlib
import hmac
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from connectors.api import Request
from gateway.commands.connector import written


def write(folder: Path) -> Path:
    """The whole package, in a folder."""
    for path, text in written("parrot"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


@cache
def parrot() -> Any:
    """Its module."""
    texts = {path.name: text for path, text in written("parrot")}
    name = "passerelle_parrot"
    module = sys.modules[name] = ModuleType(name)
    exec(compile(texts[f"{name}.py"], f"{name}.py", "exec"), module.__dict__)  # noqa: S102 - our own text
    return module


def sign(request: Request, settings: Any) -> Mapping[str, str]:
    """What its provider adds to a request."""
    digest = hmac.new(settings.secret.get_secret_value().encode(), request.body, hashlib.sha256)
    return {"x-signature": f"sha256={digest.hexdigest()}"}
