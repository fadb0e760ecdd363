"""What stops whoever signs in by an identity provider."""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class ProviderAway(GeoserviceError):
    """The identity provider can not be reached, or does not say what it has to."""


class AnswerRefused(GeoserviceError):
    """What came back from the identity provider is not its answer to this browser."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        #: For the audit: state, issuer, denied, code or token.
        self.reason = reason
