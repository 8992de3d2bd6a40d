"""Which proxy stands before a server, as the usual environment variables say."""

import base64
from typing import Any
from urllib import request
from urllib.parse import unquote, urlsplit

__all__ = ["proxy_authorization", "proxy_for"]


def proxy_for(scheme: str, host: str) -> str | None:
    """Give the URL of the proxy before a server; none when the environment names none.

    HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY mean what they mean to curl.
    """
    named = request.getproxies_environment()
    url = named.get(scheme) or named.get("all")
    if not url or _bypassed(host, named):
        return None
    return url if "://" in url else f"http://{url}"


def proxy_authorization(url: str) -> str | None:
    """Give the header by which a proxy knows the user that its URL names, if any."""
    parts = urlsplit(url)
    if not parts.username:
        return None
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(user.encode()).decode()}"


def _bypassed(host: str, named: dict[str, str]) -> bool:
    # Documented for people, unknown to the published types.
    bypass: Any = request.__dict__["proxy_bypass_environment"]
    return bool(bypass(host, named))
