"""What is wrong with an address of MongoDB is said in words, without the map of servers and without the password."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymongo.errors import ServerSelectionTimeoutError

from gateway.adapters.mongo import MongoStore
from gateway.adapters.mongo.trouble import reaching
from gateway.adapters.system import SystemClock
from gateway.ports import Unavailable


@pytest.mark.parametrize("options", ["127.0.0.1:99999/p", "%zz/p", "127.0.0.1/p?tls=true&tlsCAFile={file}"])
async def test_an_address_that_is_none_is_said_so(tmp_path: Path, options: str) -> None:
    url = "mongodb://shop:s3cret-word@" + options.format(file=tmp_path / "nowhere.pem")
    with pytest.raises(Unavailable, match="the address of the store cannot be used") as found:
        MongoStore(url, SystemClock())
    assert "s3cret-word" not in str(found.value)


def test_the_drivers_map_of_servers_is_left_out() -> None:
    said = (
        "127.0.0.1:1: [Errno 111] Connection refused (configured timeouts: socketTimeoutMS: 10000.0ms), "
        "Timeout: 2.5s, Topology Description: <TopologyDescription id: 6, servers: [<ServerDescription ('inner', 1)>]>"
    )
    with pytest.raises(Unavailable) as found, reaching():
        raise ServerSelectionTimeoutError(said)
    assert str(found.value) == "the store cannot be reached: 127.0.0.1:1: [Errno 111] Connection refused"
