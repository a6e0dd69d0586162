"""Files that a channel does not take as they are: as another kind, as a link, with their caption apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from normalizer.fit.limits import Taken, What
from normalizer.fit.making import Making
from normalizer.fit.units import measure
from normalizer.parts import Link, Media, MediaType, Part

OURS = "/v1/media/"
"""How the address of a file of ours starts, until it is sent: whoever sends puts a signed one in its place."""

_SIGNED = 300
"""How long that one may be."""

_OTHERWISE: Mapping[MediaType, tuple[MediaType, ...]] = {
    "sticker": ("image", "file"),
    "voice": ("audio", "file"),
    "image": ("file",),
    "audio": ("file",),
    "video": ("file",),
    "file": (),
}
"""As what else a kind of media can go."""

_AS: Mapping[MediaType, What] = {"image": "as_image", "audio": "as_audio", "file": "as_file"}


def linked(parts: Iterable[Part]) -> set[str]:
    """The files of ours that go as links."""
    return {part.url.removeprefix(OURS) for part in parts if isinstance(part, Link) and part.url.startswith(OURS)}


def addressed(parts: Iterable[Part], urls: Mapping[str, str]) -> tuple[Part, ...]:
    """The parts with ``urls``, which hold a signed address per file, in the place of our own addresses."""
    return tuple(
        part.model_copy(update={"url": urls.get(part.url.removeprefix(OURS), part.url)})
        if isinstance(part, Link) and part.url.startswith(OURS)
        else part
        for part in parts
    )


def attach(making: Making, at: str, part: Media) -> None:
    """Add a file in the first form that the channel takes; its caption goes apart where it cannot go with it."""
    for media_type in (part.media_type, *_OTHERWISE[part.media_type]):
        if _goes_as(making, media_type, part):
            if media_type != part.media_type:
                making.change(f"{at}/media_type", _AS[media_type], f"this channel takes it as {_a(media_type)} only")
            _captioned(making, at, part.model_copy(update={"media_type": media_type}))
            return
    if part.url or (making.links and "link" in making.limits.parts):
        _linked(making, at, part)
    else:
        _refused(making, at, part)


def _goes_as(making: Making, media_type: MediaType, part: Media) -> bool:
    limits, taken = making.limits, making.accepts.get(media_type)
    known = "media" in limits.parts and media_type in limits.media_types
    return known and (taken is None or (_mime_fits(part.mime, taken) and (part.size or 0) <= taken.max_bytes))


def _mime_fits(mime: str, taken: Taken) -> bool:
    """Whether a type is among those that are taken; one that nobody knows is tried."""
    plain = mime.partition(";")[0].strip().lower()
    wanted = {plain, f"{plain.partition('/')[0]}/*", "*/*"}
    return not plain or any(one.lower() in wanted for one in taken.types)


def _captioned(making: Making, at: str, part: Media) -> None:
    limits = making.limits
    if not part.caption:
        making.parts.append(part)
        return
    room = 0 if part.media_type in limits.uncaptioned else limits.caption
    caption, format_ = part.caption, part.format
    if measure(caption, limits.unit) <= room:
        so_far = len(making.changes)
        caption, shown = making.look(f"{at}/caption", caption, format_)
        if measure(caption, limits.unit) <= room:
            making.parts.append(part.model_copy(update={"caption": caption, "format": tuple(shown)}))
            return
        del making.changes[so_far:]  # told again with the text
    making.parts.append(part.model_copy(update={"caption": "", "format": ()}))
    making.change(f"{at}/caption", "caption_apart", "the caption goes as a message of its own")
    making.text(f"{at}/caption", part.caption, format_)


def _linked(making: Making, at: str, part: Media) -> None:
    """The address in place of the file, under its name; then its caption."""
    limits = making.limits
    url = part.url or f"{OURS}{part.media}"
    room = limits.text - (measure(url, limits.unit) if part.url else _SIGNED) - 1
    name = part.name if measure(part.name, limits.unit) <= room else ""
    making.change(f"{at}/media_type", "as_link", f"this channel takes no such {part.media_type}; a link goes instead")
    if "link" in limits.parts and room >= 0:
        making.parts.append(Link(url=url, title=name))
    elif room >= 0:
        making.text(at, f"{name}\n{url}".strip())
    else:
        making.refuse(at, "too_long", "the link is longer than this channel's texts")
    if part.caption:
        making.text(f"{at}/caption", part.caption, part.format)


def _refused(making: Making, at: str, part: Media) -> None:
    limits, taken = making.limits, making.accepts.get(part.media_type)
    if "media" not in limits.parts:
        making.refuse(at, "content_rejected", "this channel cannot send a media")
    elif part.media_type not in limits.media_types:
        making.refuse(f"{at}/media_type", "media_unsupported", f"this channel cannot send {_a(part.media_type)}")
    elif taken and not _mime_fits(part.mime, taken):
        known = ", ".join(taken.types)
        making.refuse(
            f"{at}/media_type", "media_unsupported", f"{part.mime} is none of {known}, which this channel takes"
        )
    else:
        most = taken.max_bytes if taken else 0
        making.refuse(
            f"{at}/media", "too_long", f"{part.size} bytes; this channel takes {most} of {_a(part.media_type)}"
        )


def _a(media_type: MediaType) -> str:
    return f"an {media_type}" if media_type[0] in "aeiou" else f"a {media_type}"
