"""Who may call a router, and how much one pod takes on."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.duration import Duration, Within
from tracer_router.api.model import ApiModel, Effect, Rule
from tracer_router.api.text import HeaderName, Quantity, SecretName

__all__ = [
    "Access",
    "AccessMode",
    "Cache",
    "ClientKeys",
    "GatewayHeader",
    "Limits",
    "PassThrough",
]


class AccessMode(StrEnum):
    """Who may call."""

    PASS_THROUGH = "PassThrough"  # noqa: S105 - a mode, no password
    """The client's own Authorization goes on to the teacher, which decides."""
    CLIENT_KEYS = "ClientKeys"
    """Whoever has a key of the named Secret."""
    GATEWAY_HEADER = "GatewayHeader"
    """Whoever a gateway has let through, named in a header that it sets."""
    OPEN = "Open"
    """Whoever reaches the pods; for a network policy that decides."""


class PassThrough(ApiModel):
    """How clients' own keys are trusted."""

    lifetime: Annotated[Duration, Within("10s", "24h", "10m"), Effect.NOTHING] = (
        Duration("10m")
    )
    """How long the teacher's acceptance of a key counts: the surrogate answers a key
    only so long after the teacher has answered it, for the same model."""


class ClientKeys(ApiModel):
    """Keys that you give to clients."""

    secret_name: Annotated[SecretName, Effect.NOTHING]
    """Secret with one entry a client: its name and its key, or several keys, one a
    line. A change is taken over without a restart."""


class GatewayHeader(ApiModel):
    """A header of your gateway's."""

    name: Annotated[HeaderName, Effect.NOTHING]
    """Header in which the gateway names the caller. The gateway must remove it from
    what clients send, and nothing else may reach the pods."""


class Access(ApiModel):
    """Who may call."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(self.mode == 'ClientKeys') == has(self.clientKeys)",
            "access.clientKeys belongs to mode ClientKeys: say both, or neither",
            ".clientKeys",
        ),
        Rule(
            "(self.mode == 'GatewayHeader') == has(self.gatewayHeader)",
            "access.gatewayHeader belongs to mode GatewayHeader: say both, or neither",
            ".gatewayHeader",
        ),
        Rule(
            "self.mode == 'PassThrough' || !has(self.passThrough)",
            "access.passThrough belongs to mode PassThrough: remove it, or say that"
            " mode",
            ".passThrough",
        ),
    )

    mode: Annotated[AccessMode, Effect.NOTHING] = AccessMode.PASS_THROUGH
    """PassThrough: the client's own Authorization goes on to the teacher. ClientKeys:
    whoever has one of your keys. GatewayHeader: whoever your gateway names. Open:
    whoever reaches the pods."""
    pass_through: PassThrough | None = None
    """How clients' own keys are trusted."""
    client_keys: ClientKeys | None = None
    """Keys that you give to clients."""
    gateway_header: GatewayHeader | None = None
    """A header of your gateway's."""


class Cache(ApiModel):
    """The teacher's answers given again to exact repeats, counted apart."""

    ttl: Annotated[Duration, Within("1s", "7d", "10m"), Effect.NOTHING] = Duration(
        "10m"
    )
    """How long an answer is given again: to the same request of the same caller."""
    entries: Annotated[int, Field(ge=1, le=1_000_000), Effect.NOTHING] = 10_000
    """Answers that one pod keeps at most."""


class Limits(ApiModel):
    """How much one pod takes on; beyond it, clients get 413 or 429."""

    request_size: Annotated[
        Quantity,
        Rule(
            "!isQuantity(string(self)) || (quantity(string(self))"
            ".compareTo(quantity('1Ki')) >= 0 && quantity(string(self))"
            ".compareTo(quantity('256Mi')) <= 0)",
            "say a size from 1Ki to 256Mi, such as 16Mi",
        ),
        Effect.NOTHING,
    ] = "16Mi"
    """Largest request body on the paths that a surrogate may answer; it is read into
    memory. Other paths stream through, under the teacher's own limit."""
    concurrent_requests: Annotated[int, Field(ge=1, le=100_000), Effect.NOTHING] = 1000
    """Requests that one pod has under way at the same time."""
