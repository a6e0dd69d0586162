"""What an agent can do with a line, in a real browser: change it, take it back, react, answer; and what is told of it."""

from __future__ import annotations

import pytest
from browser.agent import BOT, Demo, Page, inside, meet, open_menu, wait
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.browser


def test_a_line_is_changed_and_deleted_for_the_customer_too(page: Page, demo: Demo) -> None:
    chat = meet(page, demo, "Eddy Edit")
    page.write("It coms tomorrow" + Keys.ENTER)
    wait(lambda: "sent" in page.tick())
    open_menu(page, page.all(".line.out")[-1])
    page.button("Edit", ".menu").click()
    field = page.one(".editing textarea")
    assert field.get_attribute("value") == "It coms tomorrow"
    field.send_keys(Keys.CONTROL + "a")
    field.send_keys("It comes tomorrow" + Keys.ENTER)
    wait(lambda: "It comes tomorrow" in page.last() and "Edited" in page.last() and not page.all(".editing"))
    assert [call["method"] for call in demo.accepted(chat, "editMessageText")] == ["editMessageText"]

    open_menu(page, page.all(".line.out")[-1])
    page.button("Delete", ".menu").click()
    page.button("Keep", ".deleting").click()
    wait(lambda: not page.all(".deleting"))
    open_menu(page, page.all(".line.out")[-1])
    page.button("Delete", ".menu").click()
    page.button("Delete", ".deleting").click()
    wait(lambda: "This message was deleted (" in page.last())
    assert "comes" not in page.last()
    assert len(demo.accepted(chat, "deleteMessage")) == 1


def test_what_the_provider_refuses_is_said_and_nothing_typed_is_lost(page: Page, demo: Demo) -> None:
    chat = meet(page, demo, "Rufus Refused")
    page.write("first words" + Keys.ENTER)
    wait(lambda: "sent" in page.tick())
    demo.call("faults", kind="blocked", method="editMessageText", chat=chat, count=1)
    open_menu(page, page.all(".line.out")[-1])
    page.button("Edit", ".menu").click()
    page.one(".editing textarea").send_keys(", and more" + Keys.ENTER)
    wait(lambda: "blocked us" in page.text(".editing [role=alert]"))
    assert page.one(".editing textarea").get_attribute("value") == "first words, and more"
    page.one(".editing textarea").send_keys(Keys.ENTER)
    wait(lambda: "first words, and more" in page.last() and not page.all(".editing"))


def test_an_emoji_is_put_on_and_taken_off(page: Page, demo: Demo) -> None:
    chat = meet(page, demo, "Remy React")
    open_menu(page, page.all(".line.in")[-1])
    page.button("React with 👍", ".menu").click()
    mine = wait(lambda: page.all(".reactions button[aria-pressed=true]"))[0]
    wait(lambda: demo.accepted(chat, "setMessageReaction"))
    assert "You, " in (mine.get_attribute("aria-label") or "")
    mine.click()
    wait(lambda: not page.all(".reactions"))
    assert len(demo.accepted(chat, "setMessageReaction")) == 2


def test_a_customer_reacts_and_answers(page: Page, demo: Demo) -> None:
    chat = meet(page, demo, "Cora Customer")
    page.write("Shall we?" + Keys.ENTER)
    wait(lambda: "sent" in page.tick())
    [asked] = demo.accepted(chat, "sendMessage")
    number = asked["message_id"]
    demo.call(f"telegram/{BOT}/chats/{chat}/react", message_id=number, emoji="🎉")
    wait(lambda: "🎉" in page.text(".line.out .reactions"))
    demo.call(f"telegram/{BOT}/chats/{chat}/messages", text="Yes!", reply_to=number)
    wait(lambda: "Yes!" in page.text(".line.in") and "Shall we?" in page.text(".line.in .quoted"))


def test_a_reply_points_at_what_it_answers(page: Page, demo: Demo) -> None:
    chat = meet(page, demo, "Ray Reply")
    open_menu(page, page.all(".line.in")[-1])
    page.button("Reply", ".menu").click()
    wait(lambda: "Answering Ray Reply" in page.text(".answering"))
    page.write("to you" + Keys.ENTER)
    wait(lambda: "sent" in page.tick() and not page.all(".answering"))
    assert "Hello there" in page.text(".line.out .quoted")
    [call] = demo.accepted(chat, "sendMessage")
    assert "reply_parameters" in str(call)


def test_typing_shows_at_the_customers_side_and_not_at_every_key(page: Page, demo: Demo) -> None:
    chat = meet(page, demo, "Tia Typing")
    for letter in "hello":
        page.write(letter)
    wait(lambda: demo.calls(chat, "sendChatAction"))
    page.one("#composer-text").clear()
    assert len(demo.calls(chat, "sendChatAction")) < len("hello")


def test_an_account_in_trouble_is_signed_in_the_rail(page: Page) -> None:
    trouble = {
        "name": "page", "channel": "messenger", "brand": "main", "state": "down", "why": "the token has expired",
        "since": "2026-11-22T08:00:00.000Z", "limits": {}, "powers": [],
    }  # fmt: skip
    well = {**trouble, "name": "phone", "channel": "sms", "state": "ok", "why": "", "since": None}
    script = "it.accounts.value = new Map(arguments[0].map((one) => [one.name, one]))"
    before = inside(page, "store.js", "return [...it.accounts.value.values()]")
    inside(page, "store.js", script, [well])
    wait(lambda: not page.all(".rail .ailing"))
    inside(page, "store.js", script, [well, trouble])
    page.one(".rail .ailing").click()
    said = [found.text for found in wait(lambda: page.all(".accounts li"))]
    assert "Out of order" in said[0]
    assert "the token has expired" in said[0]
    assert "Works" in said[1]
    page.button("Close", "dialog").click()
    inside(page, "store.js", script, before)
