"""The composer in a real browser, on accounts of WhatsApp and of SMS: templates, and segments before sending."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from browser.agent import Page, wait
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from toys.browser import chrome

from connectors import twilio, whatsapp
from connectors.api import Answer
from gateway.config import Account
from normalizer.model import Text

pytestmark = pytest.mark.browser

ORDER = {
    "name": "order_sent", "language": "en", "status": "APPROVED", "category": "UTILITY",
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Dear {{1}}"},
        {"type": "BODY", "text": "Order {{1}} leaves on {{day}}.\nThank you!"},
        {"type": "FOOTER", "text": "The shop"},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Where is it?"}]},
    ],
}  # fmt: skip
BARE = {"name": "sorry", "language": "fr", "status": "APPROVED", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Pardon\u00a0!"}]}  # fmt: skip
PENDING = BARE | {"name": "sale", "status": "PENDING"}


def told(said: object, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(said).encode())


@dataclass
class Desk:
    """An agent's page, and the conversation that it shows."""

    house: object
    page: Page
    secret: str

    async def open(self, conversation: str) -> None:
        await asyncio.to_thread(self._open, conversation)

    def _open(self, conversation: str) -> None:
        driver, origin = self.page.driver, self.house.origin
        driver.get(f"{origin}/nothing")
        driver.add_cookie({"name": "passerelle_session", "value": self.secret})
        driver.get(f"{origin}/inbox/#/all/{conversation}")
        wait(lambda: self.page.all("#composer-text"))

    def look(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


@pytest.fixture
async def desk(house, tmp_path: Path) -> AsyncIterator[Desk]:
    given = {"phone_number_id": "123", "waba_id": "9", "token": "t", "app_secret": "s", "verify_token": "v"}
    settings = whatsapp.Settings(name="numbers", connector="whatsapp", brand="main", **given)
    house.accounts["numbers"] = Account("numbers", whatsapp.connector, settings)
    texts = {"account_sid": "AC1", "auth_token": "t", "sender": "+15550006789"}
    sms = twilio.Settings(name="sms", connector="twilio", brand="main", **texts)
    house.accounts["sms"] = Account("sms", twilio.connector, sms)
    house.adopt()
    browser = await house.browser(await house.agent())
    secret = browser.headers["Cookie"].partition("=")[2]
    driver = await asyncio.to_thread(chrome, tmp_path / "profile")
    try:
        yield Desk(house, Page(driver), secret)
    finally:
        said = [entry["message"] for entry in driver.get_log("browser")]
        await asyncio.to_thread(driver.quit)
    assert [words for words in said if "Content Security Policy" in words or "Uncaught" in words] == []


async def test_a_template_is_found_filled_in_seen_and_sent(house, desk: Desk) -> None:
    record = await house.wrote(account="numbers", at=house.clock.now() - timedelta(hours=30))
    house.http_out.to["message_templates"] = [told({"data": [ORDER, BARE, PENDING]})]
    await desk.open(record.stream)
    page = desk.page

    def chosen() -> None:
        page.write("kept for later")
        wait(lambda: "only an approved template goes now" in page.text(".composer .band"))
        page.button("Choose a template", ".composer .band").click()
        wait(lambda: len(page.all(".choose")) == 2)
        assert "1 more is not approved." in page.text(".picker")
        desk.look("template-picker")
        page.one(".picker input").send_keys("leaves order")
        wait(lambda: [one.find_element(By.TAG_NAME, "strong").text for one in page.all(".choose")] == ["order_sent"])
        page.one(".picker input").send_keys(Keys.ENTER)
        wait(lambda: len(page.all(".blanks input")) == 3)
        assert not page.all("#composer-text")
        assert not page.all(".picker")

    def filled() -> None:
        page.button("Send", ".composer").click()
        wait(lambda: "Still to fill in: Header, blank 1, Blank 1, day." in page.text(".foot .lack"))
        for field, words in zip(page.all(".blanks input"), ("Ann", "#42", "Friday"), strict=True):
            field.send_keys(words)
        wait(lambda: "Dear Ann" in page.text(".preview") and "Order #42 leaves on Friday." in page.text(".preview"))
        assert "The shop" in page.text(".preview")
        assert page.text(".preview li") == "Where is it?"
        assert not page.all(".preview mark")
        assert page.text(".foot .lack") == ""
        desk.look("template-filled")
        page.driver.refresh()
        wait(lambda: "Order #42 leaves on Friday." in page.text(".preview"))
        page.button("Send", ".composer").click()
        wait(lambda: page.all(".line.out") and "order_sent" in page.last())
        wait(lambda: page.all("#composer-text"))
        assert page.one("#composer-text").get_attribute("value") == "kept for later"
        desk.look("template-sent")

    await asyncio.to_thread(chosen)
    await asyncio.to_thread(filled)
    [line] = [one for one in (await house.store.lines(record.stream, 50, None)).data if one.direction == "out"]
    assert [part.model_dump() for part in line.parts] == [
        {"kind": "template", "name": "order_sent", "language": "en",
         "parameters": {"header.1": "Ann", "1": "#42", "day": "Friday"}},
    ]  # fmt: skip


async def test_a_list_that_cannot_be_had_says_why_and_can_be_asked_for_again(house, desk: Desk) -> None:
    record = await house.wrote(account="numbers")
    no = {"error": {"message": "(#190) Session has expired", "type": "OAuthException", "code": 190}}
    house.http_out.to["message_templates"] = [told(no, 401), told({"data": []}), told({"data": [BARE]})]
    await desk.open(record.stream)
    page = desk.page

    def looked() -> None:
        page.write("not yet")
        page.button("Choose a template", ".foot").click()
        wait(lambda: "The channel no longer accepts our credentials." in page.text(".picker [role=alert]"))
        assert "(#190) Session has expired" in page.text(".picker [role=alert]")
        desk.look("template-failed")
        page.button("Ask again", ".picker").click()
        wait(lambda: "No approved template yet." in page.text(".picker"))
        page.button("Ask again", ".picker").click()
        wait(lambda: page.all(".choose"))
        page.one(".picker input").send_keys("nothing of the sort")
        wait(lambda: "No template has these words." in page.text(".picker"))
        page.one(".picker input").send_keys(Keys.ENTER)
        page.one(".picker input").send_keys(Keys.ESCAPE)
        wait(lambda: not page.all(".picker"))
        wait(lambda: page.driver.switch_to.active_element.get_attribute("id") == "composer-text")
        assert page.one("#composer-text").get_attribute("value") == "not yet"
        assert not page.all(".line.out")

    await asyncio.to_thread(looked)


async def test_what_a_closed_window_refuses_leads_to_the_templates(house, desk: Desk) -> None:
    record = await house.wrote(account="numbers", at=house.clock.now() - timedelta(hours=30))
    house.http_out.to["message_templates"] = [told({"data": [BARE]})]
    await desk.open(record.stream)
    page = desk.page

    def sent() -> None:
        page.write("hello" + Keys.ENTER)
        wait(lambda: "Not sent; your text is kept below." in page.text(".composer [role=alert]"))
        page.button("Choose a template", ".composer [role=alert]").click()
        wait(lambda: page.all(".choose"))
        page.one(".choose").click()
        wait(lambda: "Pardon" in page.text(".preview"))
        page.button("Send no template").click()
        wait(lambda: page.one("#composer-text").get_attribute("value") == "hello")

    await asyncio.to_thread(sent)


async def test_every_sms_says_how_many_segments_it_takes_and_what_is_left(house, desk: Desk) -> None:
    record = await house.wrote(account="sms")
    await house.wrote("43", Text(text="other"), account="support")
    await desk.open(record.stream)
    page = desk.page

    def written() -> None:
        page.write("hello")
        wait(lambda: page.text(".fits") == "1 SMS \u00b7 155 left.")
        desk.look("sms-segments")
        page.write(" " + "x" * 160)
        wait(lambda: page.text(".fits") == "2 SMS \u00b7 140 left.")
        page.write(Keys.CONTROL + "a" + Keys.NULL + Keys.DELETE)
        wait(lambda: not page.text(".fits"))
        page.write("\u4f60\u597d")
        wait(lambda: page.text(".fits").startswith("1 SMS \u00b7 68 left. A special character"))

    await asyncio.to_thread(written)
