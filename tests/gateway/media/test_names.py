"""Names of files: any that somebody may give becomes harmless, and stays readable."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.media.names import LONGEST, clean_name, content_disposition

ANY = st.text(st.characters(), max_size=400)  # surrogates too


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cv.docx", "cv.docx"),
        ("/", ""),
        ("..", ""),
        (" . ", ""),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"),
        ("nul\0.png", "nul.png"),
        ("счёт № 5.pdf", "счёт № 5.pdf"),
        ("写真😀.jpg", "写真😀.jpg"),
        ("family 👨‍👩‍👧.jpg", "family 👨‍👩‍👧.jpg"),
        ("exe.gnp\u202egpj.exe", "exe.gnpgpj.exe"),
        (".htaccess", ".htaccess"),
        ("é" * 300 + ".png", "é" * 125 + ".png"),
        ("x" * 300, "x" * 255),
        ("a." + "x" * 300, "a." + "x" * 253),
        ("\ud800.png", ".png"),
    ],
)
def test_clean(name, clean):
    assert clean_name(name) == clean


@given(ANY)
@example("😀" * 100)
@example("a" * 254 + "é")
@example("." * 300)
def test_a_clean_name_is_harmless(name):
    clean = clean_name(name)
    assert len(clean.encode()) <= LONGEST
    assert not set(clean) & set("/\\\0\r\n")
    assert clean not in {".", ".."}
    assert not {unicodedata.category(letter) for letter in clean} & {"Cc", "Cs", "Zl", "Zp"}
    assert clean_name(clean) in {clean, clean.strip(" ")}


@given(ANY, st.sampled_from(["inline", "attachment"]))
@example('a"; filename="b.html', "attachment")
@example("a\r\nX-Header: 1", "inline")
@example("%0d%0a", "attachment")
@example("a\\", "attachment")
def test_a_header_says_the_name_and_nothing_else(name, kind):
    header = content_disposition(kind, name)
    assert re.fullmatch(r"[ -~]*", header)
    if not clean_name(name):
        assert header == kind
        return
    found = re.fullmatch(rf"{kind}; filename=\"([^\"\\]*)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)", header)
    assert found
    assert unquote(found[2]) == clean_name(name)
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == kind
    assert set(message.get_params(header="content-disposition", failobj=[])) >= {(kind, "")}
    assert len(message.get_params(header="content-disposition", failobj=[])) == 3
