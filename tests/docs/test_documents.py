"""The documents against the code: links lead somewhere, names exist, forms are kept."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
ADRS = sorted(ROOT.glob("docs/adr/*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link and not link.startswith("#")]
    missing = [link for link in links if not (document.parent / link.split("#")[0]).exists()]
    assert missing == []


def test_the_functions_that_the_architecture_names_exist() -> None:
    names = set(re.findall(r"`((?:gateway|connectors|normalizer|agent_api)(?:\.\w+)+)`", _architecture()))
    assert len(names) > 20
    assert [name for name in sorted(names) if not _exists(name)] == []


def _architecture() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text()


def _exists(name: str) -> bool:
    module, rest = name.split("."), []
    while module:
        try:
            found = importlib.import_module(".".join(module))
        except ModuleNotFoundError:
            rest.insert(0, module.pop())
            continue
        for attribute in rest:
            if not hasattr(found, attribute):
                return False
            found = getattr(found, attribute)
        return True
    return False


@pytest.mark.parametrize("adr", ADRS, ids=lambda path: path.name)
def test_a_decision_is_one_page_in_the_form(adr: Path) -> None:
    text = adr.read_text()
    assert re.match(rf"# {int(adr.name[:4])}\. \S", text)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Context",
        "## Decision",
        "## Consequences",
    ]
    assert len(text.splitlines()) < 60


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert text.startswith("# Changelog\n")
    assert "## [Unreleased]" in text
    sections = {line for line in text.splitlines() if line.startswith("### ")}
    assert sections <= {f"### {name}" for name in ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")}


def test_make_help_lists_what_there_is() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "run", "test", "check", "fix", "bench"):
        assert re.search(rf"^{target}\s+\S", said, re.MULTILINE), target


@pytest.mark.parametrize("package", ["gateway", "connectors", "normalizer", "agent_api"])
def test_every_module_opens_with_one_sentence_and_stays_short(package: str) -> None:
    for module in sorted((ROOT / package).rglob("*.py")):
        text = module.read_text()
        assert text.startswith('"""'), module
        assert len(text.splitlines()) <= 450, f"{module} has {len(text.splitlines())} lines: split it by what it knows"
