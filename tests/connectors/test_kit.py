"""The kit on a connector with every power: its samples come true, and what is wrong with a sample is told."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pydantic import SecretStr
from toys.parrot import parrot, sign, write

from connectors.api import (
    POWERS,
    Accepts,
    Answer,
    Call,
    Connector,
    Fetched,
    Malformed,
    Profile,
    Rejected,
    Reply,
    Steps,
    TemplateInfo,
    powers,
)
from connectors.signatures import same
from connectors.testing import BadSample, Broken, Check, checks, conformance
from normalizer.fit import Limits
from normalizer.model import Choices, Contact, Location, Media

P = parrot()
GET = {"method": "GET", "url": "/x", "effect": False}


def challenge(request: Any, settings: Any) -> Reply:
    if request.query.get("token") != settings.token.get_secret_value():
        raise Rejected
    return Reply(body=request.query.get("hello", ""))


def asks(name: str, returned: Any = None) -> Callable[..., Any]:
    """A power that asks one question."""

    def power(*arguments: Any) -> Any:
        yield Call(name, "GET", f"{arguments[-1].base}/x", effect=False)
        return returned(arguments[-1]) if callable(returned) else returned

    return power


def polled(answer: Answer, _settings: Any) -> tuple[Sequence[bytes], str]:
    try:
        found = json.loads(answer.body)
        return [json.dumps({"events": [one]}).encode() for one in found["events"]], str(found["next"])
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Malformed("not an answer to a poll") from None


def send(message: Any, settings: Any) -> Steps:
    for index, part in enumerate(message.parts):
        match part:
            case Media() | Choices() | Location() | Contact():
                fields = {"to": message.to, "part": part.model_dump_json()}
                yield Call(f"{index}:send", "POST", f"{settings.base}/x", part=index, multipart=fields)
            case _:
                yield from (replace(call, name=f"{index}:send", part=index) for call in one(part, message, settings))


def one(part: Any, message: Any, settings: Any) -> Iterator[Call]:
    yield P._call(settings, "0:send", "/messages", json={"to": message.to, **P._content(part)})


ABLE: Connector[Any] = replace(
    P.connector,
    limits=Limits(
        text=100,
        caption=20,
        unit="utf-16 units",
        choices=3,
        choice_id=9,
        label=8,
        parts=frozenset({"text", "link", "media", "choices", "location", "contact"}),
        media_types=frozenset({"image", "file"}),
    ),
    accepts={"image": Accepts(("image/*",), 5), "file": Accepts(("*/*",), 5)},
    send=send,
    challenge=challenge,
    reply=lambda _request, _settings: Reply(body="thanks"),
    acknowledge=asks("acknowledge"),
    fetch=asks("fetch", lambda settings: Fetched(Call("download", "GET", f"{settings.base}/y", effect=False))),
    connect=asks("connect"),
    poll=asks("poll"),
    polled=polled,
    typing=asks("typing"),
    read=asks("read"),
    edit=asks("edit"),
    delete=asks("delete"),
    react=asks("react"),
    profile=asks("profile", Profile("Ann", "pic", "1")),
    templates=asks("templates", [TemplateInfo("hello", "en", "Hello {{1}}", ("1",))]),
)


def case(folder: Path, name: str, **files: Any) -> None:
    (folder / name).mkdir()
    for file, content in files.items():
        (folder / name / f"{file}.json").write_text(json.dumps(content))


EVENT = {"id": "message:1", "identity": "parrot:1", "sent_at": "2026-09-21T14:13:20Z", "provider_ids": ["1"]}
HELLO = {"parts": [{"kind": "text", "text": "hi"}]}
WITH: dict[str, list[Any]] = {
    "acknowledge": [EVENT | HELLO],
    "fetch": ["ref-1"],
    "connect": ["https://chat.example.com/hooks/support"],
    "typing": ["parrot:42", "m-7"],
    "read": ["parrot:42", "m-7"],
    "edit": ["m-9", {"to": "parrot:42", **HELLO}],
    "delete": ["m-9", "parrot:42"],
    "react": ["m-9", "parrot:42", "👍"],
    "profile": ["parrot:42"],
    "templates": [],
}
RETURNS = {
    "fetch": {"name": "download", "method": "GET", "url": "https://api.parrot.example/y", "effect": False},
    "profile": {"name": "Ann", "picture": "pic", "version": "1"},
    "templates": [
        {
            "name": "hello",
            "language": "en",
            "body": "Hello {{1}}",
            "parameters": ["1"],
            "category": "",
            "status": "approved",
            "header": "",
            "footer": "",
            "buttons": [],
        }
    ],
}


@pytest.fixture
def few_examples() -> Iterator[None]:
    before = settings.default
    settings.register_profile("few examples", max_examples=10)
    settings.load_profile("few examples")
    yield
    settings.register_profile("as before", before)
    settings.load_profile("as before")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of the new connector that still hold, and one for every power."""
    folder = write(tmp_path_factory.mktemp("parrot")) / "samples"
    message = {"kind": "message", "id": "m-7", "from": {"id": "42"}, "time": 1790000000, "type": "text", "text": "hi"}
    event = {"kind": "message", **EVENT, **HELLO} | {
        "id": "message:m-7",
        "identity": "parrot:42",
        "provider_ids": ["m-7"],
    }
    for power, arguments in WITH.items():
        asked = {"power": power, "with": arguments}
        returns = {"returns": RETURNS[power]} if power in RETURNS else {}
        case(folder, f"power_{power}", power=asked, expected={"calls": [{"name": power, **GET}], **returns})
    answer = {"status": 200, "body": {"events": [message], "next": 8}}
    poll = {"calls": [{"name": "poll", **GET, "answer": answer}], "cursor": "8", "events": [_full(event)]}
    case(folder, "power_poll", power={"power": "poll", "with": ["7"]}, expected=poll)
    case(folder, "polled_item", request={"polled": True, "headers": {"x-signature": None}, "body": {"events": [message]}},
         expected={"events": [event]})  # fmt: skip
    case(folder, "hello", request={"method": "GET", "query": {"token": "made-up-token", "hello": "5"}},
         expected={"reply": {"status": 200, "body": "5"}})  # fmt: skip
    case(folder, "hello_of_a_stranger", request={"method": "GET", "query": {"token": "x"}}, expected={"rejected": True})
    case(
        folder,
        "thanked",
        request={"body": {"events": [message]}},
        expected={"events": [event], "reply": {"body": "thanks"}},
    )
    case(folder, "a_place", message={"to": "parrot:42", "parts": [{"kind": "location", "latitude": 1, "longitude": 2}]},
         expected={"calls": [{"name": "0:send", "url": "/x", "multipart": {"to": "parrot:42", "part": PLACE}}]})  # fmt: skip
    tagged = message | {"tags": ["one", "two"]}
    twice = [event, event | {"id": "message:m-8", "provider_ids": ["m-8"]}]
    case(folder, "tagged", request={"body": {"events": [tagged, message | {"id": "m-8"}]}}, expected={"events": twice})
    for name in ("say", "say_a_link", "blocked"):
        (folder / name / "expected.json").unlink()
    return folder


