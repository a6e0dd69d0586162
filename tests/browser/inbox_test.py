"""The inbox in a real browser, against `passerelle demo`: what an agent does all day."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest
from browser.agent import BOT, Demo, Page, wait
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from toys.pictures import png

pytestmark = pytest.mark.browser


def test_a_link_signs_in_once_and_leaves_no_trace(page: Page) -> None:
    assert "#link" not in page.driver.current_url
    wait(lambda: "Live" in page.text(".rail"))
    assert "Ann Lee" in page.text(".rows")


def test_a_conversation_goes_to_and_fro(page: Page, demo: Demo) -> None:
    chat = demo.customer("Nora Live")
    demo.say(chat, "Is anybody there?")
    page.open("Nora Live")
    wait(lambda: "Is anybody there?" in page.last())
    said = demo.say(chat, "Helo?")
    wait(lambda: "Helo?" in page.last())
    demo.call(f"telegram/{BOT}/chats/{chat}/edit", message_id=said, text="Hello?")
    wait(lambda: "Hello?" in page.last() and "Edited" in page.last())

    page.write("Yes, here we are" + Keys.ENTER)
    wait(lambda: "sent" in page.tick())
    assert [call["method"] for call in demo.accepted(chat, "sendMessage")] == ["sendMessage"]
    assert page.text(".line").count("Yes, here we are") == 1
    wait(lambda: "unread" not in (page.one(".row[aria-selected=true]").get_attribute("class") or ""))


def test_a_failure_is_said_in_words_and_sent_again(page: Page, demo: Demo) -> None:
    chat = demo.customer("Fay Fails")
    demo.say(chat, "hi")
    page.open("Fay Fails")
    demo.call("faults", kind="blocked", method="sendMessage", chat=chat, count=1)
    page.write("Can you read this?" + Keys.ENTER)
    wait(lambda: "blocked us" in page.last())
    page.button("Send again", ".line").click()
    wait(lambda: len(page.all(".line.out")) == 2 and "sent" in page.tick())
    assert "Sent again below." in page.all(".line.out")[0].text


def test_an_uncertain_message_is_settled_by_hand(page: Page, demo: Demo) -> None:
    chat = demo.customer("Una Certain")
    demo.say(chat, "hi")
    page.open("Una Certain")
    demo.call("faults", kind="accept_then_drop", method="sendMessage", chat=chat, count=1)
    page.write("Did it get there?" + Keys.ENTER)
    wait(lambda: "This may have arrived." in page.last())
    page.button("It arrived", ".line").click()
    wait(lambda: "tick sent" in page.tick() and "may have" not in page.last())


def test_a_picture_goes_out_with_its_words(page: Page, demo: Demo, tmp_path: Path) -> None:
    chat = demo.customer("Pia Picture")
    demo.say(chat, "show me")
    page.open("Pia Picture")
    file = tmp_path / "lamp.png"
    file.write_bytes(png(2, 2))
    page.one(".foot input[type=file]").send_keys(str(file))
    wait(lambda: page.all(".attachments img") and not page.all(".attachments progress"))
    page.write("the lamp" + Keys.ENTER)
    wait(lambda: "the lamp" in page.last() and "sent" in page.tick())
    assert len(demo.accepted(chat, "sendPhoto")) == 1
    shown = page.all(".line")[-1].find_element(By.CSS_SELECTOR, "img")
    wait(lambda: page.driver.execute_script("return arguments[0].naturalWidth", shown) == 2)


def test_a_question_with_buttons_is_answered(page: Page, demo: Demo) -> None:
    chat = demo.customer("Quin Button")
    demo.say(chat, "which colours?")
    page.open("Quin Button")
    page.button("Ask with buttons").click()
    page.write("Which one?")
    for field, label in zip(page.all(".answers input"), ("Red", "Blue"), strict=True):
        field.send_keys(label)
    page.button("Send").click()
    wait(lambda: "sent" in page.tick())
    [asked] = demo.accepted(chat, "sendMessage")
    messages = json.loads(
        urllib.request.urlopen(f"{demo.address}/simulator/api/telegram/{BOT}/chats/{chat}/messages").read()  # noqa: S310
    )["data"]
    demo.call(f"telegram/{BOT}/chats/{chat}/press", message_id=messages[-1]["message_id"], text="Blue")
    wait(lambda: "Picked" in page.last() and "Blue" in page.last())
    assert asked["method"] == "sendMessage"


def test_taking_noting_resolving_and_coming_back(page: Page, demo: Demo) -> None:
    chat = demo.customer("Rita Solved")
    demo.say(chat, "please help")
    page.open("Rita Solved")
    page.button("Take it").click()
    wait(lambda: "Yours" in page.text(".head"))
    page.button("Note").click()
    page.write("ask the warehouse" + Keys.ENTER)
    wait(lambda: "ask the warehouse" in page.text(".note") and "Private" in page.text(".note"))
    page.button("Reply").click()
    page.button("Resolve").click()
    page.button("Reopen")
    wait(lambda: "You resolved the conversation" in page.text(".timeline"))
    assert demo.accepted(chat, "sendMessage") == []

    time.sleep(1.1)  # Telegram tells whole seconds: said in the same one, it would stand before the resolving
    demo.say(chat, "one more thing")
    page.button("Resolve")
    wait(lambda: "New request" in page.text(".timeline"))


def test_what_is_typed_is_kept_over_a_reload_and_a_dead_server(page: Page, demo: Demo) -> None:
    chat = demo.customer("Dora Draft")
    demo.say(chat, "hello")
    page.open("Dora Draft")
    page.write("half a thou")
    page.driver.refresh()
    wait(lambda: page.one("#composer-text").get_attribute("value") == "half a thou")

    offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    page.write("ght" + Keys.ENTER)
    wait(lambda: "Not sent yet." in page.last())
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**offline, "offline": False})
    page.button("Try again", ".line").click()
    wait(lambda: "sent" in page.tick())
    assert len(demo.accepted(chat, "sendMessage")) == 1
    assert page.text(".line").count("half a thought") == 1
    wait(lambda: "Live" in page.text(".rail"), 40)


def test_letters_do_things_only_outside_text_fields(page: Page) -> None:
    body = page.one("body")
    page.one("#composer-text").send_keys("jk" + Keys.ESCAPE)
    assert page.one("#composer-text").get_attribute("value") == "jk"
    page.one("#composer-text").clear()
    page.one("#composer-text").send_keys("x" + Keys.BACKSPACE + Keys.ESCAPE)
    body.send_keys("?")
    wait(lambda: "Next conversation" in page.text("dialog"))
    page.button("Close", "dialog").click()
    wait(lambda: not page.all("dialog"))


def test_another_language_is_one_choice_away(page: Page) -> None:
    page.button("Settings").click()
    [french] = [one for one in page.all("dialog label") if one.text == "Français"]
    french.click()
    wait(lambda: "Réglages" in page.text("dialog"))
    assert page.driver.execute_script("return document.documentElement.lang") == "fr"
    [english] = [one for one in page.all("dialog label") if one.text == "English"]
    english.click()
    page.button("Close", "dialog").click()


def test_a_phone_shows_one_pane_at_a_time(page: Page) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert page.one("#composer-text").is_displayed()
        assert page.one("#composer-text").size["width"] > 350
        assert not page.one("#search").is_displayed()
        page.button("Back to the list").click()
        wait(lambda: page.one("#search").is_displayed() and not page.all("#composer-text"))
        assert page.driver.execute_script("return document.documentElement.scrollWidth") == 390
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_signing_out_and_a_wrong_password(page: Page) -> None:
    page.one(".rail .me").click()
    page.button("Sign out").click()
    page.one("#email").send_keys("demo@example.com")
    page.one("#password").send_keys("not this one" + Keys.ENTER)
    wait(lambda: "do not go together" in page.text("#signin-said"))
