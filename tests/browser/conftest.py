"""One demo and one browser for all the tests of the inbox; its link signs in once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from browser.agent import Demo, Page, wait
from selenium import webdriver
from toys.browser import chrome


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    data = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "gateway.main", "demo", "--port", "0", "--data", str(data)]
    with (data / "said").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    try:
        link = wait(lambda: re.search(r"http://\S+/inbox/#link=\S+", (data / "said").read_text()))
        yield Demo(link[0])
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    found = chrome(tmp_path_factory.mktemp("profile"))
    yield found
    found.quit()


@pytest.fixture(scope="session")
def signed_in(driver: webdriver.Chrome, demo: Demo) -> Page:
    driver.get(demo.link)
    page = Page(driver)
    wait(lambda: page.all(".row"))
    return page


@pytest.fixture
def page(signed_in: Page) -> Iterator[Page]:
    yield signed_in
    said = [entry["message"] for entry in signed_in.driver.get_log("browser")]  # type: ignore[no-untyped-call]
    assert [words for words in said if "Content Security Policy" in words or "Uncaught" in words] == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who signs out comes last: the link has been used."""
    items.sort(key=lambda item: "signing_out" in item.name)
