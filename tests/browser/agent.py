"""What an agent's browser tests share: a running demo, and the page in an agent's words."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

BOT = "4200000001"
PATIENCE = 60.0


@dataclass
class Demo:
    """A running demo: its address, its sign-in link, and the simulated customers."""

    link: str

    @property
    def address(self) -> str:
        return self.link.split("/inbox/")[0]

    def call(self, path: str, **fields: Any) -> Any:
        asked = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.address}/simulator/api/{path}",
            json.dumps(fields).encode(),
            {"Content-Type": "application/json", "Origin": self.address},
        )
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - see above
            return json.load(answer)

    def customer(self, name: str) -> str:
        made = self.call(f"telegram/{BOT}/people", name=name)
        return str(made["chat_id"])

    def say(self, chat: str, text: str) -> int:
        said: int = self.call(f"telegram/{BOT}/chats/{chat}/messages", text=text)["message_id"]
        return said

    def read(self, path: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.address}/simulator/api/{path}") as answer:  # noqa: S310 - our own address
            found: list[dict[str, Any]] = json.load(answer)["data"]
            return found

    def accepted(self, chat: str, method: str) -> list[dict[str, Any]]:
        return self.read(f"telegram/{BOT}/accepted?chat={chat}&method={method}")

    def calls(self, chat: str, method: str) -> list[dict[str, Any]]:
        return [call for call in self.read("traffic") if call["name"] == method and call["chat"] == chat]


class Page:
    """The browser, in an agent's words."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        found: list[WebElement] = wait(lambda: self.all(selector))
        return found[0]

    def text(self, selector: str) -> str:
        return " ".join(found.text for found in self.all(selector))

    def button(self, words: str, within: str = "body") -> WebElement:
        def found() -> WebElement | None:
            for one in self.all(f"{within} button"):
                if one.is_displayed() and words in (one.text, one.get_attribute("aria-label")):
                    return one
            return None

        one: WebElement = wait(found)
        return one

    def open(self, name: str) -> None:
        wait(lambda: [row for row in self.all(".row") if name in row.text])[0].click()
        wait(lambda: name in self.text("#person-name") and self.all("#composer-text"))

    def write(self, text: str) -> None:
        self.one("#composer-text").send_keys(text)

    def last(self) -> str:
        lines = self.all(".line")
        return lines[-1].text if lines else ""

    def tick(self) -> str:
        lines = self.all(".line.out .tick")
        return (lines[-1].get_attribute("class") or "") if lines else ""


def wait(ready: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What `ready` answers once it answers something; an element that is being replaced counts as nothing."""
    ends = time.monotonic() + patience
    error: Exception | None = None
    while time.monotonic() < ends:
        try:
            if found := ready():
                return found
        except Exception as failed:  # noqa: BLE001 - the page is moving; the last error is told below
            error = failed
        time.sleep(0.05)
    raise AssertionError("waited in vain") from error


def inside(page: Page, module: str, script: str, *args: Any) -> Any:
    """What a script answers that is given a module of the page as ``it``."""
    waits = f"""const done = arguments[arguments.length - 1];
        import('/inbox/{module}').then((it) => {{ {script} }}).then(done, (e) => done('broken: ' + e))"""
    found = page.driver.execute_async_script(waits, *args)  # type: ignore[no-untyped-call]
    assert not str(found).startswith("broken: "), found
    return found


def meet(page: Page, demo: Demo, name: str) -> str:
    """A new customer, whose conversation is open."""
    chat = demo.customer(name)
    demo.say(chat, "Hello there")
    page.open(name)
    wait(lambda: "Hello there" in page.last())
    return chat


def show(page: Page, *lines: dict[str, Any]) -> None:
    """Lines in the open conversation, as a frame would bring them."""
    script = """const id = decodeURIComponent(location.hash.split('/')[2]);
        const known = it.timeline(id).lines.value[0];
        const ours = { kind: 'agent', id: 'agt_other', name: 'Zoe' };
        arguments[0].forEach((line, at) => {
          const now = new Date(Date.now() + 60000 + at * 1000).toISOString();
          it.putLine({ ...known, id: `msg_shown_${at}`, provider_ids: [`9:${at}`], parts: [], sent_at: now, received_at: now,
            ...(line.direction === 'out' ? { author: ours, status: 'sent' } : {}), ...line });
        });"""
    inside(page, "lines.js", script, list(lines))
    wait(lambda: lines[-1].get("id", f"msg_shown_{len(lines) - 1}") in page.driver.page_source)


def tell(page: Page, *frames: dict[str, Any]) -> None:
    script = """const stream = decodeURIComponent(location.hash.split('/')[2]);
        arguments[0].forEach((frame) => it.applyToLines({ stream, ...frame }))"""
    inside(page, "lines.js", script, list(frames))


def line(page: Page, of: str) -> WebElement:
    return page.one(f'.line[data-id~="{of}"]')


def open_menu(page: Page, shown: WebElement) -> None:
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", shown)
    shown.find_element(By.CSS_SELECTOR, ".more").click()
    page.one(".menu")


def upload(page: Page, content: bytes, name: str = "a.wav") -> str:
    """A file that the gateway keeps."""
    script = """const form = new FormData(); form.append('file', new File([new Uint8Array(arguments[0])], arguments[1]));
        return fetch('/v1/attachments', { method: 'POST', body: form }).then((answer) => answer.json()).then((one) => one.media)"""
    return str(inside(page, "api.js", script, list(content), name))
