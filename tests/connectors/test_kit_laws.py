"""Every law of the kit, by a connector that breaks it: the kit says which law, for what, and where to read."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from pydantic import ConfigDict, SecretStr
from toys.parrot import parrot, sign, write

from connectors import api
from connectors.api import (
    Accepted,
    Accepts,
    Answer,
    Call,
    Connector,
    Deferred,
    Malformed,
    Refused,
    Rejected,
    Reply,
    Request,
    Uncertain,
)
from connectors.outcomes import by_status
from connectors.testing import Broken, checks
from connectors.testing.samples import NOW
from normalizer.model import Media, Text

P = parrot()
GOOD: Connector[Any] = P.connector
GUIDE = Path(__file__).parents[2] / "docs" / "adding-a-connector.md"


@pytest.fixture(autouse=True)
def _no_smaller_examples() -> Iterator[None]:
    """That a law is broken is enough here; the smallest example costs seconds."""
    before = hypothesis_settings.default
    hypothesis_settings.register_profile("the first will do", phases=(Phase.explicit, Phase.generate))
    hypothesis_settings.load_profile("the first will do")
    yield
    hypothesis_settings.register_profile("as before", before)
    hypothesis_settings.load_profile("as before")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("parrot")) / "samples"


def broken(connector: Connector[Any], samples: Path, check: str, signing: Any = sign) -> str:
    """What one check says of a connector that breaks it."""
    [found] = [one for one in checks(connector, samples, signing) if one.name == check]
    with pytest.raises(Broken) as said:
        found.run()
    return str(said.value)


def given(**fields: Any) -> Connector[Any]:
    return replace(GOOD, **fields)


def limits(**fields: Any) -> Connector[Any]:
    return given(limits=replace(GOOD.limits, **fields))


# Verify.


def lets_all_in(_request: Any, _settings: Any) -> None:
    pass


def looks_at_the_start(request: Any, settings: Any) -> None:
    right = sign(request, settings)["x-signature"]
    if request.headers.get("x-signature", "")[:40] != right[:40]:
        raise Rejected


def signs_the_start(request: Any, settings: Any) -> None:
    """As if signed: the first ten bytes only."""
    if request.headers.get("x-signature") != sign(replace(request, body=request.body[:10]), settings)["x-signature"]:
        raise Rejected


def sign_the_start(request: Any, settings: Any) -> Any:
    return sign(replace(request, body=request.body[:10]), settings)


def breaks_without_a_header(request: Any, settings: Any) -> None:
    if request.headers["x-signature"] != sign(request, settings)["x-signature"]:
        raise Rejected


def talks(request: Any, settings: Any) -> None:
    if request.headers.get("x-signature") != sign(request, settings)["x-signature"]:
        raise Rejected(f"expected {settings.secret.get_secret_value()}")


def knows_one_secret(request: Any, settings: Any) -> None:
    P.verify(request, settings.model_copy(update={"secret": SecretStr("made-up-secret")}))


class Forgiving(P.Settings):  # type: ignore[misc, name-defined]
    secret: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")


def anything_goes_unset(request: Any, settings: Any) -> None:
    if settings.secret.get_secret_value():
        P.verify(request, settings)


VERIFY: dict[str, tuple[Connector[Any], str, str]] = {
    "lets all in": (given(verify=lets_all_in), "law verify lets nobody in without proof", "verify let it in"),
    "breaks": (given(verify=breaks_without_a_header), "law verify lets nobody in without proof", "KeyError"),
    "talks": (given(verify=talks), "law verify lets nobody in without proof", "no secret is in an exception"),
    "half a proof": (given(verify=looks_at_the_start), "law verify refuses a changed proof", "with x-signature: "),
    "another's": (given(verify=knows_one_secret), "law verify refuses the proof of another account", "other secrets"),
    "unset": (
        given(verify=P.verify, settings=Forgiving),
        "law verify refuses everybody while a secret is empty",
        "signed with an empty secret",
    ),
    "unset and open": (
        given(verify=anything_goes_unset, settings=Forgiving),
        "law verify refuses everybody while a secret is empty",
        "with an empty proof",
    ),
    "a sample let in": (given(verify=lets_all_in), "sample rejected_wrong_signature", "verify let it in"),
    "a sample refused": (
        given(verify=lambda _r, _s: (_ for _ in ()).throw(Rejected("no"))),
        "sample text",
        "Rejected: no",
    ),
}


@pytest.mark.parametrize("case", VERIFY.values(), ids=VERIFY)
def test_verify(case: tuple[Connector[Any], str, str], samples: Path) -> None:
    connector, check, words = case
    assert words in broken(connector, samples, check)


def test_a_signature_that_covers_not_all(samples: Path) -> None:
    check = "law verify refuses a changed body that was signed"
    assert "byte 1" in broken(given(verify=signs_the_start), samples, check, sign_the_start)


def test_a_signature_is_found_out_without_signing(tmp_path: Path) -> None:
    """Recorded samples carry their own signatures: each is wrong for another's body."""
    given_settings = {"secret": "made-up-secret", "token": "made-up-token"}
    settings = GOOD.settings.model_validate({"name": "a", "connector": "parrot", **given_settings})
    for text in ("one", "two"):
        body = json.dumps({"events": [text]})
        headers = sign(Request("POST", "", {}, NOW, body=body.encode()), settings)
        (tmp_path / text).mkdir()
        (tmp_path / text / "request.json").write_text(json.dumps({"headers": headers}))
        (tmp_path / text / "body.json").write_text(body)
        (tmp_path / text / "expected.json").write_text('{"malformed": "events"}')
    (tmp_path / "settings.json").write_text(json.dumps(given_settings))
    check = "law verify refuses a changed body that was signed"
    [law] = [one for one in checks(GOOD, tmp_path) if one.name == check]
    law.run()
    [unset] = [one for one in checks(given(settings=Forgiving), tmp_path) if "secret is empty" in one.name]
    unset.run()
    seen = []

    def covers_but_the_end(request: Any, settings: Any) -> None:
        seen.append(request.body)
        if request.body[:-1] + b"}" != request.body or request.headers != sign(request, settings):
            P.verify(replace(request, body=request.body[:-1] + b"}"), settings)

    assert "byte " in broken(given(verify=covers_but_the_end), tmp_path, check, None)
    assert len(set(seen)) > 2


