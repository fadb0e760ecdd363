"""Sessions of people: sign in, with a code where there is a second factor, sign out, change the password, recognise.

Whoever tries learns nothing of which names there are, nor which of them have a second factor, before the password is
right.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection

from geoservice.auth.attempts import code_subject
from geoservice.auth.model import Identity, Role
from geoservice.auth.passwords import hash_password, needs_rehash, require_fit
from geoservice.auth.sessions import Session, new_secret, secret_sha256, token_of
from geoservice.records.accounts.queries import (
    StoredAccount,
    StoredSession,
    begin_session,
    end_session,
    end_sessions,
    find_account,
    find_session,
    note_signed_in,
    rehash_password,
    set_password,
)
from geoservice.records.accounts.second_factors import PendingSignIn, begin_pending, end_pending, find_pending
from geoservice.services.accounts.account_errors import CodeRefused, PendingSignInOver, SignInRefused
from geoservice.services.accounts.attempts import (
    count_attempt,
    forgive,
    identity_of,
    known_as,
    note_of,
    note_refused,
    verified_by_password,
)
from geoservice.services.accounts.codes import accept_code
from layers.db.scope import EVERYWHERE
from layers.db.session import Database

#: How long after the password the code may come.
CODE_PATIENCE_S = 300.0


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
    #: What he may, as things stand.
    roles: frozenset[Role]
    must_change: bool
    must_enrol: bool = False


@dataclass(frozen=True)
class CodePending:
    """It is known who signs in, and a code is still to come; the secret is good for nothing but to show it with."""

    secret: str = field(repr=False)


class SessionService:
    """The sessions of one database.

    Parameters
    ----------
    demanded
        Roles whose accounts do nothing until they have a second factor.
    """

    def __init__(self, database: Database, limits: SessionLimits, demanded: Collection[Role] = ()) -> None:
        self._database, self._limits, self._demanded = database.scoped(EVERYWHERE), limits, frozenset(demanded)

    def sign_in(
        self, login: str, password: str, *, address: str | None, before: str | None = None
    ) -> NewSession | CodePending:  # fmt: skip
        """Begin a session with a secret of its own or, where the account has a second factor, ask for a code first.

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
        account, counted = verified_by_password(self._database, _stored_form(login), password, address)
        fresh_hash = hash_password(password) if needs_rehash(account.password_hash) else None
        with self._database.transaction(actor=known_as(account).actor) as connection:
            if fresh_hash is not None:
                rehash_password(connection, account.login, verified=account.password_hash, fresh=fresh_hash)
            verified = fresh_hash or account.password_hash
            begun = self.enter(connection, account, verified, before=before)
            forgive(connection, counted)
        return begun

    def enter(
        self, connection: Connection, account: StoredAccount, verified: str, *, before: str | None,
        by_provider: bool = False,
    ) -> NewSession | CodePending:  # fmt: skip
        """Let in whoever was found out to be an account's, or ask for a code first.

        Parameters
        ----------
        verified
            Hash of the password that the account had then.

        Raises
        ------
        SignInRefused
            The account was changed meanwhile.
        """
        if account.has_second_factor:
            secret = new_secret()
            pending = PendingSignIn(account.login, verified, by_provider)
            begin_pending(connection, pending, _hash_of(secret), patience_s=CODE_PATIENCE_S)
            note_of(connection, account, "code_asked")
            return CodePending(secret)
        session = self._begin(connection, account, verified, by_provider=by_provider)
        note_signed_in(connection, account.login)
        _end(connection, before)
        note_of(connection, account, "sign_in", **({"by": "provider"} if by_provider else {}))
        return session

    def is_code_wanted(self, secret: str) -> bool:
        """Return whether this is the secret of a sign-in that waits for a code."""
        with self._database.transaction() as connection:
            return _find_pending(connection, secret) is not None

    def show_code(self, secret: str, code: str, *, address: str | None, before: str | None = None) -> NewSession:
        """Begin the session of a sign-in that waits for a code.

        Parameters
        ----------
        code
            What an authenticator shows, or a recovery code. Each is accepted once.

        Raises
        ------
        PendingSignInOver, SignInMustWait
        CodeRefused
            It is wrong, or was used.
        SignInRefused
            The account was changed meanwhile.
        """
        with self._database.transaction() as connection:
            pending = _find_pending(connection, secret)
            account = None if pending is None else find_account(connection, pending.login)
        if pending is None or account is None:
            raise PendingSignInOver
        counted = count_attempt(self._database, code_subject(pending.login), address)
        with self._database.transaction(actor=known_as(account).actor) as connection:
            accepted = accept_code(connection, pending.login, code)
            if accepted is not None:
                # Whoever shows another code at the same time comes too late.
                if not end_pending(connection, _hash_of(secret)):
                    raise PendingSignInOver
                session = self._begin(connection, account, pending.verified, by_provider=pending.by_provider)
                note_signed_in(connection, account.login)
                _end(connection, before)
                note_of(connection, account, "sign_in", second_factor=accepted)
                forgive(connection, counted)
                return session
        note_refused(self._database, account, second_factor="code")
        raise CodeRefused

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self._database.transaction() as connection:
            found = self._found(connection, secret)
            _end(connection, secret)
            if found is not None:
                note_of(connection, found.account, "sign_out")

    def change_password(self, login: str, password: str, new: str, *, address: str | None) -> NewSession:
        """Change the password of somebody who is signed in: every session of the account ends, and a new one begins.

        Raises
        ------
        PasswordUnfit, SignInRefused, SignInMustWait, TooBusy
            As by `sign_in`: whoever found a browser open guesses no faster than a stranger.
        """
        require_fit(new, login=login, before=password)
        account, counted = verified_by_password(self._database, login, password, address)
        new_hash = hash_password(new)
        with self._database.transaction() as connection:
            session = self._begin(connection, account, account.password_hash)  # who signs in meanwhile waits from here
            end_sessions(connection, login, but=_hash_of(session.secret))
            set_password(connection, login, new_hash, must_change=False)
            forgive(connection, counted)
        return NewSession(session.secret, login, session.roles, must_change=False, must_enrol=session.must_enrol)

    def find(self, secret: str) -> Session | None:
        """Return the session of a secret, with the role and place that its account has now; None when there is none."""
        with self._database.transaction() as connection:
            found = self._found(connection, secret)
        identity = None if found is None else identity_of(found.account)
        if found is None or identity is None or identity.role is Role.PUBLIC:
            return None
        account = found.account
        return Session(
            account.login, identity, account.must_change and not found.by_provider, token_of(secret),
            must_enrol=self._must_enrol(account), by_provider=found.by_provider, ends_at=found.expires_at,
        )  # fmt: skip

    def listener(self, secret: str) -> Identity | None:
        """Return who listens with the secret of a session, None when nobody may; to listen is no use of a session."""
        with self._database.transaction() as connection:
            found = self._found(connection, secret, in_use=False)
        if found is None or self._must_enrol(found.account):
            return None
        return None if found.account.must_change and not found.by_provider else identity_of(found.account)

    def _found(self, connection: Connection, secret: str, *, in_use: bool = True) -> StoredSession | None:
        known = secret_sha256(secret)
        if known is None:
            return None
        return find_session(connection, known, idle_s=self._limits.idle_s, in_use=in_use)

    def _must_enrol(self, account: StoredAccount) -> bool:
        return not account.has_second_factor and not self._demanded.isdisjoint(_roles(account))

    def _begin(
        self, connection: Connection, account: StoredAccount, verified: str, *, by_provider: bool = False
    ) -> NewSession:  # fmt: skip
        """Begin a session; raise SignInRefused when the account was changed since it was looked at."""
        secret = new_secret()
        if not begin_session(
            connection, account.login, _hash_of(secret), verified=verified, longest_s=self._limits.longest_s,
            by_provider=by_provider,
        ):  # fmt: skip
            raise SignInRefused
        return NewSession(
            secret, account.login, _roles(account), account.must_change and not by_provider,
            self._must_enrol(account),
        )  # fmt: skip


def _roles(account: StoredAccount) -> frozenset[Role]:
    return frozenset(Role(one.role) for one in account.held)


def _find_pending(connection: Connection, secret: str) -> PendingSignIn | None:
    known = secret_sha256(secret)
    return None if known is None else find_pending(connection, known)


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
