"""Who may call a router, and how much one pod takes on."""

from enum import StrEnum
from typing import Annotated, ClassVar

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.string_types import HeaderName, SecretName

__all__ = ["Access", "AccessMode", "ClientKeys", "GatewayHeader", "PassThrough"]


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

    lifetime: Annotated[
        Duration, DurationRange("10s", "24h", "10m"), Effect.NOTHING
    ] = Duration("10m")
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
