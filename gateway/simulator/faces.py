"""Draws the picture of a customer: a plain portrait on a coloured ground, always the same one for the same name and number."""

from colorsys import hls_to_rgb
from functools import lru_cache
from hashlib import blake2b
from io import BytesIO

from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

SMALL, LARGE = 160, 640
"""Pixels along a side, as Telegram's two sizes are; Meta's one is the small one."""
MIME = "image/jpeg"
NEAR, LOWER = 1.18, 0.02
FINER = 3  # drawn so many times larger, for smooth edges

Box = tuple[float, float, float, float]
Shade = tuple[int, int, int]

NECK: Box = (0.43, 0.5, 0.57, 0.78)
HEAD: Box = (0.345, 0.235, 0.655, 0.625)
BODY: Box = (0.13, 0.7, 0.87, 1.5)
CROWN: Box = (0.325, 0.19, 0.675, 0.62)
BEHIND: tuple[tuple[Box, ...], ...] = (
    (),  # short
    ((0.29, 0.19, 0.71, 0.66), (0.29, 0.42, 0.71, 0.84)),  # long
    ((0.42, 0.09, 0.58, 0.25),),  # a bun
    ((0.28, 0.2, 0.72, 0.64),),  # to the chin
    ((0.29, 0.2, 0.51, 0.44), (0.39, 0.13, 0.61, 0.35), (0.49, 0.2, 0.71, 0.44), (0.29, 0.29, 0.71, 0.5)),  # curls
)
"""What of the hair is behind the head."""
FRINGES = ((195, 345), (180, 360), (205, 360), (180, 335))
"""Where the hair over the forehead begins and ends, in degrees."""


class NoPictureError(Exception):
    """A file cannot be somebody's picture."""


@lru_cache(maxsize=256)
def drawn(name: str, number: int, side: int) -> bytes:
    """A portrait as a JPEG. The ground follows from the name and the number, and so does how the hair is worn."""
    seed = blake2b(f"{name}/{number}".encode(), digest_size=4).digest()
    hue = seed[0] / 256
    dark, light = _shade(hue + 0.02, 0.24, 0.36), _shade(hue, 0.93, 0.6)
    size = side * FINER
    image = Image.new("RGB", (size, size), _shade(hue, 0.7, 0.46))
    pen = ImageDraw.Draw(image)
    for box in BEHIND[seed[1] % len(BEHIND)]:
        pen.ellipse(_scaled(box, size), fill=dark)
    pen.rounded_rectangle(_scaled(NECK, size), radius=0.06 * size, fill=_shade(hue, 0.86, 0.5))
    pen.ellipse(_scaled(BODY, size), fill=_shade(hue + 0.08, 0.4, 0.45))
    pen.ellipse(_scaled(HEAD, size), fill=light)
    pen.chord(_scaled(CROWN, size), *FRINGES[seed[2] % len(FRINGES)], fill=dark)
    return _written(image.resize((side, side), Image.Resampling.LANCZOS))


def squared(data: bytes, side: int) -> bytes:
    """The middle of a picture, as large as providers show it; raises NoPictureError."""
    try:
        with Image.open(BytesIO(data)) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError) as problem:
        raise NoPictureError(str(problem)) from None
    return _written(ImageOps.fit(upright, (side, side)))


def _shade(hue: float, lightness: float, saturation: float) -> Shade:
    red, green, blue = (round(255 * part) for part in hls_to_rgb(hue % 1, lightness, saturation))
    return red, green, blue


def _scaled(box: Box, size: int) -> Box:
    """Where a part of the portrait is in a picture of this size: near enough to be known when it is shown small."""
    left, top, right, bottom = (0.5 + (place - 0.5) * NEAR for place in box)
    return left * size, (top + LOWER) * size, right * size, (bottom + LOWER) * size


def _written(image: Image.Image) -> bytes:
    found = BytesIO()
    image.save(found, "JPEG", quality=92, subsampling=0)
    return found.getvalue()
