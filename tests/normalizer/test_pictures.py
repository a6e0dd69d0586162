"""A person's picture: told beside their name, shown with them, replaced by a newer one."""

from view_kit import House

from normalizer.told import Pictured

FACE = Pictured("med_1", "file-1", "telegram:42 v1")
OTHER = Pictured("med_2", "file-2", "telegram:42 v2")


def shown(house: House) -> tuple[str | None, str | None, str]:
    """What the conversation and the person show, and which picture it is."""
    assert house.view.stored() == house.view
    return house.conversation.person.picture, house.person.picture, house.person.picture_version


def test_a_picture_is_shown_with_the_person_and_fetched_as_other_files_are():
    house = House()
    house.receive()
    assert shown(house) == (None, None, "")
    record = house.name("", FACE)
    assert record is not None
    assert shown(house) == ("med_1", "med_1", "telegram:42 v1")
    assert record.data["person"] == {"id": "per_1", "name": "", "picture": "med_1"}
    assert record.data["private"]["files"] == {"med_1": {"ref": "file-1", "mime": "image/jpeg", "name": ""}}
    assert house.person.name == "Ann Lee"


def test_a_name_alone_leaves_the_picture_and_a_picture_the_name():
    house = House()
    house.receive()
    house.name("", FACE)
    house.name("A. Lee")
    house.receive(name="Ann")
    assert shown(house) == ("med_1", "med_1", "telegram:42 v1")
    assert (house.conversation.person.name, house.person.name) == ("Ann", "Ann")


def test_a_newer_picture_takes_its_place_and_none_takes_it_away():
    house = House()
    house.receive()
    house.name("", FACE)
    house.name("", OTHER)
    assert shown(house) == ("med_2", "med_2", "telegram:42 v2")
    record = house.name("", Pictured(None))
    assert record is not None
    assert "files" not in record.data["private"]
    assert shown(house) == (None, None, "")


def test_the_same_picture_is_told_once_a_day_and_another_one_at_once():
    house = House()
    house.receive()
    keys = [
        record.key
        for picture, when in ((FACE, 0), (FACE, 10), (OTHER, 20), (Pictured(None), 30), (FACE, 90_000), (None, 0))
        if (record := house.name("Ann", picture, when)) is not None
    ]
    assert len(set(keys)) == 5
    assert keys[0] == keys[1]


def test_a_person_may_be_known_by_their_picture_first():
    house = House()
    house.reach("blocked", name="")
    before = house.person
    house.name("", FACE)
    assert (before.picture, house.person.picture, house.person.created_at) == (None, "med_1", before.created_at)
