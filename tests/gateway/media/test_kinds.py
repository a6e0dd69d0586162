"""What a file is, by its first bytes."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media.kinds import INLINE, media_type, sniff


def _docx() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", "<x/>")
        archive.writestr("word/document.xml", "<w/>")
    return held.getvalue()


def _ftyp(major: bytes, *others: bytes) -> bytes:
    brands = major + bytes(4) + b"".join(others)
    return (len(brands) + 8).to_bytes(4, "big") + b"ftyp" + brands + bytes(100)


FILES = {
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(8) + b"IHDR" + bytes(50), "image/png"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(50), "image/jpeg"),
    "gif": (b"GIF89a" + bytes(50), "image/gif"),
    "webp": (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(50), "image/webp"),
    "mp4": (_ftyp(b"isom", b"mp42"), "video/mp4"),
    "m4a": (_ftyp(b"M4A ", b"mp42", b"isom"), "audio/mp4"),
    "webm": (b"\x1a\x45\xdf\xa3" + bytes(4) + b"\x42\x82\x84webm" + bytes(50), "video/webm"),
    "mp3": (b"ID3\x04" + bytes(50), "audio/mpeg"),
    "ogg": (b"OggS\0\2" + bytes(50), "audio/ogg"),
    "pdf": (b"%PDF-1.7\n" + bytes(50), "application/pdf"),
    "zip": (b"PK\x03\x04" + bytes(50), "application/zip"),
    "docx": (_docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "exe": (b"MZ" + bytes(50), "application/x-msdownload"),
    "html": (b"<!DOCTYPE html><script>alert(1)</script>", "text/plain"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "text/plain"),
    "xml": (b"<?xml version='1.0'?><a/>", "text/plain"),
    "js": (b"alert(1)", "text/plain"),
    "vcard": ("BEGIN:VCARD\r\nFN:Zoë\r\nEND:VCARD\r\n".encode(), "text/plain"),
    "utf-8 cut in a letter": ("é".encode() * 10 + b"\xc3", "text/plain"),
    "latin-1": ("é".encode("latin-1") * 10, "application/octet-stream"),
    "utf-16": ("html".encode("utf-16"), "application/octet-stream"),
    "bytes": (bytes(range(1, 200)), "application/octet-stream"),
    "nothing": (b"", "application/octet-stream"),
}


@pytest.mark.parametrize("name", FILES)
def test_by_the_first_bytes(name):
    head, mime = FILES[name]
    assert sniff(head) == mime


@given(st.binary(max_size=200))
def test_any_bytes_are_something(head):
    assert sniff(head)


@given(st.sampled_from([head for head, _ in FILES.values()]), st.integers(0, 120), st.binary(max_size=20))
def test_broken_files_are_something(head, cut, rest):
    assert sniff(head[:cut] + rest)


@given(st.sampled_from([" ", "\n", "\ufeff", ""]), st.text(st.characters(exclude_categories=["Cs"])))
def test_markup_is_never_shown_in_its_place(before, after):
    assert sniff(f"{before}<{after}".encode()) not in INLINE


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/png", "image"),
        ("image/gif", "image"),
        ("image/heic", "file"),
        ("image/svg+xml", "file"),
        ("video/mp4", "video"),
        ("video/quicktime", "video"),
        ("audio/ogg", "audio"),
        ("text/plain", "file"),
        ("application/pdf", "file"),
        ("", "file"),
    ],
)
def test_how_it_is_sent(mime, kind):
    assert media_type(mime) == kind
