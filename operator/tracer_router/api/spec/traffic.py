"""The `traffic` section: how requests reach the pods."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.string_types import DnsName

__all__ = ["Gateway", "Split", "Traffic"]


class Gateway(ApiModel):
    """A reference to the Gateway that the HTTPRoute of the router attaches to."""

    name: Annotated[DnsName, Effect.NEW_ROUTE]
    """Name of the Gateway."""
    namespace: Annotated[DnsName | None, Effect.NEW_ROUTE] = None
    """Namespace of the Gateway. If not set, the namespace of the router is used."""
    section_name: Annotated[DnsName | None, Effect.NEW_ROUTE] = None
    """Name of one listener of the Gateway. If not set, the route attaches to every
    listener that allows it."""


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

Hostname = Annotated[
    str,
    Field(max_length=253),
    Rule(
        rf"self.matches(r'^(\*\.)?{_LABEL}(\.{_LABEL})*$')",
        "must be a lowercase host name, for example llm.example.com or *.example.com",
    ),
]
"""A host name whose first label can be a wildcard."""


class Split(StrEnum):
    """The component that splits traffic between the live revision and a candidate."""

    GATEWAY = "Gateway"
    """The Gateway, by the weights of the HTTPRoute. Callers of Service NAME reach only
    the live revision."""
    STICKY = "Sticky"
    """The pods of the live revision, by a hash of the session. This includes callers of
    Service NAME. A session that has moved to the candidate stays there while the weight
    increases."""


class Traffic(ApiModel):
    """How requests reach the pods.

    Clients in the cluster can always use the Service with the name of the router.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.split) || self.split != 'Gateway' || has(self.gateway)",
            "traffic.gateway is required if traffic.split is Gateway; set"
            " traffic.gateway.name, or set traffic.split to Sticky",
            ".split",
        ),
    )

    gateway: Gateway | None = None
    """Gateway that the HTTPRoute of the router attaches to. If not set, no HTTPRoute is
    created, and clients use the Service with the name of the router."""
    split: Annotated[Split | None, Effect.NOTHING] = None
    """Component that splits the traffic during a rollout. `Gateway`: the Gateway, by
    the weights of the HTTPRoute; callers of the Service reach only the live revision.
    `Sticky`: the pods of the live revision, by a hash of the session. If not set, it is
    `Gateway` if `gateway` is set, and `Sticky` otherwise."""
    hostnames: Annotated[
        tuple[Hostname, ...], Field(max_length=16), Effect.NEW_ROUTE
    ] = ()
    """Host names of the HTTPRoute, at most 16, for example `llm.example.com` or
    `*.example.com`. If empty, the host names of the Gateway apply."""
    path_prefix: Annotated[
        str,
        Field(max_length=1024),
        Rule(
            "self.matches('^/([A-Za-z0-9_.~%-]+/?)*$')",
            "must be a path that starts with a slash, for example / or /llm",
        ),
        Effect.NEW_ROUTE,
    ] = "/"
    """Path prefix of the HTTPRoute, for example `/llm`. Defaults to `/`."""
