"""``passerelle connector``: begins a connector of one's own, as a package that can be installed beside Passerelle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template
from typing import Annotated

import typer

from connectors import catalog
from gateway.commands.common import WRONG, Failure, group, say

app = group("Begin a connector of your own.")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RENAMED = {"connector.py": "passerelle_{name}.py", "test_connector.py": "test_{name}.py"}


@app.callback()
def options() -> None:
    """Begin a connector of your own."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The channel's name: a to z, 0 to 9 and _.")],
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write it; default: ./passerelle-NAME.")
    ] = None,
) -> None:
    """Write a small, whole connector with its samples and its test, to begin from; nothing is overwritten."""
    if not _NAME.fullmatch(name):
        what = f'"{name}" is no name for a connector'
        raise Failure(what, "begin with a letter, then a to z, 0 to 9 and _; 40 characters at most", WRONG)
    if name in catalog.find():
        raise Failure(f"a connector named {name} is installed already", "choose another name", WRONG)
    there = folder or Path(f"passerelle-{name.replace('_', '-')}")
    if there.exists() and (not there.is_dir() or any(there.iterdir())):
        raise Failure(f"{there} is there already, and nothing is overwritten", "name a new folder: --folder DIR", WRONG)
    for path, text in written(name):
        (there / path).parent.mkdir(parents=True, exist_ok=True)
        (there / path).write_text(text, "utf-8")
    say(f"wrote {there}\n")
    say(f"  python -m pip install -e {there}   # then `passerelle connectors` lists it")
    say(f"  python -m pytest {there}           # its samples, and every law of the contract")


def written(name: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Every file of a new connector: where it goes, and what is in it."""
    words = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "dist": name.replace("_", "-"),
        "host": name.replace("_", "-"),
    }
    for path, file in _templates(files("gateway.commands") / "new", PurePosixPath()):
        own = _RENAMED.get(path.name, path.name).format(name=name)
        yield path.with_name(own), Template(file.read_text("utf-8")).substitute(words)


def _templates(folder: Traversable, at: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for one in sorted(folder.iterdir(), key=lambda found: found.name):
        if one.is_dir():
            yield from _templates(one, at / one.name)
        elif one.name.endswith(".in"):
            yield at / one.name.removesuffix(".in"), one
