"""Messages made to fit: questions, places, cards, links and files; what is changed is told."""

from dataclasses import dataclass, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.fit import (
    Change,
    Fitted,
    Limits,
    Misfit,
    Numbered,
    Taken,
    Unit,
    What,
    addressed,
    fit,
    linked,
    measure,
    misfits,
    picked,
)
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
    Unsupported,
)


@dataclass(frozen=True)
class Accepts:
    types: tuple[str, ...]
    max_bytes: int


ALL = frozenset({"text", "media", "location", "contact", "choices", "link", "template"})
MEDIA = frozenset({"image", "audio", "voice", "video", "file", "sticker"})
RICH = Limits(
    text=40, caption=10, choices=3, choice_id=4, label=5, parts=ALL, media_types=MEDIA, styles=frozenset({"bold"})
)
PLAIN = Limits(text=40, caption=0, unit="gsm-7")


def options(*labels: str) -> tuple[Option, ...]:
    return tuple(Option(id=f"id{number}", label=label) for number, label in enumerate(labels))


def whats(fitted: Fitted) -> list[str]:
    return [f"{change.pointer} {change.what}" for change in fitted.changes]


def test_what_fits_is_left_as_it_is() -> None:
    parts: list[Part] = [
        Text(text="x" * 40),
        Text(text="bold", format=(Span(style="bold", start=0, length=4),)),
        Choices(text="Well?", choices=options("Yes", "No")),
        Location(latitude=1, longitude=2),
        Contact(name="Bob"),
        Link(url="https://a.example", title="a"),
        Template(name="hello"),
        Media(media_type="image", media="med_1", caption="x" * 10, format=(Span(style="bold", start=0, length=4),)),
        Media(media_type="file", url="https://a.example/b"),
    ]
    assert fit(parts, RICH) == Fitted(tuple(parts))


def test_a_long_text_goes_in_pieces() -> None:
    fitted = fit([Text(text="hello"), Text(text="a word" + " a word" * 9)], RICH)
    assert [part.text for part in fitted.parts if isinstance(part, Text)] == [
        "hello", "a word a word a word a word a word a", "word a word a word a word a word",
    ]  # fmt: skip
    assert fitted.changes == (Change("/parts/1/text", "split", "goes as 2 messages"),)


# Questions.


@pytest.mark.parametrize(
    ("part", "limits", "parts", "changes"),
    [
        (
            Choices(text="Well?", choices=options("Yes", "Rather not")),
            RICH,
            [Choices(text="Well?\n1. Yes\n2. Rather not", choices=options("1", "2"))],
            ["/parts/0/choices labels_numbered"],
        ),
        (
            Choices(text="Well?", choices=options("a", "b", "c", "d")),
            RICH,
            [Text(text="Well?\n1. a\n2. b\n3. c\n4. d")],
            ["/parts/0/choices choices_numbered"],
        ),
        (
            Choices(text="Well?", choices=(Option(id="too long", label="a"),)),
            RICH,
            [Text(text="Well?\n1. a")],
            ["/parts/0/choices choices_numbered"],
        ),
        (
            Choices(text="Well?", choices=options("Yes", "No")),
            PLAIN,
            [Text(text="Well?\n1. Yes\n2. No")],
            ["/parts/0/choices choices_numbered"],
        ),
        (
            Choices(text="Long as it is, what do you say?", choices=options("Yes", "No")),
            replace(RICH, question=20),
            [Text(text="Long as it is, what"), Choices(text="do you say?", choices=options("Yes", "No"))],
            ["/parts/0/text split"],
        ),
        (
            Choices(text="Well, what do you say?", choices=options("Yes", "Rather not")),
            RICH,
            [Text(text="Well, what do you say?\n1. Yes"), Choices(text="2. Rather not", choices=options("1", "2"))],
            ["/parts/0/choices labels_numbered", "/parts/0/text split"],
        ),
    ],
)
def test_questions(part: Choices, limits: Limits, parts: list[Part], changes: list[str]) -> None:
    fitted = fit([part], limits)
    assert (list(fitted.parts), whats(fitted), fitted.misfits) == (parts, changes, ())
    numbered = isinstance(parts[-1], Text)
    assert fitted.numbered == ((Numbered(len(parts) - 1, part.choices),) if numbered else ())


