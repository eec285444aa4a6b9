"""The few endpoints of Google Play's Developer API that are needed, with google-auth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

import requests
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.service_account import Credentials

from services.billing.providers.port import ProviderError, ProviderGarbage, ProviderRefused, ProviderUnavailable
from services.billing.providers.trouble import never_sent, retry_after

API = "https://androidpublisher.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/androidpublisher"
Json = Mapping[str, Any]


class GooglePlay:
    """One app in Google Play, as a service account that may manage its orders.

    Everything raises ProviderRefused (``not_found`` for 404), ProviderUnavailable or ProviderGarbage.
    """

    def __init__(
        self, service_account: Json, package_name: str, *, api_base: str = API, answer_seconds: float = 20.0
    ) -> None:
        credentials = Credentials.from_service_account_info(service_account, scopes=[_SCOPE])  # type: ignore[no-untyped-call]
        self._session = AuthorizedSession(credentials, refresh_timeout=answer_seconds)  # type: ignore[no-untyped-call]
        self._root = f"{api_base}/androidpublisher/v3/applications/{quote(package_name, safe='')}"
        self._timeout = (5.0, answer_seconds)

    def order(self, order_id: str) -> Json:
        """An order (``orders.get``)."""
        return self._call("GET", f"orders/{quote(order_id, safe='')}")

    def refund(self, order_id: str, *, revoke: bool) -> None:
        """Give all of an order back (``orders.refund``); ``revoke`` ends the access too."""
        self._call("POST", f"orders/{quote(order_id, safe='')}:refund?revoke={str(revoke).lower()}")

    def subscription(self, purchase_token: str) -> Json:
        """A subscription as it is now (``purchases.subscriptionsv2.get``)."""
        return self._call("GET", f"purchases/subscriptionsv2/tokens/{quote(purchase_token, safe='')}")

    def cancel(self, purchase_token: str) -> None:
        """Stop a subscription from renewing as if the customer had (``purchases.subscriptionsv2.cancel``)."""
        content = {"cancellationContext": {"cancellationType": "USER_REQUESTED_STOP_RENEWALS"}}
        self._call("POST", f"purchases/subscriptionsv2/tokens/{quote(purchase_token, safe='')}:cancel", content)

    def product(self, product_id: str, purchase_token: str) -> Json:
        """Something bought once (``purchases.products.get``)."""
        path = f"purchases/products/{quote(product_id, safe='')}/tokens/{quote(purchase_token, safe='')}"
        return self._call("GET", path)

    def _call(self, method: str, path: str, content: Json | None = None) -> Json:
        try:
            answer = self._session.request(  # type: ignore[no-untyped-call]
                method, f"{self._root}/{path}", json=content, timeout=self._timeout, max_allowed_time=60
            )
        except (TransportError, GoogleAuthError) as error:
            # Raised before the request itself is sent: it is about the service account's own token.
            raise ProviderUnavailable("Google gave the service account no token.", in_doubt=False) from error
        except (requests.RequestException, OSError) as error:
            raise ProviderUnavailable("Google Play could not be reached.", in_doubt=not never_sent(error)) from error
        return _content(answer)


def _content(answer: requests.Response) -> Json:
    if answer.status_code >= 400:
        raise _problem(answer)
    if not answer.content:
        return {}
    try:
        content = answer.json()
    except ValueError as error:
        raise ProviderGarbage("Google Play's answer could not be read.") from error
    if not isinstance(content, dict):
        raise ProviderGarbage("Google Play's answer is no object.")
    return content


def _problem(answer: requests.Response) -> ProviderError:
    status = answer.status_code
    if status == 429:
        wait = retry_after(answer.headers.get("Retry-After"))
        return ProviderUnavailable("Google Play asks to slow down.", in_doubt=False, retry_after=wait)
    if status in (401, 403):
        text = "Google Play doesn't let this service account do it: it needs the right to manage orders."
        return ProviderUnavailable(text, in_doubt=False)
    if status >= 500:
        return ProviderUnavailable(f"Google Play answered {status}.", in_doubt=True)
    if status in (404, 410):
        return ProviderRefused("not_found", "Google Play has no such thing.")
    return ProviderRefused("refused", f"Google Play refused it: {_message(answer)}")


def _message(answer: requests.Response) -> str:
    try:
        return cast("str", answer.json()["error"]["message"])[:300]
    except (KeyError, TypeError, ValueError):
        return str(answer.status_code)
