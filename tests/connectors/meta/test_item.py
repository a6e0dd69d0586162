"""What Meta says, field by field: a number beyond all numbers is no place."""

from connectors.meta.item import Item


def test_degrees_are_a_number_that_can_be_one() -> None:
    told = Item({"lat": 48.85, "whole": 2, "no": True, "word": "2", "endless": 10**400})
    found = [told.degrees(name) for name in ("lat", "whole", "no", "word", "endless", "absent")]
    assert found == [48.85, 2.0, None, None, None, None]
