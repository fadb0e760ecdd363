"""Accounts of people: make, list, disable, give a new password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from geoservice.auth.attempts import code_subject, name_subject
from geoservice.auth.model import Role
from geoservice.auth.passwords import hash_password, one_time_password
from geoservice.records.accounts.attempts import forget_failures
from geoservice.records.accounts.queries import (
    StoredAccount,
    accounts,
    disable_account,
    enable_account,
    end_sessions,
    find_account,
    insert_account,
    set_password,
)
from geoservice.services import lookups
from geoservice.services.accounts.account_errors import AccountDisabled, AccountTaken, AccountUnknown
from layers.db.scope import EVERYWHERE
from layers.db.session import Database


class AccountService:
    """The accounts of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database.scoped(EVERYWHERE)

    def create(
        self, login: str, role: Role, *, created_by: str, jurisdiction: str | None = None,
        staff: tuple[str, str] | None = None, expires_at: datetime | None = None,
    ) -> str:  # fmt: skip
        """Make an account and return its one-time password, which is shown this once and stored nowhere.

        Parameters
        ----------
        login
            Of a post, never a person's name or number: 1 to 40 small letters, digits and `.-_`.
        jurisdiction
            Code of that where alone it is good; None: everywhere, or where the member of staff is.
        staff
            Codes of a jurisdiction and of the member of its staff whose account it is.

        Raises
        ------
        AccountTaken, JurisdictionUnknown, StaffUnknown
        RefusedByDatabase
            The login name is none, or an officer's account has nobody whose it is.
        """
        password = self.create_unless_there(
            login, role, created_by=created_by, jurisdiction=jurisdiction, staff=staff, expires_at=expires_at
        )
        if password is None:
            raise AccountTaken(login=login)
        return password

    def create_unless_there(
        self, login: str, role: Role, *, created_by: str, jurisdiction: str | None = None,
        staff: tuple[str, str] | None = None, expires_at: datetime | None = None,
    ) -> str | None:  # fmt: skip
        """Make an account as `create` does; return None when there is one of this name."""
        password = one_time_password()
        password_hash = hash_password(password)
        with self._database.transaction() as connection:
            made = insert_account(
                connection, login=login, password_hash=password_hash, created_by=created_by, expires_at=expires_at,
                grant=lookups.new_grant(connection, role, jurisdiction=jurisdiction, staff=staff),
            )  # fmt: skip
        return password if made else None

    def accounts(self) -> tuple[StoredAccount, ...]:
        """Return every account by login name."""
        with self._database.transaction() as connection:
            return accounts(connection)

    def account(self, login: str) -> StoredAccount:
        """Return the account of a login name; raise AccountUnknown."""
        with self._database.transaction() as connection:
            return known_account(connection, login)

    def disable(self, login: str) -> bool:
        """Let nobody sign in with an account, and end its sessions at once; return whether it was enabled.

        Raises
        ------
        AccountUnknown
        """
        with self._database.transaction() as connection:
            known_account(connection, login)
            return disable_account(connection, login)

    def enable(self, login: str) -> bool:
        """Let an account be used again with the password that it has; return whether it was disabled.

        Raises
        ------
        AccountUnknown
        """
        with self._database.transaction() as connection:
            known_account(connection, login)
            return enable_account(connection, login)

    def reset(self, login: str, *, enable: bool = False) -> str:
        """Give an account a new one-time password and return it; its sessions end, and failures are forgotten.

        Parameters
        ----------
        enable
            Let it be used again, where it is disabled.

        Raises
        ------
        AccountUnknown, AccountDisabled
        """
        password = one_time_password()
        password_hash = hash_password(password)
        with self._database.transaction() as connection:
            account = known_account(connection, login)
            if enable:
                enable_account(connection, login)
            elif account.disabled_at is not None:
                raise AccountDisabled(login=login)
            set_password(connection, login, password_hash, must_change=True)
            end_sessions(connection, login)
            for counted in (name_subject(login), code_subject(login)):
                forget_failures(connection, counted)
        return password


def known_account(connection: Connection, login: str) -> StoredAccount:
    """Return the account of a login name; raise AccountUnknown."""
    account = find_account(connection, login)
    if account is None:
        raise AccountUnknown(login=login)
    return account
