"""Proxies, as the standard environment variables define them."""

import base64
from typing import Any
from urllib import request
from urllib.parse import unquote, urlsplit

__all__ = ["proxy_authorization", "proxy_for"]


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the URL of the proxy for a server; none if no proxy is set.

    HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and NO_PROXY have the same meaning as for curl.
    """
    proxies = request.getproxies_environment()
    url = proxies.get(scheme) or proxies.get("all")
    if not url or _is_bypassed(host, proxies):
        return None
    return url if "://" in url else f"http://{url}"


def proxy_authorization(url: str) -> str | None:
    """Return the value of Proxy-Authorization; none if the URL contains no user."""
    parts = urlsplit(url)
    if not parts.username:
        return None
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(user.encode()).decode()}"


def _is_bypassed(host: str, proxies: dict[str, str]) -> bool:
    # The function is documented, but the published types do not contain it.
    bypass: Any = request.__dict__["proxy_bypass_environment"]
    return bool(bypass(host, proxies))
