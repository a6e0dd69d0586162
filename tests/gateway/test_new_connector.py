"""`passerelle connector new`: a whole package, never over another, under a name that works."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.commands.connector import written
from gateway.main import app

RUN = CliRunner()


def test_it_writes_a_package_with_an_entry_point(tmp_path: Path) -> None:
    there = tmp_path / "made" / "here"
    done = RUN.invoke(app, ["connector", "new", "blue_bird", "--folder", str(there)])
    assert done.exit_code == 0, done.output
    assert f"wrote {there}" in done.output
    project = tomllib.loads((there / "pyproject.toml").read_text())
    assert project["project"]["name"] == "passerelle-blue-bird"
    assert project["project"]["entry-points"]["passerelle.connectors"] == {
        "blue_bird": "passerelle_blue_bird:connector"
    }
    found = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    assert {"README.md", "passerelle_blue_bird.py", "test_blue_bird.py", "samples/settings.json"} <= found
    assert len((there / "README.md").read_text().splitlines()) <= 12
    assert not [path for path in there.rglob("*") if path.is_file() and "$" in path.read_text()]


def test_without_a_folder_it_is_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert RUN.invoke(app, ["connector", "new", "parrot"]).exit_code == 0
    assert (tmp_path / "passerelle-parrot" / "passerelle_parrot.py").exists()


def test_an_empty_folder_will_do_and_a_full_one_is_left_alone(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["connector", "new", "parrot", "--folder", str(tmp_path)]).exit_code == 0
    (tmp_path / "passerelle_parrot.py").write_text("mine")
    done = RUN.invoke(app, ["connector", "new", "parrot", "--folder", str(tmp_path)])
    assert done.exit_code == 2
    assert "nothing is overwritten" in done.output
    assert (tmp_path / "passerelle_parrot.py").read_text() == "mine"
    file = tmp_path / "README.md"
    assert RUN.invoke(app, ["connector", "new", "parrot", "--folder", str(file)]).exit_code == 2


@pytest.mark.parametrize("name", ["", "Parrot", "1st", "a-b", "a b", "../up", "é", "x" * 41, "telegram"])
def test_a_name_that_does_not_work(name: str, tmp_path: Path) -> None:
    done = RUN.invoke(app, ["connector", "new", name, "--folder", str(tmp_path / "there")])
    assert done.exit_code == 2
    assert "name" in done.output
    assert not (tmp_path / "there").exists()


def test_what_is_written_is_clean(tmp_path: Path) -> None:
    """By our own linter, as far as it can judge a package that is not ours."""
    for path, text in written("parrot"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    ruff = Path(sys.executable).with_name("ruff")
    settings = ["--isolated", "--line-length", "120"]
    chosen = ["--select", "A,ANN,ARG,B,D1,E,F,N,PLE,PLW,RET,S,SIM,UP", "--ignore", "ANN401,ARG001,S105"]
    for command in (["check", *settings, *chosen], ["format", "--check", *settings]):
        done = subprocess.run([ruff, *command, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout
