"""The composer says what the customer will get, where that differs from what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.agent import Demo, Page, wait
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from toys.pictures import png

pytestmark = pytest.mark.browser

SENTENCE = "One sentence after another. "


def fill(page: Page, words: str) -> None:
    """Put words into the box at once, as pasting does."""
    page.driver.execute_script(
        "const box = document.getElementById('composer-text'); box.value = arguments[0];"
        " box.dispatchEvent(new Event('input', { bubbles: true }));",
        words,
    )


def test_what_will_be_changed_is_said_before_it_is_sent(page: Page, demo: Demo, tmp_path: Path) -> None:
    chat = demo.customer("Lou Long")
    demo.say(chat, "Tell me everything")
    page.open("Lou Long")
    wait(lambda: page.one("#composer-text").is_displayed())
    fill(page, SENTENCE * 300)
    wait(lambda: page.text(".fits") == "Goes as 3 messages.")
    fill(page, "Short")
    wait(lambda: not page.text(".fits"))

    file = tmp_path / "lamp.png"
    file.write_bytes(png(2, 2))
    page.one(".foot input[type=file]").send_keys(str(file))
    wait(lambda: page.all(".attachments img") and not page.all(".attachments progress"))
    fill(page, SENTENCE * 50)
    wait(lambda: page.text(".fits") == "Goes as 2 messages. The caption goes as a message of its own.")
    page.one("#composer-text").send_keys(Keys.ENTER)
    wait(lambda: "sent" in page.tick())
    assert len(demo.accepted(chat, "sendPhoto")) == 1
    assert [call["method"] for call in demo.accepted(chat, "sendMessage")] == ["sendMessage"]
    assert not page.driver.find_element(By.CSS_SELECTOR, ".fits").is_displayed()
