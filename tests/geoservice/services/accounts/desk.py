"""Accounts and sessions of a town, as a dispatcher and whoever guesses meet them."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.auth.totp import STEP_S, code_at
from geoservice.services.accounts.account_errors import SignInRefused
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.accounts.second_factors import SecondFactorService
from geoservice.services.accounts.sessions import SessionLimits, SessionService
from layers.db.session import Database

LIMITS = SessionLimits(idle_s=3600, longest_s=86_400)
HERE, ELSEWHERE = "10.0.0.7", "10.9.9.9"
NEW = "ein neues wort 7"


class Desk:
    """Accounts and sessions of a town, and SQL beside them."""

    def __init__(self, url: str, database: Database) -> None:
        self.url = url
        self.accounts = AccountService(database)
        self.sessions = SessionService(database, LIMITS)
        self.second_factors = SecondFactorService(database)
        self.database = database
        self.password = self.accounts.create("desk-1", Role.DISPATCHER, created_by="test", jurisdiction="town")

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            found = connection.execute(statement.encode(), values)
            return found.fetchall() if found.description else []

    def sign_in(self, password: str | None = None, login: str = "desk-1", address: str = HERE, **more: Any) -> Any:
        return self.sessions.sign_in(login, self.password if password is None else password, address=address, **more)

    def fail(self, times: int, login: str = "desk-1", address: str = HERE) -> None:
        for _ in range(times):
            with pytest.raises(SignInRefused):
                self.sign_in("wrong", login, address)

    def time_passes(self, interval: str) -> None:
        self.sql(
            "UPDATE geoservice.sign_in_attempt SET failed_at = failed_at - %s::interval,"
            " wait_until = wait_until - %s::interval", interval, interval,
        )  # fmt: skip

    def enrol(self, login: str = "desk-1", password: str | None = None) -> tuple[bytes, tuple[str, ...]]:
        """Set up a second factor; return its secret and the recovery codes."""
        session = self.sessions.find(self.sign_in(password, login).secret)
        secret = self.second_factors.begin(session, password or self.password, address=HERE).secret
        codes = self.second_factors.confirm(login, code_of(secret), keep=None)
        self.codes_pass(login)
        return secret, codes

    def codes_pass(self, login: str = "desk-1") -> None:
        """Have the code that was accepted last be of long ago."""
        self.sql("UPDATE geoservice.second_factor SET last_step = 0 WHERE login = %s", login)

    def entries(self) -> list[Any]:
        """Return what the audit has of accounts: who, what and what was touched."""
        return self.sql("SELECT who, what, touched FROM geoservice.audit_entry ORDER BY id")


def code_of(secret: bytes, *, around: int = 0) -> str:
    """Return the code of now, or so many steps from it."""
    return code_at(secret, int(time.time() // STEP_S) + around)
