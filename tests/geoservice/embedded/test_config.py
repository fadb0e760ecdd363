"""The configuration that the embedded database gets, as text."""

from __future__ import annotations

from pathlib import Path

from geoservice.embedded import config


def test_nothing_that_makes_a_commit_unsafe_is_ever_set() -> None:
    assert not {"fsync", "full_page_writes", "synchronous_commit"} & set(config.SETTINGS)


def test_quotes_in_a_path_stay_inside_the_value() -> None:
    text = config.settings_text(port=5433, socket_dir=Path("/it's"), log_dir=Path("/log"))

    assert "unix_socket_directories = '/it''s'\n" in text
    assert "port = '5433'\n" in text


def test_nobody_logs_in_by_trust() -> None:
    assert "trust" not in config.login_rules()


def test_accounts_are_quoted_in_the_login_map() -> None:
    assert 'geoservice  "a ""b"""  geoservice\n' in config.login_map({'a "b"'})
