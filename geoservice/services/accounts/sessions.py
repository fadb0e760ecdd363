"""Sessions of people: sign in, sign out, change the password, recognise.

Whoever tries learns nothing of which names there are: an unknown one, a wrong password and an account that can not be
used cost the same statements and the same reckoning, and are told in the same words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from geoservice.auth.attempts import FREE_OF_NAME, FREE_OF_NETWORK, WINDOW, name_subject, network_subject, wait_s
from geoservice.auth.model import Identity, Role
from geoservice.auth.passwords import hash_password, is_password, needs_rehash, require_fit
from geoservice.auth.sessions import Session, new_secret, secret_sha256, token_of
from geoservice.records.accounts.attempts import (
    count_failure,
    forget_failures,
    forget_old_failures,
    forgive_failure,
    take_subjects,
)
from geoservice.records.accounts.queries import (
    StoredAccount,
    begin_session,
    end_session,
    end_sessions,
    find_account,
    find_session,
    rehash_password,
    set_password,
)
from geoservice.records.audit.queries import note
from geoservice.services.accounts.account_errors import SignInMustWait, SignInRefused
from layers.db.scope import EVERYWHERE
from layers.db.session import Database
from layers.errors import TooBusy


@dataclass(frozen=True)
class SessionLimits:
    """How long a session lasts, in seconds."""

    #: Without being used.
    idle_s: float
    #: In any case.
    longest_s: float


@dataclass(frozen=True)
class NewSession:
    """A session at its birth, the only moment its secret is known here."""

    secret: str = field(repr=False)
    login: str
    role: Role
    must_change: bool


@dataclass(frozen=True)
class _Attempt:
    """A try to sign in, counted as a failure until it has succeeded."""

    name: bytes
    name_until: datetime
    network: bytes
    network_until: datetime


class SessionService:
    """The sessions of one database."""

    def __init__(self, database: Database, limits: SessionLimits) -> None:
        self._database, self._limits = database.scoped(EVERYWHERE), limits

    def sign_in(self, login: str, password: str, *, address: str | None, before: str | None = None) -> NewSession:
        """Begin a session with a secret of its own.

        Parameters
        ----------
        login
            As it was typed: large letters and blanks around it do not count.
        address
            Where the try comes from; failures of its network are counted.
        before
            Secret of a session that the browser had; it ends.

        Raises
        ------
        SignInRefused
            No such account, a wrong password, disabled, or over: which, is not told.
        SignInMustWait
            It failed too often before.
        TooBusy
        """
        account, counted = self._verified(_stored_form(login), password, address)
        fresh_hash = hash_password(password) if needs_rehash(account.password_hash) else None
        with self._database.transaction(actor=_identity(account).actor) as connection:
            secret = self._begin(connection, account)
            if fresh_hash is not None:
                rehash_password(connection, account.login, verified=account.password_hash, fresh=fresh_hash)
            _end(connection, before)
            _forgive(connection, counted)
            _note(connection, account, "sign_in")
        return NewSession(secret, account.login, Role(account.role), account.must_change)

    def sign_out(self, secret: str) -> None:
        """End a session."""
        known = secret_sha256(secret)
        with self._database.transaction() as connection:
            account = None if known is None else find_session(connection, known, idle_s=self._limits.idle_s)
            _end(connection, secret)
            if account is not None:
                _note(connection, account, "sign_out")

    def change_password(self, login: str, password: str, new: str, *, address: str | None) -> NewSession:
        """Change the password of somebody who is signed in: every session of the account ends, and a new one begins.

        Raises
        ------
        PasswordUnfit, SignInRefused, SignInMustWait, TooBusy
            As by `sign_in`: whoever found a browser open guesses no faster than a stranger.
        """
        require_fit(new, login=login, before=password)
        account, counted = self._verified(login, password, address)
        new_hash = hash_password(new)
        with self._database.transaction() as connection:
            secret = self._begin(connection, account)  # whoever signs in meanwhile waits from here on
            end_sessions(connection, login, but=_hash_of(secret))
            set_password(connection, login, new_hash, must_change=False)
            _forgive(connection, counted)
        return NewSession(secret, login, Role(account.role), must_change=False)

    def find(self, secret: str) -> Session | None:
        """Return the session of a secret, with the role and place that its account has now; None when there is none."""
        known = secret_sha256(secret)
        if known is None:
            return None
        with self._database.transaction() as connection:
            account = find_session(connection, known, idle_s=self._limits.idle_s)
        if account is None:
            return None
        return Session(account.login, _identity(account), account.must_change, token_of(secret))

    def listener(self, secret: str) -> Identity | None:
        """Return who listens with the secret of a session, None when nobody may; to listen is no use of a session."""
        known = secret_sha256(secret)
        if known is None:
            return None
        with self._database.transaction() as connection:
            account = find_session(connection, known, idle_s=self._limits.idle_s, in_use=False)
        return None if account is None or account.must_change else Identity.of(account, login=account.login)

    def _verified(self, login: str, password: str, address: str | None) -> tuple[StoredAccount, _Attempt]:
        """Return the account whose password this is, and how the try was counted.

        Raises
        ------
        SignInRefused, SignInMustWait, TooBusy
        """
        counted = self._count_try(login, address)
        with self._database.transaction() as connection:
            account = find_account(connection, login)
        try:
            right = is_password(password, None if account is None else account.password_hash)
        except TooBusy:  # so nothing was found out
            with self._database.transaction() as connection:
                forgive_failure(connection, counted.name, counted_until=counted.name_until)
                forgive_failure(connection, counted.network, counted_until=counted.network_until)
            raise
        if account is None or not right or not account.is_open:
            self._note_refused(account)
            raise SignInRefused
        return account, counted

    def _note_refused(self, account: StoredAccount | None) -> None:
        """Write that a try was refused. A name that is none may be a password that went into the wrong field.

        Whoever has to wait for it is not looked at, and leaves no entry: the one of the try before says since when.
        """
        with self._database.transaction(actor="unknown" if account is None else _identity(account).actor) as connection:
            if account is None:
                note(connection, "sign_in_refused", touched={}, role=Role.PUBLIC)
            else:
                _note(connection, account, "sign_in_refused")

    def _begin(self, connection: Connection, account: StoredAccount) -> str:
        """Begin a session; raise SignInRefused when the account was changed since it was looked at."""
        secret = new_secret()
        if not begin_session(
            connection, account.login, _hash_of(secret), verified=account.password_hash,
            longest_s=self._limits.longest_s,
        ):  # fmt: skip
            raise SignInRefused
        return secret

    def _count_try(self, login: str, address: str | None) -> _Attempt:
        """Count a try as a failure before anything is reckoned: a hundred at once are not a hundred free ones.

        Raises
        ------
        SignInMustWait
        """
        name, network = name_subject(login), network_subject(address)
        with self._database.transaction() as connection:
            taken = take_subjects(connection, (name, network), window=WINDOW)
            longest = max(one.wait_s for one in taken.values())
            if longest <= 0:
                counted = _Attempt(
                    name, _counted(connection, name, taken[name].failures + 1, free=FREE_OF_NAME),
                    network, _counted(connection, network, taken[network].failures + 1, free=FREE_OF_NETWORK),
                )  # fmt: skip
                forget_old_failures(connection, window=WINDOW)
                return counted
        raise SignInMustWait(math.ceil(longest))


def _identity(account: StoredAccount) -> Identity:
    return Identity.of(account, login=account.login)


def _note(connection: Connection, account: StoredAccount, what: str) -> None:
    note(connection, what, touched={}, jurisdiction_id=account.jurisdiction_id, role=account.role)


def _counted(connection: Connection, subject: bytes, failures: int, *, free: int) -> datetime:
    return count_failure(connection, subject, failures=failures, wait_s=wait_s(failures, free=free))


def _forgive(connection: Connection, counted: _Attempt) -> None:
    """Take back what was counted: of a name all, of a network, where others may be guessing, this try alone."""
    forget_failures(connection, counted.name)
    forgive_failure(connection, counted.network, counted_until=counted.network_until)


def _hash_of(secret: str) -> bytes:
    known = secret_sha256(secret)
    if known is None:
        raise ValueError("not the form of a secret")
    return known


def _end(connection: Connection, secret: str | None) -> None:
    known = None if secret is None else secret_sha256(secret)
    if known is not None:
        end_session(connection, known)


def _stored_form(login: str) -> str:
    """Return a login name as it would be stored; what no name can be is no name."""
    return login.strip().lower().replace("\x00", "").encode("utf-8", "replace").decode()