def test_a_question_that_cannot_be_said_is_a_misfit() -> None:
    part = Choices(text="Well, what do you say?", choices=options("Yes"))
    buttons = replace(RICH, question=10, parts=frozenset({"choices"}))
    refused = (Misfit("/parts/0/text", "content_rejected", "this channel cannot send a text"),)
    assert fit([part], buttons) == Fitted(misfits=refused)
    none = fit([part], replace(RICH, parts=frozenset()))
    assert (none.parts, none.misfits, none.numbered) == ((), refused, ())


@pytest.mark.parametrize(
    ("said", "index"),
    [
        ("1", 0), ("2", 1), (" 2. ", 1), ("2)", 1), ("yes", 0), (" Rather\n NOT ", 1), ("3", 2), ("7", 2), ("4", None),
        ("0", None), ("2 please", None), ("", None), ("no", None), ("\u0661", None),
    ],
)  # fmt: skip
def test_an_answer_that_was_written_out_is_understood(said: str, index: int | None) -> None:
    offered = options("Yes", "Rather not", "7")
    assert picked(said, offered) == (None if index is None else offered[index])


# What has no form of its own goes in words.


@pytest.mark.parametrize(
    ("part", "texts"),
    [
        (
            Location(latitude=48.8583701, longitude=-0.0, name="The Tower", address="5 Avenue"),
            ["The Tower\n5 Avenue", "https://www.openstreetmap.org/?mlat=48.8583701&mlon=0"],
        ),
        (Location(latitude=1e-7, longitude=-2), ["https://www.openstreetmap.org/?mlat=0.0000001&mlon=-2"]),
        (
            Contact(name="Bob", phones=("+331", "+332"), emails=("b@example.com",)),
            ["Bob\n+331\n+332\nb@example.com"],
        ),
        (Link(url="https://a.example", title="Look"), ["Look\nhttps://a.example"]),
        (Link(url="https://a.example/" + "x" * 50, title="L"), ["L\nhttps://a.example/" + "x" * 50]),
        (
            Link(url="https://a.example/" + "x" * 50, title="Look at this"),
            ["Look at this", "https://a.example/" + "x" * 50],
        ),
    ],
)
def test_what_has_no_form_of_its_own_goes_as_text(part: Part, texts: list[str]) -> None:
    fitted = fit([part], replace(PLAIN, text=70))
    assert [one.text for one in fitted.parts if isinstance(one, Text)] == texts
    assert whats(fitted)[0] == "/parts/0 as_text"
    assert len(fitted.parts) == len(texts)


def test_what_is_too_long_for_its_form_goes_as_text() -> None:
    card = Contact(name="Bob", phones=tuple(f"+3312345{number}" for number in range(6)))
    fitted = fit([card, Link(url="https://a.example", title="x" * 30)], RICH)
    assert [part.kind for part in fitted.parts] == ["text"] * 4
    assert whats(fitted) == ["/parts/0 as_text", "/parts/0 split", "/parts/1 as_text", "/parts/1 split"]


@pytest.mark.parametrize(
    ("part", "misfit"),
    [
        (Link(url="x" * 41), Misfit("/parts/0/url", "too_long", "an address cannot be cut; this channel takes 40")),
        (Choice(id="a", label="A"), Misfit("/parts/0", "content_rejected", "this channel cannot send a choice")),
        (Unsupported(what="x"), Misfit("/parts/0", "content_rejected", "this channel cannot send a unsupported")),
        (Template(name="x"), Misfit("/parts/0", "content_rejected", "this channel cannot send a template")),
    ],
)
def test_what_cannot_go_in_any_form_is_a_misfit(part: Part, misfit: Misfit) -> None:
    assert fit([part], PLAIN).misfits == (misfit,)


def test_a_character_longer_than_the_limit_is_a_misfit() -> None:
    found = fit([Text(text="a\U0001f389")], Limits(text=3, caption=0, unit="bytes"))
    assert found.misfits == (Misfit("/parts/0/text", "too_long", "5 bytes; this channel takes 3"),)
    assert fit([Contact(name="")], PLAIN).misfits == (
        Misfit("/parts/0", "content_rejected", "there is nothing in this text"),
    )


def test_formatting_that_is_not_shown_is_told() -> None:
    spans = (Span(style="code", start=0, length=1), Span(style="bold", start=1, length=1))
    fitted = fit([Text(text="ab", format=spans)], RICH)
    assert fitted.parts == (Text(text="ab", format=spans[1:]),)
    assert fitted.changes == (Change("/parts/0/text", "formatting_dropped", "this channel shows no code"),)


# Files.

