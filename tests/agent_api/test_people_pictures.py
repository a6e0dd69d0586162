"""A person's picture, as agents and integrators see it."""

from __future__ import annotations

from gateway.frames import frame
from normalizer import told
from normalizer.decision import Channel, Stamp
from normalizer.record import By

VERSION = "telegram:42 unique-name"


async def pictured(house, record, picture):
    """The provider tells of somebody's picture."""
    place = await house.place("42", "support")
    stamp = Stamp(house.clock.new_id("rec"), By("system", "gateway"), house.clock.now(), "main")
    draft = told.named("telegram:42", "", place, Channel("support", "telegram"), stamp, picture)
    appended = await house.store.append(record.stream, lambda _: draft, draft.key)
    assert appended.record is not None
    return appended.record


async def test_a_picture_is_shown_with_the_person_and_is_a_file_like_others(house, bot):
    record = await house.wrote()
    before = (await bot.get(f"/v1/conversations/{record.stream}")).json["person"]
    assert before["picture"] is None
    media = house.clock.new_id("med")
    await pictured(house, record, told.Pictured(media, "secret-file-name", VERSION))
    conversation = await bot.get(f"/v1/conversations/{record.stream}")
    person = await bot.get(f"/v1/people/{before['id']}")
    [listed] = (await bot.get("/v1/people")).json["data"]
    assert conversation.json["person"]["picture"] == person.json["picture"] == listed["picture"] == media
    assert person.json == listed
    assert (await house.store.file(media)).ref == "secret-file-name"
    assert "picture_version" not in person.json


async def test_the_feed_tells_of_it_without_the_providers_own_names(house):
    record = await house.wrote()
    media = house.clock.new_id("med")
    said = frame(await pictured(house, record, told.Pictured(media, "secret-file-name", VERSION)))
    assert said["data"]["person"]["picture"] == media
    assert "secret-file-name" not in repr(said)
    assert "unique-name" not in repr(said)
    gone = frame(await pictured(house, record, told.Pictured(None)))
    assert gone["data"]["person"]["picture"] is None
