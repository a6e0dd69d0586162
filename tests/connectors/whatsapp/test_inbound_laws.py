"""What holds for every webhook: batches of any shape, people in any order."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Request
from connectors.whatsapp import Settings, connector
from connectors.whatsapp.dialect import Known
from connectors.whatsapp.people import People, Person
from normalizer.event import MessageReceived, ReceiptReceived

SETTINGS = Settings.model_validate(
    {
        "name": "support", "connector": "whatsapp", "phone_number_id": "123", "token": "made-up-token",
        "app_secret": "made-up-app-secret", "verify_token": "made-up-verify-token",
    }
)  # fmt: skip
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def parse(body: object) -> list[Any]:
    told = json.dumps(body).encode()
    return list(
        connector.parse(Request("POST", "https://chat.example.com/hooks/support", {}, NOW, body=told), SETTINGS)
    )


PEOPLE = [
    {"profile": {"name": f"Person {number}"}, "wa_id": f"3361234567{number}", "user_id": f"FR.{number}"}
    for number in range(5)
]
ITEMS = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans(), st.booleans()), max_size=4)
VALUES = st.tuples(st.sampled_from(["123", "999"]), ITEMS, ITEMS, st.permutations(PEOPLE))
BATCHES = st.lists(st.lists(VALUES, max_size=3), max_size=3)


@given(BATCHES)
def test_every_item_of_a_batch_is_told_once_and_of_the_right_person(batch: list[list[Any]]) -> None:
    """A second reader: it writes the batch and what it means side by side."""
    entries: list[Any] = []
    wanted: dict[str, tuple[str, str, str]] = {}
    for entry in batch:
        changes = []
        for number, messages, statuses, people in entry:
            value: dict[str, Any] = {"metadata": {"phone_number_id": number}, "contacts": people}
            value |= {"messages": [], "statuses": []}
            for who, by_number, by_id, _ in messages:
                name = f"wamid.{len(wanted)}"
                said = {"id": name, "timestamp": "1790000000", "type": "text", "text": {"body": name}}
                said |= {"from": PEOPLE[who]["wa_id"]} if by_number or not by_id else {}
                said |= {"from_user_id": PEOPLE[who]["user_id"]} if by_id else {}
                value["messages"].append(said)
                wanted[f"message:{name}"] = (number, f"whatsapp:FR.{who}", f"Person {who}")
            for who, by_number, by_id, is_read in statuses:
                name, word = f"wamid.{len(wanted)}", "read" if is_read else "sent"
                told = {"id": name, "status": word, "timestamp": "1790000000"}
                told |= {"recipient_id": PEOPLE[who]["wa_id"]} if by_number or not by_id else {}
                told |= {"recipient_user_id": PEOPLE[who]["user_id"]} if by_id else {}
                value["statuses"].append(told)
                wanted[f"receipt:{name}:{word}"] = (number, f"whatsapp:FR.{who}", word)
            changes.append({"field": "messages", "value": value})
        entries.append({"id": "1", "changes": changes})
    came = parse({"object": "whatsapp_business_account", "entry": entries})
    assert len(came) == len(wanted)
    for event in came:
        assert isinstance(event, MessageReceived | ReceiptReceived)
        last = event.name if isinstance(event, MessageReceived) else event.status
        assert wanted[event.id] == (event.to, event.identity, last)


IDS = st.sampled_from(["", "33612345678", "+33612345678", "33612345679", "x", "FR.1", "FR.2", "é", "1"])
KNOWN = st.lists(st.builds(Known, wa_id=IDS, user_id=IDS, parent_user_id=IDS), max_size=3)


@given(IDS, IDS, IDS, KNOWN)
def test_nobody_is_given_what_is_somebody_elses(wa_id: str, user_id: str, parent: str, known: list[Known]) -> None:
    found = People(known).person(wa_id, user_id, parent)
    if found is None:
        return
    names = (found.identity, *found.aliases)
    assert len(set(names)) == len(names)
    assert all(name.startswith(("tel:+", "whatsapp:")) and len(name) > len("whatsapp:") - 4 for name in names)
    mine = {name for name in (wa_id, user_id, parent) if name}
    beside = [one for one in known if {one.wa_id, one.user_id} & mine or {f"+{one.wa_id}", one.wa_id[1:]} & mine]
    allowed = {*mine, *(name for one in beside for name in (one.wa_id, one.user_id, one.parent_user_id))}
    if mine - {parent}:
        assert {name.partition(":")[2].removeprefix("+") for name in names} <= {
            one.removeprefix("+") for one in allowed
        }


@given(IDS, IDS, st.permutations(PEOPLE))
def test_the_order_of_contacts_says_nothing(wa_id: str, user_id: str, people: list[Any]) -> None:
    known = [Known.model_validate(one) for one in PEOPLE]
    moved = [Known.model_validate(one) for one in people]
    assert People(known).person(wa_id, user_id) == People(moved).person(wa_id, user_id)


def test_a_number_that_went_to_somebody_else_brings_nothing_of_theirs() -> None:
    other = {"profile": {"name": "Bob Ray"}, "wa_id": "33612345678", "user_id": "FR.2", "parent_user_id": "FR.ENT.2"}
    found = People([Known.model_validate(other)]).person("33612345678", "FR.1")
    assert found == Person("whatsapp:FR.1", ("tel:+33612345678",))


def test_a_long_batch_of_rubbish_costs_little() -> None:
    """Looking for the sender of each among all of them would take minutes."""
    said = {"from": "33612345678", "id": "wamid.A", "type": "text", "text": {"body": "hi"}}
    messages = [*({"from": "x"} for _ in range(20_000)), *([] for _ in range(20_000)), said]
    value = {"metadata": {"phone_number_id": "123"}, "messages": messages, "contacts": [{}] * 20_000}
    [event] = parse({"entry": [{"changes": [{"field": "messages", "value": value}]}]})
    assert event.identity == "tel:+33612345678"


def test_fields_of_any_kind_are_passed_over() -> None:
    fields: list[Any] = [[], {}, 5, None, "x"]
    changes = [{"field": field, "value": {"messages": []}} for field in fields]
    assert parse({"entry": [{"changes": changes}]}) == []
