"""Which addresses a webhook may go to, and that no private one gets through in the guise of another."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoservice.webhooks.networks import why_refused

PUBLIC = ("1.1.1.1", "8.8.8.8", "223.5.5.5", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1",
          "2606:4700::1111", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2000::1",
          "2001:200::1")  # fmt: skip
NOT_PUBLIC = (
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "100.127.255.255", "198.18.0.1", "198.19.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.0.0.1",
    "192.88.99.1", "::1", "fc00::1", "fd12:3456:789a::1", "2001:db8::1", "3fff::1", "100::1", "2001:10::1",
    "2001:2::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "5f00::1", "4000::1",
    "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:192.168.0.1",
)  # fmt: skip
NEVER = (
    "0.0.0.0",  # noqa: S104  looked at, not bound to
    "0.1.2.3", "169.254.169.254", "169.254.0.23", "169.254.170.2", "100.100.100.200", "168.63.129.16",
    "192.0.0.192", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::2", "::127.0.0.1",
    "::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:808:808::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1", "fe80::1%2", "fec0::1", "ff02::1", "fd00:ec2::254",
    "fd00:ec2::23", "fd20:ce::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "::ffff:0.0.0.0",
)  # fmt: skip
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
INNER = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                               "100.64.0.0/10", "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")))  # fmt: skip

low_64 = st.integers(0, 2**64 - 1)
inner = st.sampled_from(INNER).flatmap(lambda network: st.ip_addresses(network=network))


def v6(prefix: str, bits: int = 0) -> IPv6Address:
    return IPv6Address(int(IPv6Address(prefix)) | bits)


def guises(place: IPv4Address, noise: int) -> dict[str, IPv6Address]:
    """Return an IPv4 address in every guise of an IPv6 one; noise fills what the guise leaves open."""
    bits = int(place)
    return {
        "mapped": v6("::ffff:0:0", bits),
        "compatible": v6("::", bits),
        "translated": v6("::ffff:0:0:0", bits),
        "NAT64": v6("64:ff9b::", bits),
        "NAT64 of one's own": v6("64:ff9b:1::", bits),
        "NAT64 of one's own, /48": v6("64:ff9b:1::", (bits >> 16) << 64 | (bits & 0xFFFF) << 40),
        "6to4": v6("2002::", bits << 80 | noise),
        "Teredo client": v6("2001::", (noise & 0xFFFFFFFF) << 64 | (noise >> 48) << 32 | (bits ^ 0xFFFFFFFF)),
        "Teredo server": v6("2001::", bits << 64 | noise),
        "ISATAP": v6("2606:4700::", (noise >> 32) << 64 | 0x00005EFE << 32 | bits),
        "ISATAP, unique": v6("2400:3200::", (noise >> 32) << 64 | 0x02005EFE << 32 | bits),
    }


@pytest.mark.parametrize("text", PUBLIC)
def test_public_address_is_permitted(text: str) -> None:
    assert why_refused(ip_address(text)) is None


@pytest.mark.parametrize("text", NOT_PUBLIC + NEVER)
def test_other_address_is_refused_unless_allowed(text: str) -> None:
    assert why_refused(ip_address(text))


@pytest.mark.parametrize("text", NEVER)
def test_some_are_refused_even_where_everything_is_allowed(text: str) -> None:
    assert why_refused(ip_address(text), EVERYTHING)


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_others_are_permitted_to_whom_the_operator_allows(text: str) -> None:
    assert why_refused(ip_address(text), EVERYTHING) is None


@settings(deadline=None)
@given(inner, low_64)
def test_no_guise_of_an_inner_address_gets_through(place: IPv4Address, noise: int) -> None:
    through = [name for name, guise in guises(place, noise).items() if why_refused(guise) is None]

    assert through == []


@settings(deadline=None)
@given(st.ip_addresses(network="169.254.0.0/16"), low_64)
def test_no_guise_of_where_clouds_keep_the_data_of_machines_is_ever_allowed(place: IPv4Address, noise: int) -> None:
    through = [name for name, guise in guises(place, noise).items() if why_refused(guise, EVERYTHING) is None]

    assert through == []


def test_allowed_network_is_reached_directly_and_not_through_a_translator() -> None:
    allowed = (ip_network("10.0.0.0/8"),)

    assert why_refused(ip_address("10.1.2.3"), allowed) is None
    assert why_refused(ip_address("::ffff:10.1.2.3"), allowed) is None
    assert why_refused(ip_address("64:ff9b::10.1.2.3"), allowed)
    assert why_refused(ip_address("192.168.0.1"), allowed)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_permitted_ipv4_is_global_and_meant_for_one(place: IPv4Address) -> None:
    special = place.is_multicast or place.is_reserved or place.is_unspecified or place.is_loopback

    if why_refused(place) is None:
        assert place.is_global
        assert not special


@settings(deadline=None)
@given(st.ip_addresses(v=6))
def test_permitted_ipv6_is_global_unicast(place: IPv6Address) -> None:
    if why_refused(place) is None:
        assert place.is_global
        assert place in ip_network("2000::/3") or place in ip_network("64:ff9b::/96") or place.ipv4_mapped
