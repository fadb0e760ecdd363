"""The chain, told line by line: what a collector of logs keeps, and can verify without the database."""

from __future__ import annotations

import json
from collections.abc import Iterator

from geoservice.records.audit.model import Head, Link
from geoservice.records.audit.queries import links_after, stated_head
from layers.db.scope import EVERYWHERE
from layers.db.session import Database

AT_ONCE = 5_000


def chain_head(database: Database) -> Head:
    """Return how far the chain goes."""
    with database.transaction(scope=EVERYWHERE) as connection:
        return stated_head(connection)


def chain_lines(database: Database, *, after: int, up_to: int) -> Iterator[tuple[int, str]]:
    """Yield number and JSON text of links after one, up to another; the entry in it is the very text that is hashed."""
    while after < up_to:
        with database.transaction(scope=EVERYWHERE) as connection:
            links = links_after(connection, after, limit=min(AT_ONCE, up_to - after))
        if not links:
            return
        for link in links:
            yield link.seq, _line(link)
        after = links[-1].seq


def _line(link: Link) -> str:
    return (
        f'{{"seq": {link.seq}, "hash": "{link.hash.hex()}", "jurisdiction": {json.dumps(link.jurisdiction_code)},'
        f' "entry": {link.line or "null"}}}'
    )