IMAGE: dict[MediaType, Taken] = {
    "image": Accepts(("image/jpeg", "image/png"), 100),
    "audio": Accepts(("audio/*",), 100),
    "file": Accepts(("*/*",), 200),
}


def media(media_type: MediaType = "image", mime: str = "image/jpeg", size: int | None = 5, **more: object) -> Media:
    given = {"media_type": media_type, "mime": mime, "size": size, "media": "med_1", "name": "a.jpg"}
    return Media.model_validate(given | more)


@pytest.mark.parametrize(
    ("part", "gone", "what"),
    [
        (media(), "image", []),
        (media(mime="IMAGE/PNG; x=y"), "image", []),
        (media(mime=""), "image", []),
        (media(size=None), "image", []),
        (media(mime="image/heic"), "file", ["as_file"]),
        (media(size=101), "file", ["as_file"]),
        (media("sticker", "image/png"), "image", ["as_image"]),
        (media("sticker", "image/webp"), "file", ["as_file"]),
        (media("voice", "audio/ogg; codecs=opus"), "audio", ["as_audio"]),
        (media("video", "video/mp4"), "file", ["as_file"]),
        (media("file", "text/plain", 200), "file", []),
    ],
)
def test_files_go_as_what_the_channel_takes(part: Media, gone: str, what: list[str]) -> None:
    limits = replace(RICH, media_types=frozenset({"image", "audio", "file"}))
    fitted = fit([part], limits, IMAGE)
    assert fitted.parts == (part.model_copy(update={"media_type": gone}),)
    assert [change.what for change in fitted.changes] == what
    assert fitted.misfits == ()


@pytest.mark.parametrize(
    ("part", "limits", "misfit"),
    [
        (media(), PLAIN, Misfit("/parts/0", "content_rejected", "this channel cannot send a media")),
        (
            media("video"),
            replace(RICH, media_types=frozenset({"image"})),
            Misfit("/parts/0/media_type", "media_unsupported", "this channel cannot send a video"),
        ),
        (
            media(mime="image/heic"),
            replace(RICH, media_types=frozenset({"image"})),
            Misfit(
                "/parts/0/media_type", "media_unsupported",
                "image/heic is none of image/jpeg, image/png, which this channel takes",
            ),
        ),
        (
            media(size=201),
            RICH,
            Misfit("/parts/0/media", "too_long", "201 bytes; this channel takes 100 of an image"),
        ),
    ],
)  # fmt: skip
def test_files_that_nothing_takes_are_misfits(part: Media, limits: Limits, misfit: Misfit) -> None:
    assert fit([part], limits, IMAGE) == Fitted(misfits=(misfit,))


def test_a_file_goes_as_a_link_where_links_can_be_made() -> None:
    limits = replace(PLAIN, text=400, parts=frozenset({"text", "link"}))
    fitted = fit([media(caption="Look")], limits, links=True)
    assert fitted.parts == (Link(url="/v1/media/med_1", title="a.jpg"), Text(text="Look"))
    assert whats(fitted) == ["/parts/0/media_type as_link"]
    assert fit([media()], replace(limits, text=302), links=True).parts == (Link(url="/v1/media/med_1"),)
    short = fit([media()], replace(limits, text=300), links=True)
    assert short.misfits == (Misfit("/parts/0", "too_long", "the link is longer than this channel's texts"),)
    assert fit([media()], PLAIN, links=True).misfits


def test_whoever_sends_puts_signed_addresses_in() -> None:
    parts = (Link(url="/v1/media/med_1", title="a"), Link(url="/v1/media/med_2"), Link(url="https://a"), Text(text="a"))
    assert linked(parts) == {"med_1", "med_2"}
    assert addressed(parts, {"med_1": "https://x/1?sig=a"}) == (Link(url="https://x/1?sig=a", title="a"), *parts[1:])


def test_an_address_of_a_file_can_always_be_said() -> None:
    part = Media(media_type="image", url="https://a.example/b.jpg", mime="image/jpeg", caption="Look")
    assert fit([part], PLAIN).parts == (Text(text="https://a.example/b.jpg"), Text(text="Look"))
    assert fit([part.model_copy(update={"name": "b"})], replace(PLAIN, parts=frozenset({"link"}))).parts == (
        Link(url="https://a.example/b.jpg", title="b"),
    )


def test_captions_go_apart_where_they_do_not_fit() -> None:
    long = media(caption="too long a caption")
    fitted = fit([long], RICH)
    assert fitted.parts == (media(), Text(text="too long a caption"))
    assert whats(fitted) == ["/parts/0/caption caption_apart"]
    sticker = media("sticker", caption="hi")
    assert fit([sticker], replace(RICH, uncaptioned=frozenset({"sticker"}))).parts == (
        media("sticker"),
        Text(text="hi"),
    )


