"""How long the next try waits, and which addresses are counted together."""

from __future__ import annotations

import pytest

from geoservice.auth.attempts import FREE_OF_NAME, LONGEST_WAIT_S, name_subject, network_subject, wait_s


def test_the_first_failures_cost_nothing_then_each_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_s(failures, free=FREE_OF_NAME) for failures in range(1, 17)]

    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert wait_s(10**9, free=FREE_OF_NAME) == LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.1.2.3", "10.1.2.250"),
        ("::ffff:10.1.2.3", "10.1.2.9"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("fe80::1%eth0", "fe80::2"),
        (None, "no address"),
    ],
)
def test_addresses_of_one_network_are_counted_together(one: str | None, other: str) -> None:
    assert network_subject(one) == network_subject(other)


@pytest.mark.parametrize(
    ("one", "other"), [("10.1.2.3", "10.1.3.3"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("10.1.2.3", None)]
)
def test_other_networks_are_not(one: str, other: str | None) -> None:
    assert network_subject(one) != network_subject(other)


def test_a_name_is_never_taken_for_a_network() -> None:
    assert name_subject("10.1.2.0/24") != network_subject("10.1.2.3")
