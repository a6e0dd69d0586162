"""The phone page in a real browser: write, press, edit, block, order faults, read the traffic; wide, narrow, French."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from simulator_kit import post, start
from toys.browser import chrome as toys_chrome
from toys.pictures import png

pytestmark = pytest.mark.browser
TOKEN = "1000001:abcdefghijklmnopqrstuv"


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    found = toys_chrome(tmp_path_factory.mktemp("profile"))
    try:
        yield found
    finally:
        found.quit()


@pytest.fixture
def browser(chrome: Chrome, address: str) -> Iterator[Chrome]:
    assert address  # the page is left before its server ends
    yield chrome
    chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chrome.get("about:blank")
    assert chrome.get_log("browser") == []  # type: ignore[no-untyped-call]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    process, url = start(tmp_path / "data")
    try:
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=30)


class Page:
    """The page as somebody uses it."""

    def __init__(self, browser: Chrome, address: str) -> None:
        self.browser = browser
        self.address = address
        browser.get(address)

    def _find(self, selector: str, text: str, then: str = "return e") -> Any:
        """The last element that the selector and the text mean; found and used in one go, as pages redraw."""
        find = "const e = [...document.querySelectorAll(arguments[0])].filter(e => e.textContent.includes(arguments[1])).at(-1)"
        script = f"{find}; if (!e) return null; {then}"
        wait = WebDriverWait(self.browser, 5, 0.02)
        return wait.until(lambda b: b.execute_script(script, selector, text), f"{selector} with {text!r}")

    def see(self, selector: str, text: str = "") -> WebElement:
        found = self._find(selector, text)
        assert isinstance(found, WebElement)
        return found

    def gone(self, selector: str) -> None:
        WebDriverWait(self.browser, 5, 0.02).until_not(lambda b: b.find_elements(By.CSS_SELECTOR, selector))

    def click(self, selector: str, text: str = "") -> None:
        self._find(selector, text, "e.click(); return true")

    def type(self, text: str) -> None:
        self.see("#write").send_keys(text, Keys.ENTER)

    def call(self, method: str, **params: Any) -> Any:
        return post(f"{self.address}telegram/bot{TOKEN}/{method}", **params)["result"]

    @property
    def too_wide(self) -> bool:
        script = "return document.documentElement.scrollWidth > innerWidth"
        return bool(self.browser.execute_script(script))


def begin(browser: Chrome, address: str) -> Page:
    page = Page(browser, address)
    page.see("#phone h2", "No bot has called yet")
    page.click("#phone .start button")
    page.click("#phone .empty button", "New customer")
    page.see("dialog input[name=first_name]").send_keys("Ann", Keys.TAB, "Lee", Keys.ENTER)
    page.see("#customer option", "Ann Lee")
    return page


def test_a_conversation(browser: Chrome, address: str, tmp_path: Path) -> None:
    page = begin(browser, address)
    page.type("Hello, is anybody there?")
    page.see(".own .bubble", "Hello, is anybody there?")
    (update,) = page.call("getUpdates")
    chat = update["message"]["chat"]["id"]
    page.call("sendChatAction", chat_id=chat, action="typing")
    page.see(".chat-top small.typing", "typing")
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}, {"text": "No", "callback_data": "n"}]]}
    page.call("sendMessage", chat_id=chat, text="<b>Hello</b> <i>Ann</i>", parse_mode="HTML", reply_markup=keyboard)
    page.see(".bot .text strong", "Hello")
    page.click(".inline", "Yes")
    page.see('.inline[aria-busy="true"] .spinner')
    query = page.call("getUpdates")[-1]["callback_query"]
    page.call("answerCallbackQuery", callback_query_id=query["id"], text="Noted")
    page.see(".toast", "Noted")
    page.gone(".inline[aria-busy]")
    page.see("#write").send_keys(Keys.ARROW_UP)
    page.see(".strip", "Editing")
    page.type(" Really?")
    page.see(".own .meta em", "edited")
    picture = tmp_path / "door.png"
    picture.write_bytes(png(300, 200))
    page.see("#picture").send_keys(str(picture))
    page.see(".strip", "door.png")
    page.type("my door")
    page.see(".own.pictured .text", "my door")
    page.click(".picture")
    page.see("dialog.viewer img")
    page.click("dialog.viewer button")
    page.click("#block")
    page.see(".blocked", "Ann Lee has blocked this bot")
    page.click(".blocked button")
    page.see("#write")
    kinds = [next(key for key in update if key != "update_id") for update in page.call("getUpdates")]
    assert kinds == ["message", "callback_query", "edited_message", "message", "my_chat_member", "my_chat_member"]


def test_faults_and_traffic(browser: Chrome, address: str) -> None:
    page = begin(browser, address)
    page.call("setWebhook", url="http://127.0.0.1:1/hook", secret_token="very-secret-word")
    page.see(".exchanges .sentence", "The gateway registers its webhook")
    page.type("Hello")
    page.see(".exchanges .status.bad", "not taken")
    page.see(".exchanges .sentence", "Ann Lee wrote")
    page.call("deleteWebhook")
    chat = page.call("getUpdates")[0]["message"]["chat"]["id"]
    page.click('[data-kind="too_many_requests"] button', "Once")
    page.see(".force", "Too many requests")
    refused = post(f"{address}telegram/bot{TOKEN}/sendMessage", chat_id=chat, text="x")
    assert refused["error_code"] == 429
    page.see(".exchanges .status.warn", "429 not now")
    page.see(".exchanges .ordered", "Too many requests")
    page.see(".calm", "All is well")
    page.see("#filter").send_keys("registers")
    page.gone(".exchanges .status.warn")
    page.click(".exchanges summary")
    page.see(".exchanges .json", '"secret_token": "•••"')
    page.click('[data-kind="webhook_duplicate"] button', "Until lifted")
    page.click(".force button", "Lift")
    page.gone(".force")
    assert "very-secret-word" not in browser.page_source
    assert TOKEN not in browser.page_source


def test_narrow_and_french(browser: Chrome, address: str) -> None:
    page = begin(browser, address)
    page.type("Bonjour")
    page.see(".own .bubble", "Bonjour")
    browser.execute_script(
        "const s = document.querySelector('#language'); s.value = 'fr'; s.dispatchEvent(new Event('change'))"
    )
    page.see("h1", "Téléphone simulé")
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for view in ("traffic", "faults", "phone"):
        page.click(f'.views [data-view="{view}"]')
        shown = [name for name in ("phone", "traffic", "faults") if page.see(f"#{name}").is_displayed()]
        assert shown == [view]
        assert not page.too_wide
    browser.refresh()
    page.see(".own .bubble", "Bonjour")
    page.see("h1", "Téléphone simulé")
