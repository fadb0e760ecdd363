"""Accounts as one administrator sees and makes them: of his jurisdiction, and never above his rights."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission
from geoservice.errors import GeoserviceError
from geoservice.records.accounts.queries import StoredAccount
from geoservice.services.accounts.account_errors import AccountUnknown
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.accounts.second_factors import SecondFactorService
from geoservice.services.administration.grants import GrantAdministration, Held
from geoservice.services.administration.own import (
    PlaceAboveOwn,
    RoleAboveOwn,
    require_may_give,
    require_own_all,
    told_grants,
)


class OwnAccount(GeoserviceError):
    """Nobody shuts himself out: another administrator does that to one's own account."""


class AccountAdministration:
    """The accounts of one database, for whoever asks."""

    def __init__(self, accounts: AccountService, factors: SecondFactorService, grants: GrantAdministration) -> None:
        self._accounts, self._factors = accounts, factors
        #: What accounts may.
        self.grants = grants

    def accounts(self, jurisdiction: str, identity: Identity) -> tuple[StoredAccount, ...]:
        """Return the accounts with a grant in a jurisdiction, by login name, each with what somebody is told of."""
        found = (
            replace(one, grants=told_grants(one.grants, jurisdiction, identity, Permission.MANAGE_ACCOUNTS))
            for one in self._accounts.accounts()
        )
        return tuple(one for one in found if one.grants)

    def account(self, jurisdiction: str, login: str, identity: Identity) -> StoredAccount:
        """Return one of these; raise AccountUnknown, also where it is another's."""
        found = next((one for one in self.accounts(jurisdiction, identity) if one.login == login), None)
        if found is None:
            raise AccountUnknown(login=login)
        return found

    def is_own_whole(self, account: StoredAccount, identity: Identity) -> bool:
        """Return whether all that an account holds is somebody's to give, so that he may disable and reset it."""
        try:
            self._require_whole(account.login, identity)
        except (RoleAboveOwn, PlaceAboveOwn):
            return False
        return True

    def create(
        self, login: str, role: Role, *, jurisdiction: str | None, staff: tuple[str, str] | None,
        expires_at: datetime | None, identity: Identity,
    ) -> str:  # fmt: skip
        """Make an account and return its one-time password, as AccountService.create.

        Parameters
        ----------
        jurisdiction
            Where alone it is good; None: everywhere.

        Raises
        ------
        RoleAboveOwn, PlaceAboveOwn, OutlastsOwn
        AccountTaken, JurisdictionUnknown, StaffUnknown, RefusedByDatabase
        """
        require_may_give(identity, role, jurisdiction, Permission.MANAGE_ACCOUNTS)
        return self._accounts.create(
            login, role, created_by=identity.actor, jurisdiction=jurisdiction, staff=staff, expires_at=expires_at
        )

    def held(self, jurisdiction: str, login: str, identity: Identity) -> Held:
        """Return what an account holds, as far as somebody is told; raise AccountUnknown."""
        found = self.account(jurisdiction, login, identity)
        return Held("login", login, found.grants, found.expires_at)

    def disable(self, jurisdiction: str, login: str, identity: Identity) -> None:
        """Let nobody sign in with an account, and end its sessions. Raise as `_touched`."""
        self._touched(jurisdiction, login, identity)
        self._accounts.disable(login)

    def enable(self, jurisdiction: str, login: str, identity: Identity) -> None:
        """Let an account be used again with the password that it has. Raise as `_touched`, and OutlastsOwn."""
        self._touched(jurisdiction, login, identity)
        self._accounts.enable(login)

    def reset(self, jurisdiction: str, login: str, identity: Identity) -> str:
        """Return a new one-time password; sessions end. Raise as `_touched`, AccountDisabled, OutlastsOwn."""
        self._touched(jurisdiction, login, identity)
        return self._accounts.reset(login)

    def take_off_factor(self, jurisdiction: str, login: str, identity: Identity) -> None:
        """Take the second factor off an account; sessions end. Raise as `_touched`."""
        self._touched(jurisdiction, login, identity)
        self._factors.reset(login)

    def _touched(self, jurisdiction: str, login: str, identity: Identity) -> None:
        """Raise AccountUnknown, RoleAboveOwn, PlaceAboveOwn or OwnAccount where one is not somebody's to change.

        What an account holds elsewhere, too, is not his to look after: he takes back what it holds where he works.
        """
        self.account(jurisdiction, login, identity)
        self._require_whole(login, identity)
        if identity.login == login:
            raise OwnAccount(login=login)

    def _require_whole(self, login: str, identity: Identity) -> None:
        whole = next(one for one in self._accounts.accounts() if one.login == login)
        require_own_all(whole.grants, identity, Permission.MANAGE_ACCOUNTS)
