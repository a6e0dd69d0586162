"""What all answers share: HEAD beside GET, and what is said at an address that nobody has."""

import pytest

from agent_api.accepting import takes_json

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


async def test_head_answers_as_get_does_without_a_body(house, bot):
    record = await house.wrote()
    reader = await house.key("reader", "read")
    for path in (
        "/v1/session",
        "/v1/conversations",
        f"/v1/conversations/{record.stream}",
        f"/v1/conversations/{record.stream}/messages",
        "/v1/accounts/support",
        "/openapi.json",
        "/metrics",
        "/inbox/",
    ):
        told, asked = await bot.get(path), await reader("HEAD", path)
        assert (asked.status, asked.body) == (200, b""), path
        for name in ("Content-Type", "ETag", "Cache-Control", "X-Content-Type-Options"):
            assert asked.headers.get(name) == told.headers.get(name), (path, name)


async def test_head_needs_what_get_needs(house, bot):
    async with house.http.head(f"{house.origin}/v1/conversations") as answer:
        assert answer.status == 401
    async with house.http.head(f"{house.origin}/v1/conversations/cnv_0", headers=bot.headers) as answer:
        assert answer.status == 404


async def test_a_page_with_a_session_may_ask_by_head_without_an_origin(house):
    browser = await house.browser(await house.agent())
    del browser.headers["Origin"]
    assert (await browser("HEAD", "/v1/session")).status == 200


async def test_what_only_takes_posts_says_so_to_head(house, bot):
    async with house.http.head(f"{house.origin}/v1/attachments", headers=bot.headers) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_live_is_no_thing_to_ask_about_by_head(house, bot):
    async with house.http.head(f"{house.origin}/v1/live", headers=bot.headers) as answer:
        assert answer.status == 405


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/problem+json",
        "Application/JSON; charset=utf-8",
        "*/*",
        "",
        "text/plain;q=0.5, application/*",
        "text/html;q=0.1, */*;q=0.3",
    ],
)
async def test_an_address_that_nobody_has_is_a_problem_to_a_program(house, accept):
    for method, path in (("GET", "/nothing"), ("POST", "/v2/conversations"), ("GET", "/v1x")):
        answer = await house.nobody()(method, path, headers={"Accept": accept, "X-Request-Id": "mine"})
        assert (answer.status, answer.code, answer.json["request_id"]) == (404, "not_found", "mine")
    answer = await house.nobody()("POST", "/openapi.json", headers={"Accept": accept})
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}


@pytest.mark.parametrize("accept", [BROWSER, "text/plain", "text/*", "image/png", "application/json;q=0", "*/*;q=x"])
async def test_an_address_that_nobody_has_is_a_line_of_text_to_anybody_else(house, accept):
    async with house.http.get(f"{house.origin}/nothing", headers={"Accept": accept}) as answer:
        assert (answer.status, answer.content_type) == (404, "text/plain")
        assert await answer.text() == "404: Not Found"


async def test_an_address_of_the_api_that_nobody_has_is_a_problem_to_everybody(house, bot):
    for accept in (BROWSER, "text/plain", "application/json"):
        answer = await bot.get("/v1/nothing", headers={"Accept": accept})
        assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("accept", [",", ";", ";;q=1,,", "a;q=", "*/*;q=nan", "application/json;q=1;q=0", "\xff/*"])
def test_no_accept_breaks_the_reading_of_it(accept):
    assert takes_json(accept) in (True, False)
