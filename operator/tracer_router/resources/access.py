"""The identity of a router's pods, and what they are told about callers and limits."""

from decimal import Decimal
from typing import Final

from tracer_core.contracts import runtime
from tracer_router.api import Access, Limits, TracerRouter
from tracer_router.resources.manifest import Manifest, child, labels
from tracer_router.resources.pod import PodParts

__all__ = ["access_parts", "build_service_account", "limit_values", "spending_values"]

_KEYS = "/var/run/tracer/clients"
_SUFFIXES: Final = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
}


def build_service_account(router: TracerRouter) -> Manifest:
    """Build the account; its token is mounted nowhere."""
    return child(
        router,
        ("v1", "ServiceAccount"),
        router.metadata.name,
        labels(router, "identity"),
        automountServiceAccountToken=False,
    )


def access_parts(router: TracerRouter) -> PodParts:
    """Give the mode and what belongs to it; clients' keys come as mounted files."""
    access = router.spec.access or Access()
    values = {runtime.ACCESS: str(access.mode.value)}
    if access.pass_through is not None:
        lifetime = access.pass_through.lifetime.seconds
        values[runtime.ACCEPTANCE_SECONDS] = str(lifetime)
    if access.gateway_header is not None:
        values[runtime.CALLER_HEADER] = access.gateway_header.name
    if access.client_keys is None:
        return PodParts(values)
    values[runtime.CLIENT_KEYS] = _KEYS
    mount = {"name": "clients", "mountPath": _KEYS, "readOnly": True}
    secret = {"secretName": access.client_keys.secret_name}
    return PodParts(values, (mount,), ({"name": "clients", "secret": secret},))


def limit_values(limits: Limits) -> dict[str, str]:
    """Give the limits as the pods read them."""
    return {
        runtime.REQUEST_BYTES: str(_bytes(limits.request_size)),
        runtime.REQUESTS_AT_ONCE: str(limits.concurrent_requests),
    }


def spending_values(router: TracerRouter) -> dict[str, str]:
    """Give the cache and the budget of audits as the pods read them."""
    values, cache = {}, router.spec.cache
    if cache is not None:
        values[runtime.CACHE_SECONDS] = str(cache.ttl.seconds)
        values[runtime.CACHE_ENTRIES] = str(cache.entries)
    if router.spec.audit.per_hour is not None:
        values[runtime.AUDITS_PER_HOUR] = str(router.spec.audit.per_hour)
    return values


def _bytes(quantity: str) -> int:
    for suffix, factor in _SUFFIXES.items():
        if quantity.endswith(suffix):
            return int(Decimal(quantity.removesuffix(suffix)) * factor)
    return int(Decimal(quantity))
