"""A database that is made in another way than by initdb alone: whole or not at all, nobody sees it before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from geoservice.embedded.account import account_to_run_as
from geoservice.embedded.cluster import Cluster
from geoservice.embedded.cluster_errors import DatabaseRuns, DatabaseThere
from geoservice.embedded.workshop import bring_out, clear_workshops, open_workshop


@contextmanager
def unborn_cluster(place: Cluster, account_name: str) -> Iterator[Cluster]:
    """Yield a running cluster with an empty database; it comes to its place, stopped, when the block ends well.

    Whatever else happens nothing of it stays, and a kill leaves what the next start clears away. Who starts or makes a
    database in this data directory waits meanwhile.

    Raises: DatabaseRuns, DatabaseThere, and what making and starting one raises.
    """
    layout = place.layout
    refuse_where_one_is(place)
    account = account_to_run_as(account_name)
    with layout.locked():
        refuse_where_one_is(place)
        clear_workshops(layout)
        layout.prepare(account)
        workshop = open_workshop(layout, account)
        made = Cluster(workshop, place.port, account_name)
        try:
            try:
                made.ensure()
                yield made
            finally:
                made.stop()
            bring_out(made.layout.database, layout)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


def refuse_where_one_is(place: Cluster) -> None:
    """Raise DatabaseRuns or DatabaseThere where something would be in the way; changes nothing."""
    layout = place.layout
    if place.postmaster() is not None:
        raise DatabaseRuns(database=layout.database)
    if layout.database.is_dir() and any(layout.database.iterdir()):
        raise DatabaseThere(database=layout.database)
