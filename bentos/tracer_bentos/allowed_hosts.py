"""The hosts to which a key may be sent, as the Secret of the key lists them.

A user who can edit a router can set any URL, but does not need permission to read the
Secret. The entry `allowed-hosts` next to a key prevents that the key is sent to any
other host.
"""

from typing import Final

__all__ = ["ALLOWED_HOSTS", "is_host_allowed"]

ALLOWED_HOSTS: Final = "allowed-hosts"
"""Entry of the Secret of a key that lists the hosts to which it may be sent."""


def is_host_allowed(listed: str | None, host: str, port: int | None = None) -> bool:
    """Return whether a key may be sent to a host.

    Args:
        listed: The entry: hosts, separated by commas or spaces. A host can have a port,
            and `*.example.com` means every subdomain of example.com. None allows every
            host.
        host: The host.
        port: The port in the URL; none if the URL contains no port.
    """
    if listed is None:
        return True
    addresses = _addresses(host, port)
    allowed = listed.replace(",", " ").lower().split()
    return any(_matches(addresses, pattern) for pattern in allowed)


def _addresses(host: str, port: int | None) -> frozenset[str]:
    host = host.lower().rstrip(".")
    return frozenset({host, f"{host}:{port}"} if port else {host})


def _matches(addresses: frozenset[str], pattern: str) -> bool:
    if not pattern.startswith("*."):
        return pattern in addresses
    # A star matches one label or more, not zero labels.
    return any(address.endswith(pattern[1:]) for address in addresses)