# Parse.


def forgets_nothing() -> Any:
    seen: list[str] = []

    def parse(request: Any, settings: Any) -> Any:
        events = P.parse(request, settings)
        fresh = [event for event in events if event.id not in seen]
        seen.extend(event.id for event in fresh)
        return fresh

    return parse


def by_arrival(request: Any, settings: Any) -> Any:
    return [
        event.model_copy(update={"id": f"message:{request.received_at.isoformat()}:{number}"})
        for number, event in enumerate(P.parse(request, settings))
    ]


def changed(**fields: Any) -> Any:
    return lambda request, settings: [event.model_copy(update=fields) for event in P.parse(request, settings)]


def all_or_nothing(request: Any, settings: Any) -> Any:
    events = P.parse(request, settings)
    if len(events) != len(json.loads(request.body)["events"]):
        raise Malformed("one of them cannot be read")
    return events


def loose(request: Any, _settings: Any) -> Any:
    return [] if json.loads(request.body)["events"] else ()


def quotes(request: Any, settings: Any) -> Any:
    try:
        return P.parse(request, settings)
    except Malformed:
        raise Malformed(f"cannot read {request.body!r}") from None


def no_json(request: Any, settings: Any) -> Any:
    return [event.model_copy(update={"raw": float("nan")}) for event in P.parse(request, settings)]