PLACE = '{"kind":"location","latitude":1.0,"longitude":2.0}'


def _full(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "sent_at": "2026-09-21T14:13:20.000Z", "to": "", "order": 0, "name": "", "reply_to": ""}


@pytest.mark.usefixtures("few_examples")
def test_all_samples_and_laws_hold_for_a_connector_with_every_power(samples: Path) -> None:
    assert powers(ABLE) == POWERS
    found = list(checks(ABLE, samples, sign))
    assert len({one.name for one in found}) == len(found) > 60
    for one in found:
        one.run()


def test_a_failure_is_told_without_a_traceback(samples: Path) -> None:
    def breaks() -> None:
        raise Broken("the law of the jungle", "a lion", "peace", "war", "laws")

    run = conformance(ABLE, samples, sign)
    with pytest.raises(pytest.fail.Exception) as failed:
        run(Check("x", breaks))
    assert failed.value.pytrace is False
    for word in ("the law of the jungle", "a lion", "peace", "war", "docs/adding-a-connector.md#laws"):
        assert word in str(failed.value)
    run(Check("x", lambda: None))


def test_a_long_value_is_cut_and_half_a_character_told() -> None:
    said = str(Broken("law", "x" * 5000, "\ud800", "line\nline", "send"))
    assert len(said) < 3000
    assert "(5000 characters in all)" in said
    assert "\\ud800" in said
    assert "line\n            line" in said


