"""Accounts as one administrator sees and makes them: of his jurisdiction, and never above his rights."""

from __future__ import annotations

from datetime import datetime

from geoservice.auth.model import Identity, Role
from geoservice.errors import GeoserviceError
from geoservice.records.accounts.queries import StoredAccount
from geoservice.services.accounts.account_errors import AccountUnknown
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.accounts.second_factors import SecondFactorService
from geoservice.services.administration.own import is_own, require_own_place, require_own_role


class OwnAccount(GeoserviceError):
    """Nobody shuts himself out: another administrator does that to one's own account."""


class AccountAdministration:
    """The accounts of one database, for whoever asks."""

    def __init__(self, accounts: AccountService, factors: SecondFactorService) -> None:
        self._accounts, self._factors = accounts, factors

    def accounts(self, jurisdiction: str, identity: Identity) -> tuple[StoredAccount, ...]:
        """Return the accounts that are good in a jurisdiction and somebody's to look after, by login name."""
        return tuple(one for one in self._accounts.accounts() if is_own(one.jurisdiction_code, jurisdiction, identity))

    def account(self, jurisdiction: str, login: str, identity: Identity) -> StoredAccount:
        """Return one of these; raise AccountUnknown, also where it is another's."""
        found = next((one for one in self.accounts(jurisdiction, identity) if one.login == login), None)
        if found is None:
            raise AccountUnknown(login=login)
        return found

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
        RoleAboveOwn, PlaceAboveOwn
        AccountTaken, JurisdictionUnknown, StaffUnknown, RefusedByDatabase
        """
        require_own_role(identity, role)
        require_own_place(identity, jurisdiction)
        return self._accounts.create(
            login, role, created_by=identity.actor, jurisdiction=jurisdiction, staff=staff, expires_at=expires_at
        )

    def disable(self, jurisdiction: str, login: str, identity: Identity) -> None:
        """Let nobody sign in with an account, and end its sessions. Raise as `_touched`."""
        self._touched(jurisdiction, login, identity)
        self._accounts.disable(login)

    def enable(self, jurisdiction: str, login: str, identity: Identity) -> None:
        """Let an account be used again with the password that it has. Raise as `_touched`."""
        self._touched(jurisdiction, login, identity)
        self._accounts.enable(login)

    def reset(self, jurisdiction: str, login: str, identity: Identity) -> str:
        """Return a new one-time password; sessions end. Raise as `_touched`, and AccountDisabled."""
        self._touched(jurisdiction, login, identity)
        return self._accounts.reset(login)

    def take_off_factor(self, jurisdiction: str, login: str, identity: Identity) -> None:
        """Take the second factor off an account; sessions end. Raise as `_touched`."""
        self._touched(jurisdiction, login, identity)
        self._factors.reset(login)

    def _touched(self, jurisdiction: str, login: str, identity: Identity) -> None:
        """Raise AccountUnknown, RoleAboveOwn or OwnAccount where an account is not somebody's to change."""
        found = self.account(jurisdiction, login, identity)
        require_own_role(identity, Role(found.role))
        if identity.login == login:
            raise OwnAccount(login=login)
