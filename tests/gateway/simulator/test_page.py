"""The phone page in a real browser: write, press, edit, block, order faults, read the traffic; wide, narrow, French."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from simulator_kit import form, post, start
from toys.browser import chrome as toys_chrome
from toys.pictures import png

pytestmark = pytest.mark.browser
TOKEN = "1000001:abcdefghijklmnopqrstuv"
KINDS = (
    "text",
    "photo",
    "video",
    "voice",
    "audio",
    "animation",
    "video_note",
    "sticker",
    "venue",
    "contact",
    "document",
)


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
        wait = WebDriverWait(self.browser, 30, 0.02)
        return wait.until(lambda b: b.execute_script(script, selector, text), f"{selector} with {text!r}")

    def see(self, selector: str, text: str = "") -> WebElement:
        found = self._find(selector, text)
        assert isinstance(found, WebElement)
        return found

    def gone(self, selector: str) -> None:
        WebDriverWait(self.browser, 30, 0.02).until_not(lambda b: b.find_elements(By.CSS_SELECTOR, selector))

    def click(self, selector: str, text: str = "") -> None:
        self._find(selector, text, "e.click(); return true")

    def choose(self, button: str, item: str) -> None:
        """An item of the menu that a button opens."""
        self.click(button)
        self.click(".menu button", item)

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
    page.see("#files").send_keys(str(picture))
    page.see(".strip", "door.png")
    page.type("my door")
    page.see(".own.pictured .text", "my door")
    page.click(".own .picture")
    page.see("dialog.viewer img")
    page.click("dialog.viewer button")
    page.click("#block")
    page.see(".blocked", "Ann Lee has blocked this bot")
    page.click(".blocked button")
    page.see("#write")
    kinds = [next(key for key in update if key != "update_id") for update in page.call("getUpdates")]
    assert kinds == ["message", "callback_query", "edited_message", "message", "my_chat_member", "my_chat_member"]


def test_everything_that_a_customer_sends(browser: Chrome, address: str, tmp_path: Path) -> None:
    page = begin(browser, address)
    page.type("**Hello** __you__ `x*y` ||secret||")
    for tag, text in (("strong", "Hello"), ("em", "you"), ("code", "x*y"), (".spoiler", "secret")):
        page.see(f".own .text {tag}", text)
    for label, shown in (
        ("Picture", '.own[data-kind="photo"] .picture img'),
        ("Album", '.own .grid[data-count="4"] .film'),
        ("Video", '.own[data-kind="video"] .film'),
        ("Round video", ".own .round"),
        ("Animation", ".own .moving"),
        ("A sample voice", '.own[data-kind="voice"] .bars rect'),
        ("Music", ".own .sound.named"),
        ("File", ".own .file"),
    ):
        page.click("#attach")
        page.click(".menu .chip", label)
        page.see(shown)
    page.choose("#attach", "Sticker")
    page.click("dialog.stickers > div button")
    page.see(".own.bare .sticker")
    page.choose("#attach", "Location")
    page.click("dialog.form .primary")
    page.see(".own .place strong", "Café de la Mairie")
    page.see(".own .place .map .pin")
    page.choose("#attach", "Contact")
    page.click("dialog.form .primary")
    page.see(".own .card-of strong", "Mary Grant")
    files = [tmp_path / f"{n}.png" for n in range(3)]
    for file in files:
        file.write_bytes(png(30, 20))
    page.see("#files").send_keys("\n".join(map(str, files)))
    page.see(".strip", "3 files")
    page.type("three")
    page.see('.own .grid[data-count="3"]')
    page.see(".own .text", "three")
    said = [update["message"] for update in page.call("getUpdates")]
    kinds = [next(kind for kind in KINDS if kind in message) for message in said]
    albums = ["photo", "photo", "photo", "video"]
    rest = ["video", "video_note", "animation", "voice", "audio", "document", "sticker", "venue", "contact"]
    assert kinds == ["text", "photo", *albums, *rest, "photo", "photo", "photo"]
    assert [entity["type"] for entity in said[0]["entities"]] == ["bold", "italic", "code", "spoiler"]
    assert said[0]["text"] == "Hello you x*y secret"


def test_replies_reactions_edits_and_deletions(browser: Chrome, address: str) -> None:
    page = begin(browser, address)
    page.type("Hello")
    page.see(".own .bubble", "Hello")
    page.call("setWebhook", url="")
    (update,) = page.call("getUpdates")
    chat = update["message"]["chat"]["id"]
    sent = page.call("sendMessage", chat_id=chat, text="one two three")
    page.see(".bot .text", "one two three")
    page.call("setMessageReaction", chat_id=chat, message_id=1, reaction=[{"type": "emoji", "emoji": "🔥"}])
    page.see(".own .reaction", "🔥")
    page.click(".bot .tools")
    page.click(".menu .quick button", "👍")
    page.see(".bot .reaction.mine", "👍")
    select = "const r = document.createRange(), n = document.querySelector('.bot .text').firstChild; r.setStart(n, 4); "
    browser.execute_script(select + "r.setEnd(n, 7); getSelection().removeAllRanges(); getSelection().addRange(r)")
    browser.execute_script("document.querySelector('.bot .tools').dispatchEvent(new PointerEvent('pointerdown'))")
    page.click(".bot .tools")
    page.click(".menu button", "Reply to the selection")
    page.see(".strip", "two")
    page.type("this one")
    page.see(".own .quote", "two")
    assert page.call("getUpdates")[-1]["message"]["quote"]["text"] == "two"
    page.call("editMessageText", chat_id=chat, message_id=sent["message_id"], text="four")
    page.see(".bot .meta em", "edited")
    page.click(".own .tools")
    page.click(".menu button", "Edit")
    page.see(".strip", "Editing")
    page.type(" indeed")
    page.see(".own .text", "this one indeed")
    page.click(".own .tools")
    page.click(".menu button", "Delete")
    page.gone(".own .quote")
    page.call("deleteMessage", chat_id=chat, message_id=sent["message_id"])
    page.gone(".bot .bubble")
    page.call("sendChatAction", chat_id=chat, action="record_voice")
    page.see(".chat-top small.typing", "recording a voice message")


def test_everything_that_a_bot_sends(browser: Chrome, address: str) -> None:
    page = begin(browser, address)
    page.type("Hello")
    page.see(".own .bubble", "Hello")
    (update,) = page.call("getUpdates")
    place = f"{address}api/telegram/1000001/chats/{update['message']['chat']['id']}/messages"
    sent = {kind: post(place, **{kind: "sample"}) for kind in ("photo", "voice", "audio", "video", "document")}
    sent["sticker"] = post(place, sticker="👍")
    updates = {kind: page.call("getUpdates")[n + 1]["message"][kind] for n, kind in enumerate(sent)}
    ids = {kind: (found[-1] if kind == "photo" else found)["file_id"] for kind, found in updates.items()}
    chat = {"chat_id": update["message"]["chat"]["id"]}
    for method, kind, shown in (
        ("sendPhoto", "photo", ".picture img"),
        ("sendVoice", "voice", ".sound .bars"),
        ("sendAudio", "audio", ".sound.named strong"),
        ("sendVideo", "video", ".film video"),
        ("sendDocument", "document", ".file strong"),
        ("sendSticker", "sticker", ".sticker"),
    ):
        page.call(method, **chat, **{kind: ids[kind]})
        page.see(f".bot {shown}")
    page.call("sendVenue", **chat, latitude=48.85, longitude=2.33, title="Café", address="Paris")
    page.see(".bot .place strong", "Café")
    page.call("sendContact", **chat, phone_number="+33612345678", first_name="Bob")
    page.see(".bot .card-of a", "+33612345678")
    page.call("sendMediaGroup", **chat, media=[{"type": "photo", "media": ids["photo"]}] * 2)
    page.see('.bot .grid[data-count="2"] .picture')
    page.click('.bot[data-kind="voice"] .play')
    page.see('.bot[data-kind="voice"] .play[aria-label^="Pause"]')
    page.see('.bot[data-kind="voice"] .play[aria-label^="Play"]')
    assert not page.too_wide


def test_a_voice_without_a_microphone(browser: Chrome, address: str) -> None:
    page = begin(browser, address)
    page.click(".send")
    page.click("dialog.form .primary", "A sample voice")
    page.see('.own[data-kind="voice"] .bars')
    (update,) = page.call("getUpdates")
    assert update["message"]["voice"]["mime_type"] == "audio/ogg"


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


def test_what_else_people_do_is_in_a_menu(browser: Chrome, address: str) -> None:
    """An order with its note, a choice among several, what the provider refuses, and what needs no form at all."""
    post(f"{address}api/whatsapp/106540352242922/people", name="Ann Lee", id="33612345678")
    page = Page(browser, f"{address}#whatsapp/106540352242922/33612345678")
    page.click("#acts")
    page.click('.menu [role="menuitem"]', "Order from the catalogue")
    page.see("dialog.form input[name=text]").send_keys("!", Keys.ENTER)
    page.see('.own[data-kind="order"] .summary dd', "2 x 18.5 EUR")
    page.see(".own .text", "By Friday, please!")
    page.gone("dialog")
    page.click("#acts")
    page.click('.menu [role="menuitem"]', "Change your number")
    page.see("dialog.form input[name=id]").send_keys(Keys.CONTROL, "a", Keys.NULL, "no number", Keys.ENTER)
    page.see("dialog .error:not([hidden])", "a telephone number")
    page.click("dialog.form button", "Cancel")
    browser.get_log("browser")  # type: ignore[no-untyped-call]  # the refusal was meant
    post(f"{address}api/instagram/17840000000000001/people", name="Bob", id="7000000042")
    browser.get("about:blank")
    browser.get(f"{address}#instagram/17840000000000001/7000000042")
    page.click("#acts")
    page.click('.menu [role="menuitem"]', "Mention the business in a story")
    page.see('.own[data-kind="story"] .made-from', "In your story")
    page.see(".own .picture img")
    page.click("#acts")
    page.click('.menu [role="menuitem"]', "Hand the conversation over")
    page.see("dialog.form select option", "It is given back")
    page.click("dialog.form .primary")
    page.see(".chat-top small", "another app answers")


def test_another_tab_by_the_keyboard(browser: Chrome, address: str) -> None:
    """SMS with segments and no reactions; WhatsApp by the same number with a list, a press, and ticks."""
    page = Page(browser, address)
    page.see("#phone h2", "No bot has called yet")
    page.see('[role="tab"][aria-selected="true"]', "Telegram").send_keys(Keys.ARROW_RIGHT)
    page.see('[role="tab"][aria-selected="true"]', "SMS")
    assert browser.switch_to.active_element.text == "SMS"
    page.see("#phone .snippet", "connector: twilio")
    page.click("#phone .start button")
    number = f"{address}api/twilio/15550006789"
    post(number, name="The shop", delivered_after=0)
    for name in ("+33612345678", "whatsapp:+33612345678"):
        page.click("#new-customer")
        page.see("dialog input[name=name]").send_keys(f"Ann {name[:3]}")
        page.see("dialog input[name=id]").send_keys(name, Keys.ENTER)
        page.see("#customer option", f"Ann {name[:3]}")
    page.type("Hello by WhatsApp")
    page.see('#phone[data-dress="whatsapp"] .own .bubble', "Hello by WhatsApp")
    messages = f"{address}twilio/2010-04-01/Accounts/AC{'1' * 32}/Messages.json"
    ends = {"To": "whatsapp:+33612345678", "From": "whatsapp:+15550006789"}
    for more in ({"Body": "What can we do?"}, {"ContentSid": f"HX{3:032x}"}):
        assert form(messages, **ends, **more)["status"] == "queued"
    page.see('.bot .ticks[data-status="read"][aria-label="Read"]')
    page.see(".bot .made-from", "topics")
    page.click(".inline", "Choose")
    page.click("dialog.sheet li button", "A repair")
    page.see(".own .bubble", "A repair")
    page.see(".own .quote")
    browser.execute_script(
        "const s = document.querySelector('#customer'); s.value = '33612345678'; s.dispatchEvent(new Event('change'))"
    )
    page.see('#phone[data-dress="sms"] .composer')
    page.type("x" * 161)
    page.see(".own .segments", "2 SMS")
    page.gone(".tools")
    page.gone("#block")
    page.see('.faults [data-kind="undelivered"] h4', "Accepted, then lost")
    page.gone('.faults [data-kind="migrate"]')
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert not page.too_wide


def test_what_the_customer_looks_like(browser: Chrome, address: str, tmp_path: Path) -> None:
    """The picture beside the name; another, one of their own, none; and nothing where no provider tells it."""
    chat = post(f"{address}api/telegram/1000001/people", name="Ann Lee")["id"]
    post(f"{address}api/messenger/1040001", name="The shop")
    post(f"{address}api/twilio/15550006789/people", name="Bob", id="+33612345678")
    page = Page(browser, f"{address}#telegram/1000001/{chat}")
    picture = "#face img[src$='picture?{}']"
    page.see(picture.format(0))
    loaded = (
        "const face = document.querySelector('#face img'); face.decode().then(() => arguments[0](face.naturalWidth))"
    )
    assert browser.execute_async_script(loaded) == 160
    page.choose("#face", "Another picture")
    page.see(picture.format(1))
    (tmp_path / "me.png").write_bytes(png(80, 60))
    browser.execute_script("HTMLInputElement.prototype.click = function () { document.body.append(this); }")
    page.choose("#face", "A picture of your own")
    browser.find_element(By.CSS_SELECTOR, "input[type=file][accept='image/*']").send_keys(str(tmp_path / "me.png"))
    page.see(picture.format(2))
    page.choose("#face", "No picture")
    page.see("#face svg")
    page.click("#tab-twilio")
    page.see("#customer option", "Bob")
    page.gone("#face")
