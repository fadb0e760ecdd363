"""Passwords: kept as argon2id, looked at in the same way for names that there are not, and fit or not."""

from __future__ import annotations

import re

import pytest

from geoservice.auth import passwords
from geoservice.auth.passwords import (
    PasswordUnfit,
    hash_password,
    is_password,
    needs_rehash,
    one_time_password,
    require_fit,
)
from layers.errors import TooBusy
from tests.made_once import SERVED_HASHER

GOOD = "korrekt horse 电池"


@pytest.fixture(autouse=True)
def _hashes_as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", SERVED_HASHER)


def test_a_password_is_known_again_and_another_is_not() -> None:
    stored = hash_password(GOOD)

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_password(GOOD, stored)
    assert not is_password(GOOD + " ", stored)
    assert not is_password(GOOD, None)
    assert not is_password(GOOD, "$argon2id$broken")


def test_the_same_password_has_another_hash_each_time() -> None:
    assert hash_password(GOOD) != hash_password(GOOD)


def test_a_password_typed_on_another_keyboard_is_the_same() -> None:
    assert is_password("ｋｏｒｒｅｋｔ－ｈｏｒｓｅ", hash_password("korrekt-horse"))


def test_what_is_reckoned_for_nobody_costs_what_is_reckoned_for_somebody() -> None:
    assert not needs_rehash(passwords._NOBODYS)
    assert not needs_rehash(hash_password(GOOD))
    assert needs_rehash("$argon2id$v=19$m=4096,t=1,p=1$Z2Vvc2VydmljZXNhbHQ$Sx0t2ByzQ9ZiVxTYI9qdRLaSrRwZHeTGkVwELDlzGYY")


def test_no_more_than_two_are_reckoned_with_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE_S", 0.01)
    with passwords._place(), passwords._place(), pytest.raises(TooBusy):
        is_password(GOOD, None)

    assert not is_password(GOOD, None)


def test_a_one_time_password_is_typed_without_doubt_and_fit() -> None:
    made = {one_time_password() for _ in range(50)}

    assert len(made) == 50
    for one in made:
        assert re.fullmatch(r"([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}", one)
        require_fit(one, login="admin")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("neun bis 9", None), ("neun bis9", "too_short"), ("x" * 201, "too_long"), ("ababababab", "too_plain"),
        ("xx Desk-1 yy", "holds_login"), (GOOD, "as_before"), ("ｎｅｕｎ ９", "too_short"),
    ],
)  # fmt: skip
def test_what_is_asked_of_a_password(password: str, reason: str | None) -> None:
    if reason is None:
        require_fit(password, login="desk-1", before=GOOD)
        return
    with pytest.raises(PasswordUnfit) as refused:
        require_fit(password, login="desk-1", before=GOOD)

    assert refused.value.fields["reason"] == reason
