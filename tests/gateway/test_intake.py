"""Walk 1, from the event on: one person, one conversation, one record per event."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from toys.channel import account, took
from toys.engine import engine
from toys.world import ToyHttp, until

from gateway.ports import Unavailable
from normalizer.event import MessageDeleted, MessageEdited, ReachChanged, Reacted, ReceiptReceived
from normalizer.model import Choice, Choices, Media, Option, Text, Unsupported, reach_key


async def test_a_message_makes_a_person_a_conversation_and_one_record(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.store.conversation(await made.hear(name="Ann Lee"))
        assert conversation is not None
        person = await made.store.person(conversation.person.id)
        assert person is not None
        assert (person.name, person.identities, person.conversation) == ("Ann Lee", ("toy:ann",), conversation.id)
        assert [(record.kind, record.seq, record.cause) for record in made.records] == [
            ("message.received", 1, "req_test")
        ]


async def test_the_first_messages_of_one_person_at_once_are_one_conversation(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        events = [made.event(number) for number in range(1, 201)] * 3
        await asyncio.gather(*(made.intake.take(made.account, [event], "req") for event in events))
        assert len(await made.conversations()) == 1
        assert len((await made.store.people(None, None, 10, None)).data) == 1
        assert sorted(record.seq for record in made.records) == list(range(1, 201))


async def test_the_same_event_twice_is_one_record(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.hear(1)
        await made.hear(1)
        assert len(made.records) == 1


async def test_the_same_person_on_two_accounts_of_a_brand_is_one_person_and_of_two_brands_two(tmp_path: Path) -> None:
    accounts = {"a": account("a"), "b": account("b"), "c": account("c", brand="other")}
    async with engine(tmp_path / "p.db", accounts=accounts) as made:
        for one in accounts.values():
            await made.intake.take(one, [made.event()], "req")
        assert len(await made.conversations()) == 2
        assert len(made.records) == 3


async def test_files_get_ids_of_ours_and_the_providers_name_stays_private(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(parts=(Media(media_type="image", ref="file-77", mime="image/jpeg"),))
        line = (await made.store.lines(conversation, 10, None)).data[0]
        part = line.parts[0]
        assert isinstance(part, Media)
        assert part.media.startswith("med_")
        assert "file-77" not in line.model_dump_json()
        file = await made.store.file(part.media)
        assert file is not None
        assert (file.ref, file.state, file.conversation) == ("file-77", "pending", conversation)


async def test_a_picked_choice_names_the_message_that_asked(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), otherwise=took("x"))) as made:
        conversation = await made.hear()
        delivery = made.delivery()
        await delivery.start()
        question = Choices(text="ok?", choices=(Option(id="y", label="Yes"),))
        asked = await made.say(conversation, question)
        await made.becomes(asked, "sent")
        await delivery.stop()
        picked = Choice(id="y", label="Yes", of="q:1")
        await made.hear(2, id="press:1", parts=(picked,), provider_ids=("press:1",))
        line = (await made.store.lines(conversation, 10, None)).data[-1]
        assert line.parts == (Choice(id="y", label="Yes", of=asked),)
        await until(lambda: any(call.name == "acknowledge" for call in made.http.calls))


async def test_a_reply_to_one_of_ours_names_it_and_to_an_unknown_one_nothing(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.hear(1)
        conversation = await made.hear(2, reply_to="ann:1")
        await made.hear(3, reply_to="ann:99")
        lines = (await made.store.lines(conversation, 10, None)).data
        assert [line.reply_to for line in lines] == [None, lines[0].id, None]


async def test_an_edit_changes_its_message(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        edit = _edit(made, "better")
        await made.intake.take(made.account, [edit, edit], "req")
        line = (await made.store.lines(conversation, 10, None)).data[0]
        assert line.parts == (Text(text="better"),)
        assert line.edited_at == made.clock.now()


async def test_an_edit_that_comes_before_its_message_waits_for_it(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.intake.take(made.account, [_edit(made, "better")], "req")
        assert await made.conversations() == []
        conversation = await made.hear(1)
        line = (await made.store.lines(conversation, 10, None)).data[0]
        assert line.parts == (Text(text="better"),)
        assert await made.store.unmatched("toy-one", ["ann:1"]) == []


async def test_an_edit_racing_its_message_is_never_lost(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        for number in range(1, 40):
            edit = MessageEdited(id=f"edit:{number}", identity="toy:ann", provider_id=f"ann:{number}",
                                 parts=(Text(text="new"),), edited_at=made.clock.now())  # fmt: skip
            await asyncio.gather(
                made.intake.take(made.account, [made.event(number)], "req"),
                made.intake.take(made.account, [edit], "req"),
            )
        lines = (await made.store.lines((await made.conversations())[0], 100, None)).data
        assert {line.parts for line in lines} == {(Text(text="new"),)}


def _edit(made, text: str) -> MessageEdited:
    return MessageEdited(
        id="edit:1", identity="toy:ann", provider_id="ann:1", parts=(Text(text=text),), edited_at=made.clock.now()
    )


async def test_a_block_is_known_and_writing_again_undoes_it(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        key = reach_key("toy-one", "toy:ann")
        blocked = ReachChanged(id="b", identity="toy:ann", change="blocked", at=made.clock.now())
        await made.intake.take(made.account, [blocked], "req")
        found = await made.store.conversation(conversation)
        assert found is not None
        assert found.reach[key].blocked
        await made.hear(2)
        found = await made.store.conversation(conversation)
        assert found is not None
        assert not found.reach[key].blocked


async def test_a_receipt_of_nobodys_message_is_kept(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        receipt = ReceiptReceived(id="r", provider_id="zzz", status="delivered")
        await made.intake.take(made.account, [receipt], "req")
        assert len(await made.store.unmatched("toy-one", ["zzz"])) == 1


async def test_what_we_cannot_show_keeps_the_raw_event_to_itself(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.hear(parts=(Unsupported(what="game"),), raw={"game": {"title": "chess"}})
        assert made.records[0].data["private"]["raw"] == {"game": {"title": "chess"}}


async def test_when_one_event_of_a_batch_cannot_be_kept_the_others_are_and_the_provider_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path / "p.db") as made:
        real = made.store.append

        async def append(stream, decide, key=None):
            if key == "toy-one:message:ann:2":
                raise Unavailable("full")
            return await real(stream, decide, key)

        monkeypatch.setattr(made.store, "append", append)
        events = [made.event(number) for number in (1, 2, 3)]
        with pytest.raises(Unavailable):
            await made.intake.take(made.account, events, "req")
        monkeypatch.undo()
        await made.intake.take(made.account, events, "req")
        assert len(made.records) == 3


async def test_lists_show_what_was_sent_first_first_whatever_arrived_first(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        sent = made.clock.now()
        made.clock.turn(60)
        for number in (3, 1, 2):
            conversation = await made.hear(number, sent_at=sent + timedelta(seconds=number // 3))
        lines = (await made.store.lines(conversation, 10, None)).data
        assert [line.provider_ids[0] for line in lines] == ["ann:1", "ann:2", "ann:3"]


async def test_an_edit_is_not_lost_when_its_message_is_repeated_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.intake.take(made.account, [_edit(made, "better")], "req")

        async def unmatched(*_: object) -> None:
            raise Unavailable("full")

        with monkeypatch.context() as patch:
            patch.setattr(made.store, "unmatched", unmatched)
            with pytest.raises(Unavailable):
                await made.hear(1)
        conversation = await made.hear(1)
        line = (await made.store.lines(conversation, 10, None)).data[0]
        assert line.parts == (Text(text="better"),)


async def test_news_that_found_its_message_late_is_forgotten_only_once_it_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.hear(1)
        found, looks = made.store.message_of, iter([True])

        async def looked_too_early(account: str, provider_id: str):
            return None if next(looks, False) else await found(account, provider_id)

        async def append(*_: object) -> None:
            raise Unavailable("full")

        monkeypatch.setattr(made.store, "message_of", looked_too_early)
        monkeypatch.setattr(made.store, "append", append)
        with pytest.raises(Unavailable):
            await made.intake.take(made.account, [_edit(made, "better")], "req")
        assert len(await made.store.unmatched("toy-one", ["ann:1"])) == 1


async def test_a_customers_reaction_and_deletion_change_the_message(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        at = made.clock.now()
        put_on = Reacted(id="reaction:1", identity="toy:ann", name="Ann", provider_id="ann:1", emojis=("👍",), at=at)
        await made.intake.take(made.account, [put_on, put_on], "req")
        (line,) = (await made.store.lines(conversation, 10, None)).data
        assert [(one.emoji, one.by.kind, one.by.name) for one in line.reactions] == [("👍", "person", "Ann")]
        gone = MessageDeleted(id="deletion:1", provider_id="ann:1", at=at)
        await made.intake.take(made.account, [gone, gone], "req")
        (line,) = (await made.store.lines(conversation, 10, None)).data
        assert (line.parts, line.reactions, line.deleted_at) == ((), (), at)
        assert [record.kind for record in made.records] == ["message.received", "message.reacted", "message.deleted"]


@pytest.mark.parametrize("what", ["reaction", "deletion", "edit"])
async def test_what_is_told_of_a_message_before_the_message_waits_for_it(tmp_path: Path, what: str) -> None:
    async with engine(tmp_path / "p.db") as made:
        at = made.clock.now()
        news = {
            "reaction": Reacted(id="reaction:1", identity="toy:ann", provider_id="ann:1", emojis=("👍",), at=at),
            "deletion": MessageDeleted(id="deletion:1", provider_id="ann:1", at=at),
            "edit": MessageEdited(
                id="edit:1", identity="toy:ann", provider_id="ann:1", parts=(Text(text="new"),), edited_at=at
            ),
        }[what]
        await made.intake.take(made.account, [news], "req")
        assert made.records == []
        conversation = await made.hear(1)
        (line,) = (await made.store.lines(conversation, 10, None)).data
        match what:
            case "reaction":
                assert [one.emoji for one in line.reactions] == ["👍"]
            case "deletion":
                assert line.deleted_at == at
            case _:
                assert line.parts == (Text(text="new"),)


async def test_a_quote_and_an_album_are_kept_with_the_message(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1, quote="a piece", album="99")
        (line,) = (await made.store.lines(conversation, 10, None)).data
        assert (line.quote, line.album) == ("a piece", "99")


async def test_who_never_opted_out_opts_in_once(tmp_path: Path) -> None:
    """Many say "yes" who never said "stop"; it counts if we learn later that they had said so to the provider."""
    async with engine(tmp_path / "p.db") as made:
        await made.hear(1)

        async def says(number: int, change: str) -> None:
            at = made.clock.now()
            event = ReachChanged.model_validate(
                {"id": f"reach:{number}", "identity": "toy:ann", "change": change, "at": at}
            )
            await made.intake.take(made.account, [event], "req")
            made.clock.turn(1)

        for number, change in enumerate(("opted_in", "opted_in", "opted_out", "opted_in", "opted_in")):
            await says(number, change)
        changes = ["identity.opted_in", "identity.opted_out", "identity.opted_in"]
        assert [record.kind for record in made.records[1:]] == changes
