"""Where traces lie, and how requests reach the pods."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.string_types import DnsName

__all__ = ["Gateway", "Split", "Traffic"]


class Gateway(ApiModel):
    """The Gateway that the route attaches to."""

    name: Annotated[DnsName, Effect.NEW_ROUTE]
    """Name of the Gateway."""
    namespace: Annotated[DnsName | None, Effect.NEW_ROUTE] = None
    """Its namespace; the router's own when absent."""
    section_name: Annotated[DnsName | None, Effect.NEW_ROUTE] = None
    """One listener of it; all that allow the route when absent."""


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

Hostname = Annotated[
    str,
    Field(max_length=253),
    Rule(
        rf"self.matches(r'^(\*\.)?{_LABEL}(\.{_LABEL})*$')",
        "say a host name in lower case, such as llm.example.com or *.example.com",
    ),
]
"""A host name, the first label perhaps a star."""


class Split(StrEnum):
    """Who sends a candidate its share of the traffic."""

    GATEWAY = "Gateway"
    """The Gateway, by the weights of the HTTPRoute; callers of Service NAME reach the
    stable pods alone."""
    STICKY = "Sticky"
    """The stable pods, by a hash of the session: also for callers of Service NAME, and
    a session that was handed over stays while the share rises."""


class Traffic(ApiModel):
    """How requests reach the pods."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.split) || self.split != 'Gateway' || has(self.gateway)",
            "traffic.split Gateway needs traffic.gateway: name a Gateway, or say"
            " Sticky",
            ".split",
        ),
    )

    gateway: Gateway | None = None
    """The Gateway to attach to; callers within the cluster use Service NAME in any
    case."""
    split: Annotated[Split | None, Effect.NOTHING] = None
    """Who sends a candidate its share: Gateway where one is named, Sticky elsewhere,
    when absent."""
    hostnames: Annotated[
        tuple[Hostname, ...], Field(max_length=16), Effect.NEW_ROUTE
    ] = ()
    """Host names of the route; those of the Gateway when empty."""
    path_prefix: Annotated[
        str,
        Field(max_length=1024),
        Rule(
            "self.matches('^/([A-Za-z0-9_.~%-]+/?)*$')",
            "say a path that begins with a slash, such as / or /llm",
        ),
        Effect.NEW_ROUTE,
    ] = "/"
    """Path of the route."""