def altered_by_json(request: Any, settings: Any) -> Any:
    return [event.model_copy(update={"sent_at": NOW.replace(microsecond=1)}) for event in P.parse(request, settings)]


PARSE: dict[str, tuple[Any, str, str]] = {
    "memory": (forgets_nothing(), "law parse remembers nothing: a duplicate is the same event, an edit needs no original", "remembers"),
    "by arrival": (by_arrival, "law parse remembers nothing: a duplicate is the same event, an edit needs no original", "comes later"),
    "twice": (lambda r, s: [*P.parse(r, s), *P.parse(r, s)], "law one id names one thing, and each thing has its own", "ids that differ"),
    "no id": (changed(id="m-7"), "sample text", "kind:native id"),
    "not ours": (changed(to="elsewhere"), "sample text", '+  "to": "elsewhere"'),
    "another text": (changed(name="Bob"), "sample text", '+  "name": "Bob"'),
    "nan": (no_json, "sample text", "raw=nan"),
    "not as written": (altered_by_json, "sample text", "0, 0, 1, tzinfo"),
    "batch": (all_or_nothing, "law one bad item of a batch costs only itself", "with None at events/0"),
    "any bytes": (loose, "law parse takes any bytes", "JSONDecodeError"),
    "spoilt": (loose, "law parse takes spoilt samples", "raises nothing but Malformed"),
    "quotes": (quotes, "law Malformed quotes nothing of the body", "our own words"),
    "not malformed": (lambda _r, _s: [], "sample malformed", "events: []"),
    "malformed otherwise": (
        lambda _r, _s: (_ for _ in ()).throw(Malformed("who knows")),
        "sample malformed",
        "Malformed: body…",
    ),
    "malformed, and should not be": (
        lambda _r, _s: (_ for _ in ()).throw(Malformed("who knows")),
        "sample text",
        "Malformed: who knows",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PARSE.values(), ids=PARSE)
def test_parse(case: tuple[Any, str, str], samples: Path) -> None:
    parse, check, words = case
    said = broken(given(parse=parse), samples, check)
    assert words in said
    assert_readable(said)


def assert_readable(said: str) -> None:
    for line in ("the law", "the sample", "expected", "came"):
        assert re.search(rf"^{line} +\S", said, re.MULTILINE)
    [anchor] = re.findall(r"^read +docs/adding-a-connector.md#([a-z-]+)$", said, re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", GUIDE.read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace("`", "").replace(" ", "-") for heading in headings}


def test_one_id_over_several_samples(samples: Path) -> None:
    parse = changed(id="message:1")

    def one_each(request: Any, settings: Any) -> Any:
        return parse(request, settings)[:1]

    said = broken(given(parse=one_each), samples, "law one id names one thing, and each thing has its own")
    assert "delivered and " in said


# Send.


def sending(content: Callable[[Any], Any]) -> Any:
    def send(message: Any, settings: Any) -> Iterator[Call]:
        for index, part in enumerate(message.parts):
            yield P._call(settings, f"{index}:send", "/messages", part=index, json=content(part))

    return send


def with_call(**fields: Any) -> Any:
    def send(message: Any, settings: Any) -> Any:
        steps = P.send(message, settings)
        try:
            call = next(steps)
            while True:
                answer = yield replace(call, **fields)
                call = steps.send(answer)
        except StopIteration:
            return

    return send


COUNT = itertools.count()


def dice(message: Any, settings: Any) -> Iterator[Call]:
    yield P._call(settings, f"{next(COUNT)}:send", "/messages", json={})


def for_ever(_message: Any, settings: Any) -> Iterator[Call]:
    for number in itertools.count():
        yield P._call(settings, f"{number}:send", "/messages", json={})


def breaks_on_refusal(_message: Any, settings: Any) -> Iterator[Call]:
    try:
        yield P._call(settings, "0:send", "/messages", json={})
    except Refused as refused:
        raise LookupError("what now?") from refused


def refuses(_message: Any, _settings: Any) -> Iterator[Call]:
    raise Refused("content_rejected", "never")
    yield


STEADY = "law send is deterministic: the same message makes the same calls"
PROMISE = "law what the limits promise can be sent"
EDGE = "law what is at the limit arrives whole, and over no limit"
SEND: dict[str, tuple[Any, str, str]] = {
    "dice": (dice, STEADY, "deterministic"),
    "for ever": (for_ever, STEADY, "Endless"),
    "breaks": (breaks_on_refusal, STEADY, "LookupError: what now?"),
    "refuses": (refuses, PROMISE, "Refused"),
    "names": (with_call(name="send"), PROMISE, "names that differ"),
    "part": (with_call(part=5), PROMISE, "a part from 0 to 0"),
    "two bodies": (with_call(form={"a": "b"}), PROMISE, "2 of them"),
    "no address": (with_call(url="ftp://x"), PROMISE, "an http address"),
    "no json": (with_call(json={"x": {1}}), PROMISE, "TypeError"),
    "no text": (with_call(headers={"a": 5}), PROMISE, "5 is no text"),
    "a secret in a name": (with_call(name="0:made-up-token"), PROMISE, "no secret"),
    "cut": (sending(lambda part: {"text": getattr(part, "text", "")[:100]}), EDGE, "in none of the calls"),
    "longer": (sending(lambda part: {"text": "From us: " + getattr(part, "text", "")}), EDGE, "at most 4000"),
    "another call": (with_call(method="PUT"), "sample say", '+  "method": "PUT"'),
}


@pytest.mark.parametrize("case", SEND.values(), ids=SEND)
def test_send(case: tuple[Any, str, str], samples: Path) -> None:
    send, check, words = case
    said = broken(given(send=send), samples, check)
    assert words in said
    assert_readable(said)


def test_another_way_round_is_no_loss(samples: Path) -> None:
    """A connector may split a text itself, nest JSON within a form, or make no call at all."""

    def halves(message: Any, settings: Any) -> Iterator[Call]:
        for part in message.parts:
            text = getattr(part, "text", None) or part.url
            form = {"one": json.dumps({"text": text[:2000]}), "two": "{" + text[2000:], "three": "[no json"}
            yield Call("0:send", "POST", f"{settings.base}/x", form=form)

    def nothing(_message: Any, _settings: Any) -> Iterator[Call]:
        yield from ()

    for send in (halves, nothing):
        connector = given(send=send)
        found = {one.name: one for one in checks(connector, samples, sign)}
        if send is halves:
            with pytest.raises(Broken, match="in none of the calls"):  # the "{" is between the halves
                found[EDGE].run()
        else:
            found[EDGE].run()


def test_refused_where_the_sample_is_not(samples: Path) -> None:
    def second_thoughts(message: Any, settings: Any) -> Any:
        yield from P.send(message, settings)
        raise Refused("content_rejected", "after all")

    assert "not refused" in broken(given(send=second_thoughts), samples, "sample say")


# Classify.


def classifying(outcome: Callable[[Call, Answer], Any]) -> Connector[Any]:
    return given(classify=outcome)


TOTAL = "law classify is total"
UNREADABLE = "law a 2xx with a body that cannot be read is Accepted"
PROXY = "law a 5xx in a proxy's words is Uncertain: nobody knows whether the provider took it"


def reads_first(call: Call, answer: Answer) -> Any:
    json.loads(answer.body)
    return P.classify(call, answer)


def tells_all(call: Call, answer: Answer) -> Any:
    outcome = P.classify(call, answer)
    return Refused(outcome.code, answer.body.decode(errors="replace")) if isinstance(outcome, Refused) else outcome


def late(wait: float) -> Any:
    def classify(call: Call, answer: Answer) -> Any:
        return Deferred("later", wait) if answer.status == 429 else P.classify(call, answer)

    return classify


CLASSIFY: dict[str, tuple[Any, str, str]] = {
    "reads first": (reads_first, TOTAL, "JSONDecodeError"),
    "none": (lambda _c, _a: None, TOTAL, "came        None"),
    "negative": (late(-1), TOTAL, "came        -1"),
    "for ever": (late(float("inf")), TOTAL, "came        inf"),
    "no such reason": (lambda _c, _a: Refused("because", "x"), TOTAL, "closed list"),  # type: ignore[arg-type]
    "no such reason to wait": (lambda _c, _a: Deferred("x", reason="because"), TOTAL, "closed list"),  # type: ignore[arg-type]
    "429 accepted": (lambda _c, _a: Accepted(), TOTAL, "a 429 is Deferred"),
    "200 uncertain": (lambda c, a: by_status(c, a, own=True) if a.body else Uncertain("?"), UNREADABLE, "Accepted"),
    "400 accepted": (lambda c, a: Deferred("x") if a.status == 429 else Accepted(), UNREADABLE, "4xx"),
    "proxy": (lambda c, a: by_status(c, a, own=True), PROXY, "Uncertain"),
    "tells all": (tells_all, "law no outcome quotes a secret", "words without it"),
    "a sample's answer": (lambda c, a: by_status(c, a, own=True), "answer a proxy is down", "{'uncertain': True}"),
    "a sample's outcome": (lambda c, a: by_status(c, a, own=True), "sample say", "accepted"),
    "no outcome": (lambda _c, _a: None, "answer sent", "not an outcome"),
}


@pytest.mark.parametrize("case", CLASSIFY.values(), ids=CLASSIFY)
def test_classify(case: tuple[Any, str, str], samples: Path) -> None:
    classify, check, words = case
    said = broken(classifying(classify), samples, check)
    assert words in said
    assert_readable(said)


# The value itself.


class Plain(api.Settings):
    secret: SecretStr
    token: str


class Open(P.Settings):  # type: ignore[misc, name-defined]
    model_config = ConfigDict(extra="ignore")


class Shown(P.Settings):  # type: ignore[misc, name-defined]
    def __str__(self) -> str:
        return str(self.token.get_secret_value())


NAMED = "law a connector's name is short and plain"
SETTINGS = "law settings keep secrets, and know their keys"
AGREE = "law limits agree with each other"
TOGETHER = "law powers that go together are given together"
VALUE: dict[str, tuple[Connector[Any], str, str]] = {
    "name": (given(name="Big Bird"), NAMED, "Big Bird"),
    "type": (
        given(content_types=("application/json; charset=utf-8",)),
        "law content types are plain: what a Content-Type says before its semicolon",
        "as in application/json",
    ),
    "secret in the open": (given(settings=Plain), SETTINGS, "a SecretStr"),
    "unknown keys": (given(settings=Open), SETTINGS, "no_such_key"),
    "shown": (given(settings=Shown), SETTINGS, "settings without their secrets"),
    "kinds": (limits(parts=frozenset({"text", "smell"})), AGREE, "known kinds"),
    "below 0": (limits(caption=-1), AGREE, "below 0"),
    "no text": (limits(text=0), AGREE, '"text" in parts'),
    "media": (limits(parts=frozenset({"text", "media"})), AGREE, "media_types"),
    "choices": (limits(choices=3), AGREE, "how many"),
    "labels": (limits(choices=3, parts=frozenset({"text", "choices"})), AGREE, "room for"),
    "uncaptioned": (limits(uncaptioned=frozenset({"image"})), AGREE, "among media_types"),
    "styles": (limits(styles=frozenset({"loud"})), AGREE, "known styles"),
    "accepts": (given(accepts={"image": Accepts(("image/*",), 5)}), AGREE, "accepts for each"),
    "poll": (given(poll=lambda _c, _s: iter(())), TOGETHER, "poll and polled"),
    "no function": (given(typing=5), TOGETHER, "a function"),
}


@pytest.mark.parametrize("case", VALUE.values(), ids=VALUE)
def test_value(case: tuple[Connector[Any], str, str], samples: Path) -> None:
    connector, check, words = case
    said = broken(connector, samples, check)
    assert words in said
    assert_readable(said)


def test_settings_of_another_family(samples: Path) -> None:
    class Alone(api.BaseModel):
        name: str
        connector: str
        secret: SecretStr
        token: SecretStr
        base: str = "https://x.example"

    assert "subclass" in broken(given(settings=Alone), samples, SETTINGS)


# The powers.


def test_a_power_that_must_not_be_repeated(samples: Path) -> None:
    def typing(_identity: str, _newest: str, settings: Any) -> Iterator[Call]:
        yield P._call(settings, "typing", "/typing", json={})

    said = broken(given(typing=typing), samples, "law typing may be repeated and ends")
    assert "effect=False" in said
    assert_readable(said)


def test_a_power_that_throws_dice(samples: Path) -> None:
    def typing(_identity: str, _newest: str, settings: Any) -> Iterator[Call]:
        yield P._call(settings, f"typing {next(COUNT)}", "/typing", json={}, effect=False)

    assert "may be repeated" in broken(given(typing=typing), samples, "law typing may be repeated and ends")


def test_the_challenge_lets_nobody_in(samples: Path, tmp_path: Path) -> None:
    write(tmp_path)
    case = tmp_path / "samples" / "challenge_wrong"
    case.mkdir()
    (case / "request.json").write_text('{"method": "GET", "query": {"token": "guess"}}')
    (case / "expected.json").write_text('{"rejected": true}')
    connector = given(challenge=lambda request, _s: Reply(body=request.query.get("hello", "")))
    assert "Reply(" in broken(connector, tmp_path / "samples", "sample challenge_wrong")


def test_a_text_of_the_widest_letters(samples: Path) -> None:
    """At the limit in UTF-16 units an emoji counts two, and a connector that counts letters is found out."""

    def counts_letters(message: Any, settings: Any) -> Iterator[Call]:
        for part in message.parts:
            yield P._call(settings, "0:send", "/x", json={"text": getattr(part, "text", "")[:7]})

    connector = replace(limits(text=8, unit="utf-16 units"), send=counts_letters)
    assert "8 utf-16 units" in broken(connector, samples, EDGE)


def test_media_and_choices_are_tried_at_the_limit(samples: Path) -> None:
    def forgets_captions(message: Any, settings: Any) -> Iterator[Call]:
        for part in message.parts:
            kept = part.model_copy(update={"caption": ""}) if isinstance(part, Media) else part
            yield P._call(settings, "0:send", "/x", json={"part": kept.model_dump(mode="json")})

    able = limits(
        parts=frozenset({"text", "media", "choices", "template", "location", "contact", "choice"}),
        media_types=frozenset({"image"}),
        caption=20,
        choices=3,
        choice_id=9,
        label=5,
    )
    said = broken(replace(able, send=forgets_captions), samples, EDGE)
    assert "a caption of 20" in said
    assert Text(text="a" * 20).text in said


def test_limits_that_do_not_let_through_what_they_promise(samples: Path) -> None:
    connector = limits(text=3)
    assert "let through" in broken(connector, samples, PROMISE)


def test_a_poll_that_brings_something_else(samples: Path) -> None:
    def poll(_cursor: str, settings: Any) -> Iterator[Call]:
        yield P._call(settings, "poll", "/poll", method="GET", effect=False)

    for polled, came in ((lambda _a, _s: ([], 5), "([], 5)"), (lambda _a, _s: (["x"], "5"), "(['x'], '5')")):
        said = broken(given(poll=poll, polled=polled), samples, "law polled takes any answer")
        assert f"came        {came}" in said
        assert_readable(said)
