"""Signing in by an identity provider, with accounts that an administrator linked; nobody is made by signing in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from geoservice.auth.sessions import new_secret, secret_sha256
from geoservice.oidc.errors import AnswerRefused, ProviderAway
from geoservice.records.accounts.links import find_linked, link, unlink, use_once
from geoservice.records.accounts.queries import find_account
from geoservice.services.accounts.account_errors import LinkTaken, NotLinked, SignInRefused
from geoservice.services.accounts.accounts import known_account
from geoservice.services.accounts.attempts import count_attempt, forgive, identity_of, note_refused
from geoservice.services.accounts.sessions import CodePending, NewSession, SessionService
from layers.db.scope import EVERYWHERE
from layers.db.session import Database

if TYPE_CHECKING:  # what it brings is for those alone who have a provider
    from geoservice.oidc.provider import Provider


class LinkService:
    """The links of accounts to subjects of providers."""

    def __init__(self, database: Database) -> None:
        self._database = database.scoped(EVERYWHERE)

    def link(self, login: str, *, issuer: str, subject: str) -> None:
        """Let whom a provider knows as a subject sign in with an account.

        Raises
        ------
        AccountUnknown, LinkTaken
        RefusedByDatabase
            The issuer is no address, or the subject longer than 255 characters of ASCII.
        """
        with self._database.transaction() as connection:
            known_account(connection, login)
            if link(connection, login, issuer=issuer, subject=subject):
                return
            if find_linked(connection, issuer=issuer, subject=subject) != login:
                raise LinkTaken(subject=subject)

    def unlink(self, login: str, *, issuer: str, subject: str) -> bool:
        """Take a link back, and end what came by it; return whether there was one."""
        with self._database.transaction() as connection:
            return unlink(connection, login, issuer=issuer, subject=subject)


class ProviderSignInService:
    """Signing in by one provider."""

    def __init__(self, database: Database, sessions: SessionService, provider: Provider, name: str) -> None:
        self._database, self._sessions, self._provider = database.scoped(EVERYWHERE), sessions, provider
        #: How people call the provider.
        self.name = name

    def begin(self) -> tuple[str, str]:
        """Return where a browser is sent to, and the secret that it keeps until it comes back; raise ProviderAway."""
        secret = new_secret()
        return self._provider.address_for(secret), secret

    def finish(
        self, secret: str, answer: Mapping[str, str], *, address: str | None, before: str | None = None
    ) -> NewSession | CodePending:  # fmt: skip
        """Let in whoever the provider says it is; where the account has a second factor, a code is asked for first.

        Parameters
        ----------
        secret
            As the browser began with; it is good once.
        answer
            The query that it comes back with.

        Raises
        ------
        AnswerRefused
            It is not the provider's answer to this browser, or was used.
        NotLinked, SignInRefused, SignInMustWait, ProviderAway
        """
        known = secret_sha256(secret)
        if known is None:
            raise AnswerRefused("state")
        # Each asks the provider something: who makes up answers waits like who guesses passwords.
        counted = count_attempt(self._database, known, address)
        try:
            subject = self._provider.subject_of(answer, secret)
        except AnswerRefused as exc:
            note_refused(self._database, None, by="provider", reason=exc.reason)
            raise
        except ProviderAway:  # so nothing was found out
            with self._database.transaction() as connection:
                forgive(connection, counted)
            raise
        with self._database.transaction() as connection:
            login = find_linked(connection, issuer=self._provider.issuer, subject=subject)
            account = None if login is None else find_account(connection, login)
        if account is None:
            note_refused(self._database, None, by="provider", reason="not_linked")
            raise NotLinked(subject)
        if not account.is_open:
            note_refused(self._database, account, by="provider")
            raise SignInRefused
        with self._database.transaction(actor=identity_of(account).actor) as connection:
            if use_once(connection, known):
                begun = self._sessions.enter(
                    connection, account, account.password_hash, before=before, by_provider=True
                )
                # Whoever takes the link back meanwhile waits from here on, or was waited for.
                if find_linked(connection, issuer=self._provider.issuer, subject=subject) != account.login:
                    raise NotLinked(subject)
                forgive(connection, counted)
                return begun
        note_refused(self._database, account, by="provider", reason="used")
        raise AnswerRefused("used")
