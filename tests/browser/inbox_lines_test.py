"""What a line shows, in a real browser: formatting, albums, places, replies, reactions, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from browser.agent import BOT, Demo, Page, inside, line, meet, show, tell, upload, wait
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from toys.pictures import png

pytestmark = pytest.mark.browser
SILENCE = (
    b"RIFF\x2c\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x08\x00\x00\x00"
    + b"\x80" * 8
)


def text(words: str, *spans: tuple[str, str, str]) -> dict[str, Any]:
    """A part with pieces of it formatted: style, the piece, and where it leads."""
    found = [
        {"style": style, "start": words.index(piece), "length": len(piece), **({"url": url} if url else {})}
        for style, piece, url in spans
    ]
    return {"kind": "text", "text": words, "format": found}


# What is shown.


def test_spans_nest_and_cross_and_count_code_points(page: Page) -> None:
    words = "👩\u200d👩\u200d👧 one two three"
    at = words.index("one")
    spans = [
        {"style": "bold", "start": at, "length": 7},
        {"style": "italic", "start": at + 4, "length": 9},
        {"style": "code", "start": 0, "length": 5},
        {"style": "underline", "start": len(words) - 2, "length": 99},
        {"style": "bold", "start": 500, "length": 3},
        {"style": "blink", "start": 0, "length": 3},
    ]
    script = """const flat = (node) => typeof node === 'string' ? node : [node.style, ...node.inner.map(flat)];
        return it.tree(arguments[0], arguments[1]).map(flat)"""
    assert inside(page, "spans.js", script, words, spans) == [
        ["code", words[:5]],
        " ",
        ["bold", "one ", ["italic", "two"]],
        ["italic", " thr", ["underline", "ee"]],
    ]


def test_only_harmless_addresses_are_opened(page: Page) -> None:
    asked = [
        ["https://example.com/x", "words"],
        ["javascript:alert(1)", "words"],
        [" java\nscript:alert(1)", "words"],
        ["data:text/html,x", "words"],
        ["tg://user?id=7", "Ann"],
        ["mailto:a@example.com", "x"],
        ["", "example.com/path"],
        ["", "ann@example.com"],
        ["", "+33 6 12 34 56 78"],
        ["", "javascript:alert(1)"],
        ["", "just words"],
    ]
    script = "return arguments[0].map(([url, words]) => it.leadsTo(url, words))"
    assert inside(page, "spans.js", script, asked) == [
        "https://example.com/x",
        "",
        "",
        "",
        "",
        "mailto:a@example.com",
        "https://example.com/path",
        "mailto:ann@example.com",
        "tel:+33612345678",
        "",
        "",
    ]


def test_spans_move_along_with_a_change(page: Page) -> None:
    spans = [
        {"style": "bold", "start": 0, "length": 3},
        {"style": "italic", "start": 4, "length": 3},
        {"style": "code", "start": 8, "length": 5},
        {"style": "quote", "start": 0, "length": 13},
    ]
    moved = inside(page, "spans.js", "return it.moved(...arguments)", spans, "one two three", "one 22 and three")
    assert [(one["style"], one["start"], one["length"]) for one in moved] == [
        ("bold", 0, 3),
        ("italic", 4, 6),
        ("code", 11, 5),
        ("quote", 0, 16),
    ]


def test_a_formatted_text_looks_so(page: Page, demo: Demo) -> None:
    meet(page, demo, "Flo Format")
    words = "😀 bold, a link, bad, secret https://hidden.example\nsaid before\nand after"
    part = text(
        words,
        ("bold", "bold", ""),
        ("link", "a link", "https://example.com/where"),
        ("link", "bad", "javascript:alert(1)"),
        ("spoiler", "secret https://hidden.example", ""),
        ("quote", "said before", ""),
    )
    show(page, {"parts": [part]})
    shown = line(page, "msg_shown_0")
    assert shown.find_element(By.TAG_NAME, "strong").text == "bold"
    assert shown.find_element(By.TAG_NAME, "blockquote").text == "said before"
    link, hidden = shown.find_elements(By.TAG_NAME, "a")
    assert link.get_attribute("href") == "https://example.com/where"
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"
    assert "example.com" in shown.find_element(By.CSS_SELECTOR, ".host").text
    assert not hidden.is_displayed()
    assert "secret" not in shown.text
    shown.find_element(By.CSS_SELECTOR, ".spoiler").send_keys(Keys.ENTER)
    wait(lambda: "secret" in line(page, "msg_shown_0").text)
    assert line(page, "msg_shown_0").find_elements(By.TAG_NAME, "a")[1].is_displayed()


def test_an_album_is_one_group_that_loses_what_is_deleted(page: Page, demo: Demo) -> None:
    meet(page, demo, "Alba Album")
    pictures = [
        {"album": "a1", "parts": [{"kind": "media", "media_type": "image", "media": f"med_{at}", "mime": "image/png"}]}
        for at in range(3)
    ]
    pictures[1]["parts"][0]["caption"] = "three lamps"  # type: ignore[index]
    show(page, *pictures)
    shown = line(page, "msg_shown_0")
    assert len(shown.find_elements(By.CSS_SELECTOR, ".grid li")) == 3
    assert "three lamps" in shown.text
    assert shown == line(page, "msg_shown_2")
    gone = {"kind": "message.deleted", "data": {"message": "msg_shown_0", "at": "2026-11-22T10:00:00.000Z"}}
    tell(page, gone)
    wait(lambda: len(page.all(".grid li")) == 2)
    assert "three lamps" in page.last()


def test_places_cards_and_voices_are_shown_without_asking_anybody(page: Page, demo: Demo) -> None:
    meet(page, demo, "Lou Cation")
    place = {"kind": "location", "latitude": 48.8584, "longitude": 2.2945, "name": "Eiffel Tower"}
    card = {"kind": "contact", "name": "Karim", "phones": ["+33 6 12 34 56 78"], "emails": []}
    voice = {
        "kind": "media",
        "media_type": "voice",
        "media": upload(page, SILENCE),
        "mime": "audio/wav",
        "duration": 67.4,
    }
    show(page, {"parts": [place]}, {"parts": [card]}, {"parts": [voice]})
    leads = line(page, "msg_shown_0").find_element(By.TAG_NAME, "a").get_attribute("href")
    assert leads is not None
    assert leads.startswith("https://www.openstreetmap.org/?mlat=48.8584&mlon=2.2945")
    calls = line(page, "msg_shown_1").find_element(By.TAG_NAME, "a").get_attribute("href")
    assert calls == "tel:+33612345678"
    assert "1:07" in line(page, "msg_shown_2").text


def test_news_of_one_line_draws_no_other(page: Page, demo: Demo) -> None:
    meet(page, demo, "Max Many")
    show(page, *({"parts": [{"kind": "text", "text": f"line {at}"}]} for at in range(200)))
    count = """const { options } = await import('/inbox/vendor/preact-11.2.0/preact.mjs');
        const before = options.__r; window.drawn = [];
        options.__r = (node) => { if (node.type.name === 'Line') window.drawn.push(node.props.line.id); before?.(node); };"""
    inside(page, "html.js", f"return (async () => {{ {count} }})()")
    ann = {"kind": "person", "id": "per_1", "name": "Ann"}
    at = "2026-11-22T10:00:00.000Z"
    reaction = {"message": "msg_shown_7", "by": ann, "emojis": ["👍"], "at": at}
    edit = {"message": "msg_shown_9", "parts": [{"kind": "text", "text": "other words"}], "edited_at": at}
    tell(page, {"kind": "message.reacted", "data": reaction}, {"kind": "message.edited", "data": edit})
    wait(lambda: page.all(".reactions") and "other words" in line(page, "msg_shown_9").text)
    assert set(page.driver.execute_script("return window.drawn")) == {"msg_shown_7", "msg_shown_9"}
    who = line(page, "msg_shown_7").find_element(By.CSS_SELECTOR, ".reactions li").get_attribute("data-who")
    assert who is not None
    assert who.startswith("Ann, ")
    tell(page, {"kind": "message.reacted", "data": {**reaction, "emojis": []}})
    wait(lambda: not page.all(".reactions"))


def test_an_answer_leads_to_what_it_answers(page: Page, demo: Demo) -> None:
    meet(page, demo, "Quentin Quote")
    many = [{"parts": [{"kind": "text", "text": f"line {at}"}]} for at in range(40)]
    show(page, *many, {"direction": "out", "reply_to": "msg_shown_0", "parts": [{"kind": "text", "text": "to that"}]})
    quoted = line(page, "msg_shown_40").find_element(By.CSS_SELECTOR, ".quoted")
    assert "Quentin Quote" in quoted.text
    assert "line 0" in quoted.text
    quoted.click()
    wait(lambda: "found" in (line(page, "msg_shown_0").get_attribute("class") or ""))
    inner = "const box = arguments[0].getBoundingClientRect(); return box.top > 0 && box.bottom < innerHeight"
    wait(lambda: page.driver.execute_script(inner, line(page, "msg_shown_0")))


def test_an_answer_leads_back_to_pages_not_read_yet(page: Page, demo: Demo) -> None:
    chat = demo.customer("Petra Pages")
    first = demo.say(chat, "where it all began")
    for at in range(60):
        demo.say(chat, f"and then {at}")
    demo.call(f"telegram/{BOT}/chats/{chat}/messages", text="as I said", reply_to=first)
    page.open("Petra Pages")
    quoted = page.one(".line .quoted")
    assert "where it all began" not in page.text("#timeline")
    quoted.click()
    wait(lambda: "where it all began" in page.text(".line.found"))


def test_a_picture_is_small_in_the_timeline_and_whole_when_opened(page: Page, demo: Demo) -> None:
    meet(page, demo, "Greta Great")
    picture = upload(page, png(1200, 900), "great.png")
    show(page, {"parts": [{"kind": "media", "media_type": "image", "media": picture, "mime": "image/png"}]})
    wide = "return arguments[0].naturalWidth"
    small = line(page, "msg_shown_0").find_element(By.TAG_NAME, "img")
    wait(lambda: 0 < page.driver.execute_script(wide, small) < 1200)
    small.click()
    whole = page.one("dialog.large img")
    wait(lambda: page.driver.execute_script(wide, whole) == 1200)
    page.button("Close", "dialog").click()


# What becomes of a line.


def test_a_slow_read_undoes_no_news(page: Page) -> None:
    was = {"id": "m", "parts": [{"kind": "text", "text": "old"}], "status": "sent", "reactions": [], "edited_at": None,
           "deleted_at": None, "received_at": "2026-11-22T09:00:00.000Z"}  # fmt: skip
    edit = {"message": "m", "parts": [{"kind": "text", "text": "new"}], "edited_at": "2026-11-22T10:00:00.000Z"}
    script = """const [was, edit] = arguments;
        const edited = it.amended(was, { kind: 'message.edited', data: edit });
        const gone = it.amended(edited, { kind: 'message.deleted', data: { message: 'm', at: edit.edited_at } });
        const older = { ...edit, parts: was.parts, edited_at: '2026-11-22T09:30:00.000Z' };
        return [it.latest(edited, was).parts[0].text, it.latest(gone, edited).deleted_at, it.latest(was, { ...was }) === was,
          it.amended(edited, { kind: 'message.edited', data: older }) === edited,
          it.amended(gone, { kind: 'message.edited', data: edit }) === gone,
          it.latest({ ...was, status: 'read', provider_ids: ['9'], sent_at: 'then' }, was)]"""
    *found, sent = inside(page, "amend.js", script, was, edit)
    assert found == ["new", edit["edited_at"], True, True, True]
    assert (sent["status"], sent["provider_ids"], sent["sent_at"]) == ("read", ["9"], "then")


def test_all_of_us_have_one_reaction_and_every_customer_theirs(page: Page) -> None:
    told = [
        ({"kind": "person", "id": "per_1"}, ["👍"]),
        ({"kind": "agent", "id": "agt_1"}, ["❤"]),
        ({"kind": "agent", "id": "agt_2"}, ["🎉"]),
        ({"kind": "person", "id": "per_1"}, ["😁", "🔥"]),
    ]
    script = """return arguments[0].reduce((line, [by, emojis]) => it.amended(line, { kind: 'message.reacted', data: { by, emojis, at: 'now' } }),
        { reactions: [], deleted_at: null }).reactions.map((one) => one.by.id + one.emoji)"""
    assert inside(page, "amend.js", script, told) == ["agt_2🎉", "per_1😁", "per_1🔥"]
