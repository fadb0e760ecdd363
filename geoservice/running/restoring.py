"""Restores a backup into the database that the settings name: a new embedded one, or an empty one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.cluster_errors import DatabaseRuns, DiskFull
from geoservice.embedded.unborn import refuse_where_one_is, unborn_cluster
from geoservice.running.database import embedded_cluster
from geoservice.running.instance import Instance, Report
from geoservice.services.backup.archive import read_manifest
from geoservice.services.backup.manifest import Manifest
from geoservice.services.backup.restoring import Restored, extract, require_empty, restore
from geoservice.settings import DatabaseUrls, Settings
from geoservice.wiring import erasure_list

#: A dump is compressed; the tables and indexes that come of it take several times as much.
_GROWTH = 6


def restore_backup(
    settings: Settings, file: Path, *, report: Report, on_bytes: Callable[[int], None] = lambda count: None
) -> tuple[Manifest, Restored]:
    """Restore a backup where nothing is yet; what is there is refused and stays as it is.

    Raises
    ------
    DatabaseRuns, DatabaseThere, DiskFull, and what checking, restoring and starting a database raises.
    """
    erasures = erasure_list(settings).incident_ids()  # before anything is made
    cluster = embedded_cluster(settings)
    if cluster is not None:
        return _restore_embedded(settings, cluster, file, erasures, report=report, on_bytes=on_bytes)
    urls = settings.database_urls
    if urls is None:
        raise RuntimeError("settings name a database where none is embedded")
    require_empty(urls.owner)
    with tempfile.TemporaryDirectory(prefix="geoservice-restore-") as workshop:
        return _restore_into(urls, file, Path(workshop), erasures, report=report, on_bytes=on_bytes)


def _restore_embedded(
    settings: Settings,
    cluster: Cluster,
    file: Path,
    erasures: Sequence[UUID],
    *,
    report: Report,
    on_bytes: Callable[[int], None],
) -> tuple[Manifest, Restored]:
    refuse_where_one_is(cluster)
    manifest = read_manifest(file)
    instance = Instance(settings.data_dir)
    if not instance.acquire():  # it is starting or stopping at this moment
        raise DatabaseRuns(database=cluster.layout.database)
    try:
        if shutil.disk_usage(instance.data_dir).free < _GROWTH * manifest.dump_bytes:
            raise DiskFull(data_dir=instance.data_dir, needed_bytes=_GROWTH * manifest.dump_bytes)
        with unborn_cluster(cluster, settings.service_account) as made:
            report("checking the backup")
            urls = DatabaseUrls(made.service_url, made.url)
            return _restore_into(urls, file, made.layout.data_dir, erasures, report=report, on_bytes=on_bytes)
    finally:
        instance.release()


def _restore_into(
    urls: DatabaseUrls,
    file: Path,
    workshop: Path,
    erasures: Sequence[UUID],
    *,
    report: Report,
    on_bytes: Callable[[int], None],
) -> tuple[Manifest, Restored]:
    extracted = extract(file, workshop, on_bytes)
    return extracted.manifest, restore(urls, extracted, report, erasures=erasures)
