"""Messages to send, made up within what a channel says it takes: small, at the limit, and at random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from hypothesis import strategies as st

from normalizer.fit import Limits, measure
from normalizer.model import (
    Choice,
    Choices,
    Contact,
    Link,
    Location,
    Media,
    MediaType,
    Option,
    Part,
    Span,
    Template,
    Text,
)

MEDIA_TYPES: tuple[MediaType, ...] = get_args(MediaType)
LONGEST = 100_000
"""Characters. A channel without a limit is tried up to here."""
MIMES = {
    "image": "image/jpeg",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "video": "video/mp4",
    "sticker": "image/webp",
}
ADDRESS = "https://chat.example.com/media/med_1?exp=1&sig=x"


def one_of_each(limits: Limits) -> Iterator[Part]:
    """A small part of every kind that a channel says it sends."""
    simple: dict[str, Part] = {
        "text": Text(text="Hello\nyou 🎉"),
        "location": Location(latitude=48.85, longitude=2.35, name="Shop"),
        "contact": Contact(name="Bob Ray", phones=("+33612345678",), emails=("bob@example.com",)),
        "link": Link(url="https://example.com/1", title="One"),
        "template": Template(name="hello", language="en", parameters={"1": "Ann"}),
        "choice": Choice(id="1", label="One"),
    }
    yield from (part for kind, part in simple.items() if kind in limits.parts)
    if "choices" in limits.parts:
        options = tuple(Option(id=str(n), label=str(n)) for n in range(min(2, limits.choices)))
        yield Choices(text="Which?", choices=options)
    if "media" in limits.parts:
        for kind in sorted(limits.media_types):
            yield Media.model_validate({"media_type": kind, "media": "med_1", "mime": MIMES.get(kind, "text/plain")})


def filled(letter: str, limit: int, unit: Any) -> str:
    """The longest text of one letter that a limit takes."""
    text = letter * min(limit, LONGEST)
    while text and measure(text, unit) > limit:
        over = measure(text, unit) - limit
        text = text[: -max(1, over // max(1, measure(letter, unit)))]
    return text


def at_the_limit(limits: Limits) -> Iterator[tuple[str, Part, tuple[str, ...]]]:
    """Parts that are as long as may be: what they are, and the texts that must all arrive."""
    for letter in "aé🎉<":
        text = filled(letter, limits.text, limits.unit)
        if "text" in limits.parts and text:
            yield f"a text of {limits.text} {limits.unit} of {letter!r}", Text(text=text), (text,)
        caption = filled(letter, limits.caption, limits.unit)
        if caption and "image" in limits.media_types - limits.uncaptioned:
            part = Media(media_type="image", media="med_1", mime="image/jpeg", caption=caption)
            yield f"a caption of {limits.caption} {limits.unit} of {letter!r}", part, (caption,)
    if "choices" in limits.parts and limits.choices:
        options = tuple(_option(number, limits) for number in range(limits.choices))
        told = tuple(text for option in options for text in (option.id, option.label))
        yield f"{limits.choices} choices", Choices(text="Which?", choices=options), ("Which?", *told)


def _option(number: int, limits: Limits) -> Option:
    """One that differs from the others, as long as may be."""
    digits = str(number)
    label = digits + filled("L", max(0, limits.label - len(digits)), limits.label_unit or limits.unit)
    return Option(id=digits + "i" * max(0, min(limits.choice_id, 500) - len(digits)), label=label)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SPANS = st.builds(
    Span,
    style=st.sampled_from(["bold", "italic", "code", "pre", "link", "spoiler", "quote"]),
    start=st.integers(0, 70),
    length=st.integers(1, 70),
    url=ANY,
)


def parts(limits: Limits) -> st.SearchStrategy[Part]:
    """Parts at random, of any kind: those that the channel does not send must be Refused, not break."""
    formats = st.lists(SPANS, max_size=3).map(tuple)
    media = st.builds(
        Media,
        media_type=st.sampled_from(MEDIA_TYPES),
        media=st.sampled_from(["", "med_1"]),
        url=st.sampled_from(["", ADDRESS]),
        mime=st.sampled_from(["", "image/gif", "text/plain", *MIMES.values()]),
        size=st.none() | st.integers(0, 2**40),
        name=ANY,
        caption=ANY,
        format=formats,
    )
    options = st.lists(st.builds(Option, id=TEXTS, label=TEXTS), min_size=1, max_size=max(1, min(limits.choices, 12)))
    return st.one_of(
        st.builds(Text, text=TEXTS, format=formats),
        media,
        st.builds(Location, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), name=ANY, address=ANY),
        st.builds(Contact, name=ANY, phones=st.lists(ANY, max_size=2).map(tuple), emails=st.tuples(ANY)),
        st.builds(Link, url=TEXTS, title=ANY),
        st.builds(Choices, text=TEXTS, choices=options.map(tuple)),
        st.builds(Template, name=TEXTS, language=ANY, parameters=st.dictionaries(ANY, ANY, max_size=2)),
    )
