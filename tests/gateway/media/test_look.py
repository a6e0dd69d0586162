"""What can be seen of files: pictures upright and small, sounds by their length, and nothing of what is broken."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from toys import sounds

from gateway.media import look
from gateway.media.kinds import sniff


@pytest.fixture(autouse=True)
def limits_are_put_back():
    """Here the program runs in our own process."""
    yield
    Image.MAX_IMAGE_PIXELS = 89_478_485


def drawn(size, mode="RGB"):
    """A picture with something in it: red above, blue below."""
    picture = Image.new(mode, size)
    top = Image.new("RGB", (size[0], size[1] // 2), "red").convert(mode)
    bottom = Image.new("RGB", (size[0], size[1] - size[1] // 2), "blue").convert(mode)
    picture.paste(top, (0, 0))
    picture.paste(bottom, (0, size[1] // 2))
    return picture


def written(picture, kind, **options):
    held = io.BytesIO()
    picture.save(held, kind, **options)
    return held.getvalue()


@pytest.fixture
def see(tmp_path):
    """Look at bytes; what was seen, and the thumbnail."""

    def saw(body):
        (tmp_path / "file").write_bytes(body)
        seen = look.look(tmp_path / "file", sniff(body), tmp_path / "small")
        small = Image.open(io.BytesIO((tmp_path / "small").read_bytes())) if seen.get("thumbnail") else None
        assert (small is not None) == (tmp_path / "small").exists()
        return seen, small

    return saw


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize(("size", "small"), [((1200, 600), (480, 240)), ((500, 1000), (240, 480))])
def test_a_picture_is_measured_and_made_small(see, kind, size, small):
    seen, thumbnail = see(written(drawn(size), kind))
    assert seen == {"width": size[0], "height": size[1], "thumbnail": True}
    assert (thumbnail.format, thumbnail.size) == ("WEBP", small)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_way_to_write_colours(see, mode):
    picture = Image.new(mode, (1000, 1000), 1) if mode == "I;16" else drawn((1000, 1000), mode)
    _, thumbnail = see(written(picture, "JPEG" if mode == "CMYK" else "PNG"))
    assert thumbnail.size == (480, 480)


def test_what_can_be_seen_through_stays_so(see):
    for body in (
        written(Image.new("RGBA", (600, 600), (255, 0, 0, 0)), "PNG"),
        written(Image.new("P", (600, 600), 3), "GIF", transparency=3),
    ):
        _, thumbnail = see(body)
        assert thumbnail.convert("RGBA").getpixel((9, 9))[3] == 0


def test_a_picture_is_put_upright_and_says_nothing_of_where_it_was_taken(see):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif[0x010F] = "A camera with a name"
    exif.get_ifd(0x8825)[1] = "N"
    body = written(drawn((1200, 600)), "JPEG", exif=exif, icc_profile=b"profile" * 99, comment=b"at home")
    seen, thumbnail = see(body)
    assert (seen["width"], seen["height"], thumbnail.size) == (600, 1200, (240, 480))
    red, _, blue = thumbnail.convert("RGB").getpixel((220, 240))
    assert red > blue  # what was above is at the right
    assert not thumbnail.getexif()
    assert not {"exif", "icc_profile", "xmp", "comment"} & thumbnail.info.keys()


def test_a_small_picture_needs_no_thumbnail(see):
    assert see(written(drawn((480, 480)), "PNG")) == ({"width": 480, "height": 480}, None)
    heavy = written(drawn((100, 100)), "PNG") + bytes(look.SMALL)
    assert see(heavy)[0]["thumbnail"]


def test_a_moving_picture_stands_still(see):
    body = written(drawn((600, 600)), "GIF", save_all=True, append_images=[Image.new("RGB", (600, 600), "green")])
    _, thumbnail = see(body)
    assert getattr(thumbnail, "n_frames", 1) == 1


def test_a_narrow_picture_keeps_a_pixel(see):
    assert see(written(drawn((5000, 2)), "PNG"))[1].size == (480, 1)


def bomb(side):
    """A picture of very many pixels in very few bytes."""

    def chunk(name, held):
        return struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")


def test_a_picture_that_unfolds_to_very_much_is_not_read(see):
    assert see(bomb(20_000)) == ({}, None)
    assert see(bomb(2**31 - 1)) == ({}, None)


def test_half_a_picture_is_measured_at_most(see):
    whole = written(drawn((1200, 600)), "JPEG", quality=95)
    for body in (whole[: len(whole) // 2], bomb(2000)):
        seen, thumbnail = see(body)
        assert seen["width"]
        assert thumbnail is None


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (sounds.wav(1.5), 1.5),
        (sounds.opus(2), 2),
        (sounds.mp3(100), 2.612),
        (sounds.mp3_with_count(1000), 26.122),
        (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + sounds.mp3(100), 2.612),
        (sounds.mp4(2.5), 2.5),
        (sounds.mp4(2.5, b"M4A "), 2.5),
        (sounds.mp4(0), 0),
        (sounds.webm(3.4567), 3.457),
        (sounds.webm(float("inf")), 0),
        (sounds.webm(-1), 0),
        (sounds.webm(None), 0),
    ],
)
def test_how_long_it_lasts(see, body, seconds):
    assert see(body) == ({"duration": seconds}, None)


WHOLE = [
    written(drawn((600, 600)), "PNG"), written(drawn((600, 600)), "JPEG"), written(drawn((600, 600)), "GIF"),
    sounds.wav(0.1), sounds.opus(1), sounds.mp3(3), sounds.mp3_with_count(9), sounds.mp4(1), sounds.webm(1),
]  # fmt: skip


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=60
)
@given(st.sampled_from(WHOLE), st.data())
def test_whatever_is_broken_shows_what_it_shows(see, tmp_path, whole, data):
    at = data.draw(st.integers(12, len(whole)))
    body = whole[:at] + data.draw(st.binary(max_size=9)) + whole[at + data.draw(st.integers(0, 9)) :]
    (tmp_path / "small").unlink(missing_ok=True)
    seen, _ = see(body[: data.draw(st.integers(0, len(body)))])
    assert seen.keys() <= {"width", "height", "duration", "thumbnail"}
