"""What stops whoever looks after accounts, or signs in."""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class AccountUnknown(GeoserviceError):
    """There is no account of this login name."""


class AccountTaken(GeoserviceError):
    """There is an account of this login name already, open or not: take another name."""


class AccountDisabled(GeoserviceError):
    """The account is disabled: say that it is to be enabled again, when that is meant."""

    advice = "enable-account"


class SignInRefused(GeoserviceError):
    """The login name or the password is not right, or the account can not be used."""


class SignInMustWait(GeoserviceError):
    """Signing in failed too often; the next try has to wait."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(wait_s=wait_s)
        #: Whole seconds, 1 or more.
        self.wait_s = wait_s
