"""The hosts that a key may be sent to, as its own Secret names them.

Whoever may edit a router may point it anywhere, but need not be allowed to read the
Secret. An entry `allowed-hosts` beside a key keeps it from being sent elsewhere.
"""

from typing import Final

__all__ = ["ALLOWED_HOSTS", "is_host_allowed"]

ALLOWED_HOSTS: Final = "allowed-hosts"
"""Entry of a key's Secret that names the hosts it is for."""


def is_host_allowed(listed: str | None, host: str, port: int | None = None) -> bool:
    """Tell whether a key may be sent to a host.

    Args:
        listed: The entry, hosts apart by commas or spaces; none allows every host.
        host: The host.
        port: Its port, where one is named.
    """
    if listed is None:
        return True
    addresses = _addresses(host, port)
    allowed = listed.replace(",", " ").lower().split()
    return any(_matches(addresses, each) for each in allowed)


def _addresses(host: str, port: int | None) -> frozenset[str]:
    host = host.lower().rstrip(".")
    return frozenset({host, f"{host}:{port}"} if port else {host})


def _matches(addresses: frozenset[str], pattern: str) -> bool:
    if not pattern.startswith("*."):
        return pattern in addresses
    # A star stands for one label or more, never for none.
    return any(address.endswith(pattern[1:]) for address in addresses)
