"""The authorization code flow with PKCE: where somebody is sent, and what is made of the answer that he brings back.

What ties an answer to the browser that asked is one secret of that browser: the state, the nonce and the verifier are
three hashes of it, and none of them tells another.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from geoservice.oidc.errors import AnswerRefused, ProviderAway

#: Of one request to the provider: to connect, and between two parts of its answer.
TIMEOUT_S = 5.0
#: How long its addresses and keys are believed; a key that is not among them is looked for anew, but not all the time.
KEPT_S, RENEWED_AT_MOST_EVERY_S = 600.0, 30.0
#: Signatures that the provider alone can make. With those by a shared secret (HS256) whoever has it is the provider.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
#: How far clocks may differ.
LEEWAY_S = 60


@dataclass(frozen=True)
class ProviderSettings:
    """Which provider, and as whom this service is known to it."""

    #: As its tokens name it.
    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    #: Where it sends people back to.
    callback: str


class Provider:
    """One identity provider."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self._lock = Lock()
        self._told: _Known | None = None

    @property
    def issuer(self) -> str:
        """Return the provider as its tokens name it."""
        return self.settings.issuer

    def address_for(self, secret: str) -> str:
        """Return where a browser is sent to, whose secret this is; raise ProviderAway."""
        address, _ = self._client().create_authorization_url(
            self._metadata()["authorization_endpoint"], state=_part(secret, "state"), nonce=_part(secret, "nonce"),
            code_verifier=_part(secret, "verifier"),
        )  # fmt: skip
        return str(address)

    def subject_of(self, answer: Mapping[str, str], secret: str) -> str:
        """Return as whom the provider knows who brings its answer.

        Parameters
        ----------
        answer
            The query of the address that the provider sent a browser back to.
        secret
            Of that browser, as it began with.

        Raises
        ------
        AnswerRefused
            It is none of this provider's to this browser, or it denies.
        ProviderAway
        """
        if not hmac.compare_digest(answer.get("state", "").encode("utf-8", "replace"), _part(secret, "state").encode()):
            raise AnswerRefused("state")
        metadata = self._metadata()
        self._require_issuer(answer, metadata)
        if "error" in answer:
            raise AnswerRefused("denied")
        if not answer.get("code"):
            raise AnswerRefused("code")
        token = self._redeemed(metadata["token_endpoint"], answer["code"], _part(secret, "verifier"))
        return self._verified(token, _part(secret, "nonce"))

    def _require_issuer(self, answer: Mapping[str, str], metadata: Mapping[str, Any]) -> None:
        """Raise AnswerRefused when another provider sent the answer, or may have (RFC 9207)."""
        said = answer.get("iss")
        promised = metadata.get("authorization_response_iss_parameter_supported") is True
        if said != self.issuer and (said is not None or promised):
            raise AnswerRefused("issuer")

    def _redeemed(self, endpoint: str, code: str, verifier: str) -> dict[str, Any]:
        try:
            token = self._client().fetch_token(
                endpoint, grant_type="authorization_code", code=code, code_verifier=verifier, timeout=TIMEOUT_S,
                allow_redirects=False,
            )  # fmt: skip
        except AuthlibBaseError as exc:
            raise AnswerRefused("code") from exc
        except (RequestException, ValueError) as exc:
            raise ProviderAway from exc
        if not isinstance(token.get("id_token"), str):
            raise AnswerRefused("token")
        return dict(token)

    def _verified(self, token: Mapping[str, Any], nonce: str) -> str:
        """Return the subject of a token that the provider signed, for this service, now, for this browser."""
        try:
            decoded = self._decoded(token["id_token"])
            claims = CodeIDToken(
                decoded.claims, decoded.header,
                {"iss": {"essential": True, "value": self.issuer},
                 "aud": {"essential": True, "value": self.settings.client_id}},
                {"nonce": nonce, "client_id": self.settings.client_id, "access_token": token.get("access_token")},
            )  # fmt: skip
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as exc:
            raise AnswerRefused("token") from exc
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise AnswerRefused("token")
        return subject

    def _decoded(self, text: str) -> jwt.Token:
        told = self._know()
        try:
            return jwt.decode(text, told.keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have another key since.
            if time.monotonic() - told.at_s < RENEWED_AT_MOST_EVERY_S:
                raise
        return jwt.decode(text, self._know(anew=True).keys, algorithms=ALGORITHMS)

    def _client(self) -> OAuth2Session:
        settings = self.settings
        return OAuth2Session(
            settings.client_id, settings.client_secret, scope="openid", redirect_uri=settings.callback,
            code_challenge_method="S256",
            token_endpoint_auth_method="none" if settings.client_secret is None else "client_secret_basic",
        )  # fmt: skip

    def _metadata(self) -> OpenIDProviderMetadata:
        return self._know().metadata

    def _know(self, *, anew: bool = False) -> _Known:
        with self._lock:
            told = self._told
            if told is None or anew or time.monotonic() - told.at_s > KEPT_S:
                told = self._told = self._ask()
            return told

    def _ask(self) -> _Known:
        """Ask for the provider's addresses and keys (OpenID Connect Discovery)."""
        try:
            with self._client() as client:
                metadata = OpenIDProviderMetadata(_json(client, get_well_known_url(self.issuer, external=True)))
                if metadata.get("issuer") != self.issuer:  # else one provider speaks for another
                    raise ProviderAway
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _require_as_safe(str(metadata[name]), self.issuer)
                keys = KeySet.import_key_set(_json(client, metadata["jwks_uri"]))
        except (RequestException, JoseError, ValueError, TypeError, KeyError) as exc:
            raise ProviderAway from exc
        return _Known(metadata, keys, time.monotonic())


@dataclass(frozen=True)
class _Known:
    """What a provider told of itself."""

    metadata: OpenIDProviderMetadata
    keys: KeySet
    #: When, by the clock of this process.
    at_s: float


def _json(client: OAuth2Session, address: str) -> Any:
    answer = client.get(address, withhold_token=True, timeout=TIMEOUT_S, allow_redirects=False)
    if answer.status_code != 200:
        raise ProviderAway
    return answer.json()


def _require_as_safe(address: str, issuer: str) -> None:
    """Raise ProviderAway when a provider that speaks TLS names an address that does not."""
    if not address.startswith(("https://", f"{issuer.partition('://')[0]}://")):
        raise ProviderAway


def _part(secret: str, name: str) -> str:
    """Return what stands for a secret in one place; 43 characters of the alphabet that PKCE has (RFC 7636, 4.1)."""
    digest = hmac.new(secret.encode(), f"openid {name}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
