"""Addresses that a request names: where it comes from, and where its page leads afterwards."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address

from flask import Request

from geoservice.auth.networks import is_within, network_of

#: Printable ASCII from one slash on, as browsers write a path; a second slash or a backslash would name another host.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1000}", re.ASCII)


Networks = Collection[IPv4Network | IPv6Network]


def own_path(text: str | None) -> str | None:
    """Return an address when it is a path of this service, None for any other: nobody is led elsewhere."""
    return text if text is not None and _OWN_PATH.fullmatch(text) else None


def caller_address(request: Request, proxies: Networks) -> str | None:
    """Return the address that a request comes from, as far as that is known."""
    return caller_of(request.remote_addr, request.headers.get("X-Forwarded-For", ""), proxies)


def caller_of(address: str | None, forwarded: str, proxies: Networks) -> str | None:
    """Return the address that a request comes from, as far as that is known.

    Parameters
    ----------
    address
        Whoever is connected.
    forwarded
        The header X-Forwarded-For: each proxy adds at its end whom it heard.
    proxies
        Networks of those who are believed.
    """
    heard = forwarded.split(",")
    while heard and is_within(address, proxies):
        said = heard.pop().strip()
        if not _is_address(said):
            break
        address = said
    return address


def counted_network(address: str | None) -> str | None:
    """Return what requests from an address are counted by; None: it is this machine's, which is not limited."""
    network = network_of(address, bits_of_4=32)
    return None if network is None or network.is_loopback else str(network)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
