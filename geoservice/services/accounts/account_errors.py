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


class PendingSignInOver(GeoserviceError):
    """It is too long ago that the password was right, or it was changed since: sign in anew."""


class CodeRefused(GeoserviceError):
    """The code is not right, or it was used before."""


class SecondFactorThere(GeoserviceError):
    """The account has a second factor already."""


class SecondFactorMissing(GeoserviceError):
    """The account has no second factor."""


class LinkTaken(GeoserviceError):
    """That subject of the provider is linked to another account: unlink it there first."""


class NotLinked(GeoserviceError):
    """The provider says who it is, but no account here is linked to that."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject=subject)
        #: As whom the provider knows whoever tried.
        self.subject = subject
