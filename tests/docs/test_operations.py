"""docs/operations.md names what an operator will find: figures, log lines, keys and commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import typer
from prometheus_client import REGISTRY

import agent_api.counts
import gateway.metrics
from gateway.config import KEYS
from gateway.main import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
CODE = "\n".join(path.read_text() for package in ("gateway", "agent_api") for path in (ROOT / package).rglob("*.py"))


def test_every_figure_it_names_is_one_that_a_process_shows() -> None:
    assert gateway.metrics
    assert agent_api.counts
    shown = {name for family in REGISTRY.collect() for name in (family.name, f"{family.name}_total")}
    named = set(re.findall(r"passerelle_[a-z_]+", PAGE))
    assert len(named) > 8
    assert named - shown == set()


def test_every_log_line_it_quotes_is_written_by_the_code() -> None:
    quoted = [text for line in PAGE.splitlines() for text in re.findall(r"`([^`]+)`", line.partition(" log")[2])]
    lines = [text for text in quoted if re.fullmatch(r"[a-z][A-Za-z;,' ]+ [A-Za-z;,' ]+", text)]
    assert len(lines) > 8
    assert [text for text in lines if text not in CODE and not text.startswith("passerelle ")] == []


def test_every_command_it_gives_is_one_of_ours() -> None:
    root = typer.main.get_command(app)
    named = set(re.findall(r"\bpasserelle ([a-z]+)(?= |`)", PAGE))
    assert len(named) > 5
    assert named <= set(root.commands)  # type: ignore[attr-defined] # a group of commands has them


def test_every_key_of_the_configuration_it_names_exists() -> None:
    named = re.findall(r"`(retention|media|delivery|http)\.([a-z_]+)`", PAGE)
    assert len(named) > 3
    assert [key for table, key in named if key not in KEYS[table]] == []