def run(connector: Connector[Any], folder: Path, name: str) -> None:
    next(one for one in checks(connector, folder, sign) if one.name == name).run()


WRONG: dict[str, tuple[str, Any, dict[str, Any], str]] = {
    "a power that is not there": ("power", {"power": "typing", "with": ["x"]}, {"calls": []}, "the power `typing`"),
    "another return": ("power", {"power": "check"}, {"calls": [{"name": "me", "method": "GET", "url": "/me",
                       "effect": False, "headers": {"authorization": "Bearer made-up-token"}}],
                       "returns": {"ok": False}}, "'ok': False"),
    "more calls": ("power", {"power": "check"}, {"calls": []}, '+  "effect": false'),
    "no poll": ("power", {"power": "check"}, {"calls": [{"name": "me", "method": "GET", "url": "/me", "effect": False,
                "headers": {"authorization": "Bearer made-up-token"}}], "cursor": "5"}, "the power `polled`"),
    "no challenge": ("request", {"method": "GET"}, {"reply": {"body": "5"}}, "the power `challenge`"),
    "a stranger's GET": ("request", {"method": "GET"}, {"rejected": True}, ""),
    "no reply": ("request", {"body": {"events": []}}, {"malformed": True}, ""),
    "events that are none": ("request", {"body": {"events": [{}]}}, {"events": [{"kind": "smell"}]}, "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", [one for one in WRONG.values() if one[3]], ids=[n for n, o in WRONG.items() if o[3]])
def test_a_sample_that_does_not_come_true(wrong: tuple[str, Any, dict[str, Any], str], tmp_path: Path) -> None:
    kind, asked, expected, words = wrong
    folder = write(tmp_path) / "samples"
    case(folder, "wrong", **{kind: asked, "expected": expected})
    with pytest.raises(Broken) as broken:
        run(P.connector, folder, "sample wrong")
    assert words.lower() in str(broken.value).lower()


MESSAGE = {"kind": "message", "id": "m-7", "from": {"id": "42"}, "time": 1790000000, "type": "text", "text": "hi"}
SAID = {"kind": "message", **EVENT, **HELLO} | {"id": "message:m-7", "identity": "parrot:42", "provider_ids": ["m-7"]}


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"events": [{"kind": "smell"}]}, "expected.json holds events"),
        ({"event": []}, "expected.json says what comes"),
        ({"events": [SAID], "reply": {"body": "x"}}, "the power `reply`"),
        ({"malformed": True}, "events: [MessageReceived"),
    ],
)
def test_an_expectation_that_says_something_else(expected: Any, words: str, tmp_path: Path) -> None:
    folder = write(tmp_path) / "samples"
    case(folder, "wrong", request={"body": {"events": [MESSAGE]}}, expected=expected)
    with pytest.raises(Broken) as broken:
        run(P.connector, folder, "sample wrong")
    assert words in str(broken.value)


def test_replies_are_compared(tmp_path: Path) -> None:
    folder = write(tmp_path) / "samples"
    case(
        folder, "thanked", request={"body": {"events": [MESSAGE]}}, expected={"events": [SAID], "reply": {"body": "x"}}
    )
    case(
        folder,
        "hello",
        request={"method": "GET", "query": {"token": "made-up-token"}},
        expected={"reply": {"body": "x"}},
    )
    for name in ("thanked", "hello"):
        with pytest.raises(Broken, match="'body': 'x'"):
            run(ABLE, folder, f"sample {name}")


def test_polls_are_compared(tmp_path: Path) -> None:
    folder = write(tmp_path) / "samples"
    answer = {"status": 200, "body": {"events": [], "next": 8}}
    expected = {"calls": [{"name": "poll", **GET, "answer": answer}], "cursor": "9"}
    case(folder, "poll", power={"power": "poll", "with": [""]}, expected=expected)
    with pytest.raises(Broken, match=r'\+ "cursor": "8"'):
        run(ABLE, folder, "sample poll")


def test_events_for_another_account_are_told(tmp_path: Path) -> None:
    folder = write(tmp_path) / "samples"

    def elsewhere(request: Any, settings: Any) -> Any:
        return [event.model_copy(update={"to": "elsewhere"}) for event in P.parse(request, settings)]

    connector = replace(P.connector, parse=elsewhere)
    expected: dict[str, Any] = {"events": [SAID | {"to": "elsewhere"}]}
    case(folder, "theirs", request={"body": {"events": [MESSAGE]}}, expected=expected)
    with pytest.raises(Broken, match="is the account's address"):
        run(connector, folder, "sample theirs")
    case(folder, "on_purpose", request={"body": {"events": [MESSAGE]}}, expected=expected | {"elsewhere": True})
    run(connector, folder, "sample on_purpose")


def test_too_few_samples(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"secret": "made-up-secret", "token": "made-up-token"}')
    law = "law there are samples to try the laws on"
    with pytest.raises(Broken, match=r"a request\.json with events"):
        run(P.connector, tmp_path, law)

    class Forgiving(P.Settings):  # type: ignore[misc, name-defined]
        secret: SecretStr = SecretStr("")
        token: SecretStr = SecretStr("")

    run(replace(P.connector, settings=Forgiving), tmp_path, "law verify refuses everybody while a secret is empty")
    case(tmp_path, "text", request={"body": {"events": [MESSAGE]}}, expected={"events": [SAID]})
    with pytest.raises(Broken, match="rejected"):
        run(P.connector, tmp_path, law)
    for one in checks(P.connector, tmp_path, sign):  # without a message to send, a call of ours is classified
        if one.name == "law classify is total":
            one.run()


BAD: dict[str, tuple[str, str, str]] = {
    "no settings": ("settings.json", "", "settings.json is missing"),
    "settings of another": ("settings.json", '{"colour": 5}', "settings.json: "),
    "a short secret": ("settings.json", '{"secret": "t", "token": "made-up-token"}', "6 characters or more"),
    "no json": ("text/request.json", "{", "text/request.json: "),
    "an odd message": ("say/message.json", '{"to": "x", "part": []}', "say: "),
    "neither": ("say/message.json", "", "power.json is missing"),
    "an event that is none": ("check/power.json", '{"power": "acknowledge", "with": [{"id": 5}]}', "check: "),
    "answers": ("answers.json", '{"sent": {"status": 200}}', "sent: KeyError('answer')"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_sample_that_cannot_be_read(bad: tuple[str, str, str], tmp_path: Path) -> None:
    file, text, words = bad
    folder = write(tmp_path) / "samples"
    (folder / file).unlink()
    if text:
        (folder / file).write_text(text)
    with pytest.raises(BadSample) as told:
        list(checks(P.connector, folder, sign))
    assert words in str(told.value)


def test_a_body_may_be_a_form_or_a_file_of_its_own(tmp_path: Path) -> None:
    folder = write(tmp_path) / "samples"
    bodies: list[bytes] = []

    def reads(request: Any, _settings: Any) -> Any:
        bodies.append(request.body)
        raise Malformed("form")

    case(folder, "form", request={"form": {"From": "+33 6", "Body": "é"}}, expected={"malformed": "form"})
    case(folder, "file", request={"received_at": "2026-01-01T00:00:00Z"}, expected={"malformed": "form"})
    (folder / "file" / "body.bin").write_bytes(b"\xff\x00")
    for name in ("form", "file"):
        run(replace(P.connector, parse=reads), folder, f"sample {name}")
    assert bodies == [b"From=%2B33+6&Body=%C3%A9", b"\xff\x00"]


def test_a_proof_may_stand_in_the_query(tmp_path: Path) -> None:
    folder = write(tmp_path) / "samples"
    for one in folder.glob("*/request.json"):
        asked = json.loads(one.read_text()) | {"query": {"token": "made-up-secret", "lang": "fr"}}
        if "rejected" in one.parent.name:
            asked["query"] = {"token": "guess"} if "wrong" in one.parent.name else {}
        one.write_text(json.dumps(asked))

    def verify(request: Any, settings: Any) -> None:
        if not same(request.query.get("token"), settings.secret.get_secret_value()):
            raise Rejected

    def careless(request: Any, settings: Any) -> None:
        if settings.secret.get_secret_value() not in request.url:
            raise Rejected

    connector = replace(P.connector, verify=verify)
    for one in checks(connector, folder):
        if "verify" in one.name or "sample" in one.name:
            one.run()
    with pytest.raises(Broken, match="with token: "):
        run(replace(connector, verify=careless), folder, "law verify refuses a changed proof")
