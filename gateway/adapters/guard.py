"""Which addresses a file may be fetched from: looked at when connecting, so that no name can promise another one."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import AddrInfoType

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

INNER_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's translation; some clouds keep their metadata there
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's metadata, on an address that looks public
        "169.254.0.0/16",  # link-local; most clouds keep their metadata there
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
"""https://www.iana.org/assignments/iana-ipv4-special-registry"""

OUTER_V6 = IPv6Network("2000::/3")
"""All that is global unicast; whatever is outside is loopback, unspecified, local, metadata, multicast or reserved."""

INNER_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, among them Teredo
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
"""https://www.iana.org/assignments/iana-ipv6-special-registry"""

NAT64 = IPv6Network("64:ff9b::/96")


class Inner(OSError):
    """The address is not one we may fetch from. An OSError, so that a name's next address is still tried."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "an inner address")


class Guard:
    """Refuses to connect to inner addresses, but for those in ``allow`` (CIDRs)."""

    def __init__(self, allow: Iterable[str | Network] = ()) -> None:
        self._allow = tuple(ip_network(str(network), strict=False) for network in allow)

    def permits(self, address: str) -> bool:
        """Whether we may connect to this address; False for what is none."""
        try:
            asked = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        host = asked.ipv4_mapped if isinstance(asked, IPv6Address) and asked.ipv4_mapped else asked
        return any(host in network for network in self._allow) or not is_inner(host)

    def socket(self, found: AddrInfoType) -> socket.socket:
        """A socket for an address that is about to be connected to. Raises Inner."""
        family, kind, protocol, _, address = found
        if not self.permits(str(address[0])):
            raise Inner
        return socket.socket(family=family, type=kind, proto=protocol)


def is_inner(address: Address) -> bool:
    """Whether an address is not out in the public Internet, or leads to one that is not."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in INNER_V4)
    embedded = list(_embedded(address))
    if any(is_inner(inner) for inner in embedded):
        return True
    if address in NAT64 and embedded:
        return False
    return address not in OUTER_V6 or any(address in network for network in INNER_V6)


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for."""
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address in NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
