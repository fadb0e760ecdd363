"""The demo hands out one key: another only when there is none that is valid."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from geoservice.cli.main import geoservice
from geoservice.records.keys.queries import StoredKey
from geoservice.services.demo import KEY_LABEL, load_demo
from geoservice.services.keys import KeyService
from layers.db.session import Database


@pytest.fixture(autouse=True)
def _settings(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)


@pytest.fixture
def keys(community_url: str) -> Iterator[KeyService]:
    """Return the keys of a demo community that was loaded once before."""
    database = Database.connect(community_url, pool_size=1)
    yield KeyService(database)
    database.close()


def said(*words: str) -> str:
    """Return what the command line prints."""
    result = CliRunner().invoke(geoservice, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def expire(url: str) -> None:
    database = Database.connect(url, pool_size=1)
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE geoservice.api_key SET expires_at = now()")
    database.close()


def test_a_second_loading_makes_no_second_key_and_says_which_there_is(keys: KeyService) -> None:
    [there] = keys.keys()

    shown = said("demo", "load")

    assert keys.keys() == (there,)
    assert f"grd_{there.id}_… was shown when it was made" in shown
    assert f"{there.expires_at:%Y-%m-%d}" in shown


def test_the_way_to_a_new_key_that_is_told_leads_to_one_that_is_then_the_demos(keys: KeyService) -> None:
    advice = said("demo", "load").partition("A new one: geoservice ")[2]

    key = said(*shlex.split(advice)).strip()

    identity = keys.identify(key)
    assert identity is not None
    assert identity.role == "dispatcher"
    for one in keys.keys():
        if one.id != identity.key_id:
            keys.revoke(one.id)
    assert f"grd_{identity.key_id}_…" in said("demo", "load")


@pytest.mark.parametrize("way", ["revoked", "expired"])
def test_a_key_that_is_void_is_followed_by_another(keys: KeyService, community_url: str, way: str) -> None:
    [there] = keys.keys()
    if way == "revoked":
        keys.revoke(there.id)
    else:
        expire(community_url)

    found = re.search(r"grd_\S{52,}", said("demo", "load"))

    assert found is not None
    assert keys.identify(found[0]) is not None
    assert len(keys.keys()) == 2


def test_other_keys_are_not_the_demos(keys: KeyService) -> None:
    [there] = keys.keys()
    keys.revoke(there.id)
    said("key", "create", "--role", "dispatcher", "--label", "wall")
    said("key", "create", "--role", "reader", "--label", KEY_LABEL)

    assert re.search(r"grd_\S{52,}", said("demo", "load"))


@pytest.mark.slow
def test_of_several_that_load_at_once_one_makes_a_key(keys: KeyService, community_url: str) -> None:
    [there] = keys.keys()
    keys.revoke(there.id)
    found: list[str | StoredKey] = []
    loading = [
        threading.Thread(target=lambda: found.append(load_demo(community_url, lambda line: None).key)) for _ in range(4)
    ]

    for one in loading:
        one.start()
    for one in loading:
        one.join()

    assert len([key for key in found if isinstance(key, str)]) == 1
    assert len(found) == 4
