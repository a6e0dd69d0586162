"""One browser, two windows: a customer on the phone page, an agent in the inbox, and the whole gateway in between."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from toys.browser import chrome
from toys.pictures import png

pytestmark = pytest.mark.browser


class Windows:
    """Both pages; ``look`` keeps a picture of them where SCREENSHOTS says."""

    def __init__(self, driver: Chrome, phone: str, inbox: str) -> None:
        self.driver = driver
        driver.get(phone)
        self._phone = driver.current_window_handle
        driver.switch_to.new_window("window")
        driver.set_window_size(1440, 900)
        driver.get(inbox)
        self._inbox = driver.current_window_handle

    def customer(self) -> Windows:
        self.driver.switch_to.window(self._phone)
        return self

    def agent(self) -> Windows:
        self.driver.switch_to.window(self._inbox)
        return self

    def sees(self, text: str, within: str = "body") -> None:
        self.until(lambda: text in self.text(within), f"{text!r} in {within}: {self.text(within)[:2000]}")

    def text(self, within: str) -> str:
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText).join(' ')"
        return str(self.driver.execute_script(script, within))

    def click(self, selector: str, text: str = "") -> None:
        script = """const e = [...document.querySelectorAll(arguments[0])].filter(e =>
            e.innerText.includes(arguments[1]) || e.getAttribute('aria-label') === arguments[1]).at(-1);
            if (!e) return false; e.click(); return true"""
        self.until(lambda: self.driver.execute_script(script, selector, text), f"{selector} with {text!r}")

    def writes(self, selector: str, text: str) -> None:
        self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, selector), selector)
        self.driver.find_element(By.CSS_SELECTOR, selector).send_keys(text)

    def chooses(self, file: Path) -> None:
        self.driver.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(file))

    def pictures(self, within: str) -> int:
        script = (
            "return [...document.querySelectorAll(arguments[0])].filter(i => i.complete && i.naturalWidth > 8).length"
        )
        return int(self.driver.execute_script(script, f"{within} img"))

    def until(self, ready: Callable[[], Any], what: str) -> None:
        ends = time.monotonic() + 60
        while not ready():
            assert time.monotonic() < ends, f"waited in vain for {what}"
            time.sleep(0.05)

    def look(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            for window, page in ((self._phone, "phone"), (self._inbox, "inbox")):
                self.driver.switch_to.window(window)
                self.driver.save_screenshot(str(Path(folder) / f"{name}-{page}.png"))


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[Windows]:
    said = tmp_path / "said"
    command = [sys.executable, "-m", "gateway.main", "demo", "--port", "0", "--data", str(tmp_path / "data")]
    with said.open("w") as to:
        demo = subprocess.Popen(command, stdout=to, stderr=subprocess.STDOUT)
    driver = chrome(tmp_path / "profile")
    try:
        while "Press Ctrl-C" not in said.read_text():
            assert demo.poll() is None, said.read_text()
            time.sleep(0.05)
        inbox = re.search(r"http://\S+/inbox/#link=\S+", said.read_text())
        assert inbox is not None
        yield Windows(driver, inbox[0].split("/inbox/")[0] + "/simulator/", inbox[0])
    finally:
        driver.quit()
        demo.terminate()
        assert demo.wait(20) == 0


def test_a_customer_is_answered_where_they_wrote(windows: Windows, tmp_path: Path) -> None:
    windows.customer().sees("Ann Lee")
    windows.writes("#write", "Is my parcel lost?" + Keys.ENTER)
    windows.agent().sees("Is my parcel lost?", ".rows")
    windows.click(".row", "Ann Lee")
    windows.sees("Is my parcel lost?", ".line")
    windows.writes("#composer-text", "It is at your neighbour's." + Keys.ENTER)
    windows.customer().sees("It is at your neighbour's.", "#phone")
    windows.look("answered")

    picture = tmp_path / "parcel.png"
    picture.write_bytes(png(64, 48))
    windows.customer().chooses(picture)
    windows.writes("#write", Keys.ENTER)
    windows.agent().until(lambda: windows.pictures(".line.in") == 1, "the customer's picture")
    windows.chooses(picture)
    windows.click("button", "Send")
    windows.customer().until(lambda: windows.pictures("#phone") >= 2, "the agent's picture")
    windows.look("pictures")