def test_captions_keep_the_format_that_is_shown() -> None:
    bold = Span(style="bold", start=0, length=2)
    link = Span(style="link", start=0, length=2, url="https://a.example")
    code = Span(style="code", start=0, length=2)
    fitted = fit([media(caption="hi", format=(bold, code))], RICH)
    assert fitted.parts == (media(caption="hi", format=(bold,)),)
    assert whats(fitted) == ["/parts/0/caption formatting_dropped"]
    fitted = fit([media(caption="hi", format=(bold, link))], RICH)
    assert fitted.parts == (media(), Text(text="hi (https://a.example)", format=(bold,)))
    assert whats(fitted) == ["/parts/0/caption caption_apart", "/parts/0/caption formatting_dropped"]


# The law.

WORDS = st.text(st.sampled_from("ab{ .\n\u00e9\u20acя\U0001f389"), min_size=1, max_size=60).filter(str.strip)
SHORT = st.text(st.sampled_from("ab é\U0001f389"), min_size=1, max_size=8).filter(str.strip)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=WORDS),
    st.builds(
        Choices,
        text=WORDS,
        choices=st.lists(st.builds(Option, id=SHORT, label=SHORT), min_size=1, max_size=6).map(tuple),
    ),
    st.builds(Location, latitude=st.just(1.5), longitude=st.just(-2.25), name=SHORT, address=SHORT),
    st.builds(Contact, name=SHORT, phones=st.tuples(SHORT), emails=st.tuples(SHORT)),
    st.builds(Link, url=st.just("https://a.example"), title=SHORT),
    st.builds(media, st.sampled_from(get_args(MediaType)), caption=WORDS),
)
LIMITS = st.builds(
    Limits,
    text=st.integers(30, 60),
    caption=st.integers(0, 30),
    unit=st.sampled_from(get_args(Unit)),
    choices=st.integers(0, 5),
    choice_id=st.integers(0, 12),
    label=st.integers(0, 12),
    question=st.none() | st.integers(8, 60),
    parts=st.frozensets(st.sampled_from(sorted(ALL))).map(lambda found: found | {"text", "media"}),
    media_types=st.frozensets(st.sampled_from(sorted(MEDIA))).map(lambda found: found | {"file"}),
    uncaptioned=st.frozensets(st.sampled_from(sorted(MEDIA))),
)


def words(parts: tuple[Part, ...]) -> str:
    """Every character that is said, without the white space."""
    found = []
    for part in parts:
        match part:
            case Text(text=text):
                found.append(text)
            case Choices(text=text, choices=choices):
                found += [text, *(option.label for option in choices)]
            case Media(caption=caption):
                found.append(caption)
            case Link(url=url, title=title):
                found += [title, url]
            case Location(name=name, address=address):
                found += [name, address]
            case Contact(name=name, phones=phones, emails=emails):
                found += [name, *phones, *emails]
            case _:
                raise AssertionError(part)
    return "".join("".join(found).split())


@given(st.lists(PARTS, min_size=1, max_size=4).map(tuple), LIMITS)
def test_nothing_said_is_lost_and_no_limit_is_passed(parts: tuple[Part, ...], limits: Limits) -> None:
    fitted = fit(parts, limits)
    assert fitted == fit(parts, limits)
    assert not fitted.misfits
    assert misfits(fitted.parts, limits) == []
    rest = iter(words(fitted.parts))
    assert all(one in rest for one in words(parts))
    assert {change.what for change in fitted.changes} <= set(get_args(What))
    assert (fitted.parts == parts) or fitted.changes
    asked = [option.id for part in parts if isinstance(part, Choices) for option in part.choices]
    buttons = [option.id for part in fitted.parts if isinstance(part, Choices) for option in part.choices]
    numbers = [option.id for one in fitted.numbered for option in one.options]
    assert sorted(asked) == sorted(buttons + numbers)


@given(PARTS, LIMITS)
def test_what_is_changed_once_stays_so(part: Part, limits: Limits) -> None:
    fitted = fit([part], limits)
    again = fit(fitted.parts, limits)
    assert (again.parts, again.changes) == (fitted.parts, ())


def test_units_of_the_law_are_all_units() -> None:
    assert {measure("a", unit) for unit in get_args(Unit)} == {1}
