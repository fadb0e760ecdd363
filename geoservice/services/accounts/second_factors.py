"""The second factor of an account: set up by whose it is, taken off by him or an administrator."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from geoservice.auth.attempts import code_subject
from geoservice.auth.sessions import Session, secret_sha256
from geoservice.auth.totp import new_recovery_codes, new_totp_secret, recovery_code_sha256, step_of
from geoservice.records.accounts.attempts import forget_failures
from geoservice.records.accounts.queries import end_sessions, find_account
from geoservice.records.accounts.second_factors import (
    confirm_factor,
    end_pending_of,
    find_factor,
    make_factor,
    remove_factor,
)
from geoservice.services.accounts.account_errors import (
    CodeRefused,
    SecondFactorMissing,
    SecondFactorThere,
)
from geoservice.services.accounts.accounts import known_account
from geoservice.services.accounts.attempts import (
    count_attempt,
    forgive,
    identity_of,
    note_refused,
    verified_by_password,
)
from geoservice.services.accounts.codes import ENROLMENT_PATIENCE, accept_code, confirmed_factor
from layers.db.scope import EVERYWHERE
from layers.db.session import Database


@dataclass(frozen=True)
class FactorState:
    """How the second factor of an account stands."""

    since: datetime
    #: Recovery codes that were not used yet.
    codes_left: int


@dataclass(frozen=True)
class NewFactor:
    """What an authenticator has to know, until one code was shown."""

    secret: bytes = field(repr=False)


class SecondFactorService:
    """The second factors of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database.scoped(EVERYWHERE)

    def standing(self, login: str) -> FactorState | None:
        """Return how the second factor of an account stands; None: it has none."""
        with self._database.transaction() as connection:
            factor = confirmed_factor(connection, login)
        if factor is None or factor.confirmed_at is None:
            return None
        return FactorState(factor.confirmed_at, factor.codes_left)

    def begin(self, session: Session, password: str, *, address: str | None) -> NewFactor:
        """Make a secret for who is signed in; it asks nobody for codes before one of it was shown.

        Parameters
        ----------
        password
            Of the account: whoever found a browser open sets up nothing. Who came by an identity provider has none.

        Raises
        ------
        SecondFactorThere
        SignInRefused, SignInMustWait, TooBusy
            As by signing in.
        """
        counted = None
        if not session.by_provider:
            _, counted = verified_by_password(self._database, session.login, password, address)
        secret = new_totp_secret()
        with self._database.transaction() as connection:
            if not make_factor(connection, session.login, secret):
                raise SecondFactorThere
            if counted is not None:
                forgive(connection, counted)
        return NewFactor(secret)

    def confirm(self, login: str, secret: bytes | None, code: str, *, keep: str | None) -> tuple[str, ...]:
        """Ask for codes from now on; return the recovery codes, which are shown this once.

        Parameters
        ----------
        secret
            As whoever confirms was shown it: another session of the account, which showed no password, has none, and
            nobody confirms what another one made meanwhile.
        keep
            Secret of the session that goes on; every other one of the account ends.

        Raises
        ------
        CodeRefused, SecondFactorMissing, SecondFactorThere
        """
        codes = new_recovery_codes()
        with self._database.transaction() as connection:
            factor = find_factor(connection, login, patience=ENROLMENT_PATIENCE)
            if factor is not None and factor.confirmed_at is not None:
                raise SecondFactorThere
            if factor is None or secret is None or not hmac.compare_digest(factor.secret, secret):
                raise SecondFactorMissing(login=login)
            step = step_of(code, factor.secret, now_s=factor.now_s)
            if step is None:
                raise CodeRefused
            hashes = map(recovery_code_sha256, codes)
            if not confirm_factor(connection, login, factor.secret, step=step, codes=hashes):
                raise CodeRefused
            end_sessions(connection, login, but=None if keep is None else secret_sha256(keep))
        return codes

    def take_off(self, login: str, code: str, *, address: str | None) -> None:
        """Take the second factor off the account of who is signed in, against a code of it.

        Raises
        ------
        CodeRefused, SignInMustWait
        SecondFactorMissing
        """
        with self._database.transaction() as connection:
            account = find_account(connection, login)
        if account is None or not account.has_second_factor:
            raise SecondFactorMissing(login=login)
        counted = count_attempt(self._database, code_subject(login), address)
        with self._database.transaction(actor=identity_of(account).actor) as connection:
            if accept_code(connection, login, code) is not None:
                _remove(connection, login)
                forgive(connection, counted)
                return
        note_refused(self._database, account, second_factor="code")
        raise CodeRefused

    def reset(self, login: str) -> bool:
        """Take a second factor off an account for an administrator; return whether it had one. Its sessions end.

        Raises
        ------
        AccountUnknown
        """
        with self._database.transaction() as connection:
            known_account(connection, login)
            had_one = _remove(connection, login)
            end_sessions(connection, login)
            forget_failures(connection, code_subject(login))
        return had_one


def _remove(connection: Connection, login: str) -> bool:
    end_pending_of(connection, login)
    return remove_factor(connection, login)
