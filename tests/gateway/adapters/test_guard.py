"""Which addresses a file may be fetched from."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.guard import Guard, Inner

INNER = [
    "0.0.0.0",  # noqa: S104 - refused
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "2002:0a00:0001::1",
    "2002:7f00:0001::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "100::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
OUTER = ["8.8.8.8", "149.154.167.220", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
         "2002:0808:0808::1", "2606:4700::1111", "2a00:1450:4007:80e::200e"]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_refuses_inner_addresses(address):
    assert not Guard().permits(address)


@pytest.mark.parametrize("address", OUTER)
def test_permits_outer_addresses(address):
    assert Guard().permits(address)


@pytest.mark.parametrize("address", ["", "localhost", "1.2.3", "0x7f000001", "2130706433", "1.2.3.4.5", "[::1]"])
def test_refuses_what_is_no_address(address):
    assert not Guard().permits(address)


def test_permits_what_the_configuration_allows_and_nothing_beside_it():
    guard = Guard(["127.0.0.0/8", "fd00:1::/64"])
    assert guard.permits("127.0.0.1")
    assert guard.permits("::ffff:127.0.0.1")  # the same host
    assert guard.permits("fd00:1::9")
    assert not guard.permits("10.0.0.1")
    assert not guard.permits("::1")
    assert not guard.permits("2002:7f00:0001::")  # another host, that may lead there
    assert not guard.permits("fd00:2::9")


@given(st.ip_addresses(v=4))
def test_every_embedding_is_refused_with_what_it_stands_for(address):
    guard = Guard()
    if not guard.permits(str(address)):
        number = int(address)
        for form in (f"::ffff:{address}", f"64:ff9b::{address}", f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1"):
            assert not guard.permits(form)


def test_gives_a_socket_for_an_address_or_none():
    outer = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("8.8.8.8", 443))
    Guard().socket(outer).close()
    inner = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 443))
    with pytest.raises(Inner):
        Guard().socket(inner)
