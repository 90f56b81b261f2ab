"""Which IP addresses count as the public internet."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.crawl.addresses import is_metadata, is_public

PUBLIC = [
    "93.184.216.34",
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",  # IPv4-translated
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::8.8.8.8",  # NAT64 of a local network
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:808:808::",  # 6to4, wherever it leads
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "5f00::1",
    "4000::1",
]
METADATA = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "169.254.170.2",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)
    assert not is_metadata(address)


@pytest.mark.parametrize("address", NOT_PUBLIC + METADATA)
def test_private_and_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", METADATA)
def test_metadata_services_are_known_in_every_form(address: str) -> None:
    assert is_metadata(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "1.2.3", "fe80::1%eth0x]", "8.8.8.8 "])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)
    assert not is_metadata(text)


@pytest.mark.parametrize("prefix", ["::ffff:0:0", "64:ff9b::", "2002::", "::"])
@given(number=st.integers(0, 2**32 - 1))
def test_no_ipv6_form_makes_a_private_ipv4_public(prefix: str, number: int) -> None:
    inner = ipaddress.IPv4Address(number)
    shift = 80 if prefix == "2002::" else 0
    outer = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number << shift)
    assert not is_public(str(outer)) or is_public(str(inner))
