"""The two addresses of signing in by an identity provider: where it begins, and where the browser comes back to."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network

from flask import Blueprint, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from geoservice.domain.languages import language_of
from geoservice.oidc.errors import AnswerRefused, ProviderAway
from geoservice.pages.accounts.entry import entered, led_on
from geoservice.pages.accounts.rendering import address_of, refusal_of, sign_in_page
from geoservice.services.accounts.account_errors import NotLinked, SignInMustWait, SignInRefused
from geoservice.services.accounts.providers import ProviderSignInService
from geoservice.web.addresses import caller_address, own_path
from geoservice.web.guard import Guard
from geoservice.web.language import ARGUMENT, asked_language, page_address
from geoservice.web.sessions import PROVIDER, PROVIDER_BACK, SIGN_IN, forget_session, set_step, shown_secret

Networks = Collection[IPv4Network | IPv6Network]
#: How long somebody may take to sign in there.
_PATIENCE_S = 600.0
#: Length of a secret, and of a language; behind them in the cookie stands where its page leads afterwards.
_SECRET_LENGTH, _LANGUAGE_LENGTH = 43, 2


def add_provider(blueprint: Blueprint, provider: ProviderSignInService, guard: Guard, proxies: Networks) -> None:
    """Add them."""

    @blueprint.get(PROVIDER)
    @guard("sign_in")
    def begin_at_provider() -> Response:
        next_path = own_path(request.args.get("next"))
        # No other site signs anybody in unasked.
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return led_on(address_of(SIGN_IN, next=next_path))
        try:
            address, secret = provider.begin()
        except ProviderAway as exc:
            return sign_in_page(next_path, refusal=refusal_of(exc))
        response = redirect(address, 303)
        response.headers["Cache-Control"] = "no-store"
        set_step(response, request, "provider", f"{secret}{asked_language()}{next_path or ''}", patience_s=_PATIENCE_S)
        return response

    @blueprint.get(PROVIDER_BACK)
    @guard("sign_in")
    def come_back_from_provider() -> Response:
        kept = shown_secret(request, "provider") or ""
        secret, rest = kept[:_SECRET_LENGTH], kept[_SECRET_LENGTH:]
        language, next_path = language_of(rest[:_LANGUAGE_LENGTH]), own_path(rest[_LANGUAGE_LENGTH:])
        if language not in (None, asked_language()) and ARGUMENT not in request.args:  # the provider sends none along
            return led_on(page_address(PROVIDER_BACK, language, **request.args.to_dict()))
        try:
            begun = provider.finish(
                secret, request.args, address=caller_address(request, proxies), before=shown_secret(request)
            )
            response = entered(begun, next_path)
        except (AnswerRefused, NotLinked, SignInRefused, SignInMustWait, ProviderAway) as exc:
            response = sign_in_page(next_path, refusal=refusal_of(exc))
        forget_session(response, request, "provider")
        return response
