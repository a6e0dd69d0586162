"""Faces in a real browser: a person's picture is shown once it is there, and their letters until then."""

from __future__ import annotations

import pytest
from browser.agent import Page, inside, upload, wait
from toys.pictures import png

pytestmark = pytest.mark.browser
FACE = """const [picture, answers] = arguments;
    return Promise.all([import('/inbox/html.js'), it]).then(([{ html, render }, { Face }]) => {
      const real = window.fetch;
      window.asked = [];
      window.fetch = (address, how) => {
        if (!String(address).includes(picture)) return real(address, how);
        window.asked.push(address);
        return Promise.resolve(new Response(null, answers[Math.min(window.asked.length, answers.length) - 1]));
      };
      const place = document.body.appendChild(document.createElement('div'));
      place.id = 'face';
      render(html`<${Face} person=${{ name: 'Ann Lee', picture }} />`, place);
    })"""
COMING = {"status": 202, "headers": {"Retry-After": "0.01"}}
HERE, GONE = {"status": 200}, {"status": 410}


def asked(page: Page) -> int:
    return int(page.driver.execute_script("return window.asked.length"))  # type: ignore[no-untyped-call]


def done(page: Page) -> None:
    page.driver.execute_script("document.querySelector('#face').remove()")  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("answers", "times"),
    [([COMING, GONE], 2), ([COMING], 4), ([COMING, HERE, GONE], 3)],
    ids=["given up", "never", "here by now"],
)
def test_a_picture_on_its_way_is_asked_for_again_a_few_times(page: Page, answers: list[object], times: int) -> None:
    inside(page, "views/face.js", FACE, "med_nobody_has_this", answers)
    wait(lambda: asked(page) == times)
    wait(lambda: not page.all("#face img"))
    assert "AL" in page.text("#face")
    assert asked(page) == times
    done(page)


def test_a_picture_that_is_there_is_shown_at_once(page: Page) -> None:
    inside(page, "views/face.js", FACE, upload(page, png(100, 100), "face.png"), [GONE])
    script = "return document.querySelector('#face img')?.naturalWidth"
    wait(lambda: page.driver.execute_script(script) == 100)  # type: ignore[no-untyped-call]
    assert asked(page) == 0
    done(page)
