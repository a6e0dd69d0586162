"""The walk through `docs/adding-a-connector.md` is walked: its commands as they stand, with a package of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "adding-a-connector.md").read_text()
BLOCKS = re.findall(r"<!-- executed by tests/docs -->\n```sh\n(.*?)```", GUIDE, re.DOTALL)
FEW = (
    "from hypothesis import settings\nsettings.register_profile('few', max_examples=10)\nsettings.load_profile('few')\n"
)
END = "\nkill %1\nwait %1\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment to install into, which sees all that is installed here, and no index of packages."""
    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=120)
    [packages] = place.glob("lib/python*/site-packages")
    (packages / "here.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    (packages / "project.pth").write_text(f"{ROOT}\n")
    (packages / "few_examples.py").write_text(FEW)
    command = place / "bin" / "passerelle"
    command.write_text(f"#!{place}/bin/python\nfrom gateway.main import main\nmain()\n")
    command.chmod(0o755)
    quick = {"PYTEST_ADDOPTS": "-p few_examples", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    settings = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTEST_", "COV_"))}
    return {**plain, **quick, **settings, "PATH": f"{place}/bin:{os.environ['PATH']}", "VIRTUAL_ENV": str(place)}


def _tools() -> None:
    missing = [tool for tool in ("bash", "curl", "openssl", "patch") if shutil.which(tool) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"needed: apt-get install {' '.join(missing)}")
    if missing:
        pytest.skip(f"needed: apt-get install {' '.join(missing)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def test_the_walk_is_as_it_says(tmp_path: Path, environment: dict[str, str]) -> None:
    _tools()
    walk = "".join(BLOCKS).replace("8080", str(_free_port()))
    script = f"set -meuo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{walk}{END}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^parrot 0\.1\.0 \(passerelle-parrot\)$", done.stdout, re.MULTILINE)
    first, second = (int(number) for number in re.findall(r"^(\d+) passed", done.stdout, re.MULTILINE))
    assert second == first + 1
    assert "parrot.yaml: ok" in done.stdout
    [conversation] = json.loads(done.stdout[done.stdout.rindex('{"data"') :])["data"]
    assert conversation["person"]["identities"] == ["parrot:42"]
    assert conversation["last_message"]["parts"] == [{"kind": "text", "text": "Hello!"}]


def test_the_sample_of_the_walk_fails_before_the_connector_knows_it(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    _tools()
    begin, _, _, sample, *_ = BLOCKS
    done = subprocess.run(
        ["bash", "-euc", f"{begin}{sample}\npython -m pytest -q passerelle-parrot -k 'sample'"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": "passerelle-parrot"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert '"unsupported"' in done.stdout


def test_every_power_is_explained() -> None:
    from connectors.api import POWERS  # noqa: PLC0415

    powers = GUIDE.partition("## Powers")[2].partition("\n## ")[0]
    assert [power for power in POWERS if f"`{power}(" not in powers] == []
