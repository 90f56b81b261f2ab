"""Which IP addresses are on the public internet, seen through every IPv6 form that holds an IPv4.

The networks are those of the IANA special-purpose registries (RFC 6890 and later); `ipaddress`
knows most, but which ones depends on the version of Python.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address reached
_MAPPED = IPv6Network("::ffff:0:0/96")
_NEVER_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT, and one cloud's metadata service
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_NEVER_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, with Teredo: a tunnel to an IPv4 address
            "2001:db8::/32",
            "2002::/16",  # 6to4: a tunnel to an IPv4 address
            "3fff::/20",
        ),
    )
)
# Services that hand out a cloud machine's credentials: refused even where their host is allowed.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, Oracle, DigitalOcean
            "169.254.170.2",  # AWS containers
            "169.254.170.23",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",  # Google, IPv6
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle, older machines
            "168.63.129.16",  # Azure's host
        ),
    )
)


def is_public(address: str) -> bool:
    """Tell whether an IP address, as text, belongs to the public internet.

    IPv4-mapped and NAT64 addresses are judged by the IPv4 address inside; 6to4, Teredo and all
    other tunnels are not public, whatever they lead to.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed in _METADATA:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_4(parsed)
    inner = _inner_address(parsed)
    return _is_public_6(parsed) if inner is None else is_public(str(inner))


def is_metadata(address: str) -> bool:
    """Tell whether an address is a cloud's metadata service, in any of its IPv6 forms."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner = _inner_address(parsed) if isinstance(parsed, IPv6Address) else None
    return (inner or parsed) in _METADATA


def _inner_address(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to a mapped or NAT64 address reach."""
    if address in _MAPPED or address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in network for network in _NEVER_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    return (
        address in _GLOBAL_UNICAST
        and address.scope_id is None
        and address.is_global
        and not any(address in network for network in _NEVER_PUBLIC_6)
    )
