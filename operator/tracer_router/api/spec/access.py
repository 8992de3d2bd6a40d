"""The `access` section: which clients can call a router."""

from typing import Annotated, ClassVar

from tracer_core.contracts.access import AccessMode
from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration, DurationRange
from tracer_router.api.field_types.string_types import HeaderName, SecretName

__all__ = ["Access", "AccessMode", "ClientKeys", "GatewayHeader", "PassThrough"]


class PassThrough(ApiModel):
    """Settings of mode `PassThrough`."""

    lifetime: Annotated[
        Duration, DurationRange("10s", "24h", "10m"), Effect.NOTHING
    ] = Duration("10m")
    """How long a client key stays accepted after the teacher last answered a request
    with this key for the same model. During this time, the surrogate can answer the
    key. A status 401 from the teacher ends it immediately. Must be between 10s and 24h.
    Defaults to 10m."""


class ClientKeys(ApiModel):
    """Settings of mode `ClientKeys`."""

    secret_name: Annotated[SecretName, Effect.NOTHING]
    """Name of a Secret in the same namespace with one entry for each client: the name
    of the client and its key, or several keys, one per line. The pods apply a change of
    the Secret without a restart."""


class GatewayHeader(ApiModel):
    """Settings of mode `GatewayHeader`."""

    name: Annotated[HeaderName, Effect.NOTHING]
    """Name of the header in which the gateway identifies the caller. The gateway must
    remove this header from client requests, and a NetworkPolicy must allow only the
    gateway to reach the pods. A request that contains the header twice is rejected."""


class Access(ApiModel):
    """Authentication of clients.

    A request that is not authenticated gets status 401 on every path.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(self.mode == 'ClientKeys') == has(self.clientKeys)",
            "access.clientKeys is required if access.mode is ClientKeys, and not"
            " allowed otherwise; for example mode: ClientKeys with"
            " clientKeys.secretName: callers",
            ".clientKeys",
        ),
        Rule(
            "(self.mode == 'GatewayHeader') == has(self.gatewayHeader)",
            "access.gatewayHeader is required if access.mode is GatewayHeader, and not"
            " allowed otherwise; for example mode: GatewayHeader with"
            " gatewayHeader.name: x-caller",
            ".gatewayHeader",
        ),
        Rule(
            "self.mode == 'PassThrough' || !has(self.passThrough)",
            "access.passThrough is not allowed unless access.mode is PassThrough;"
            " remove it, or set access.mode to PassThrough",
            ".passThrough",
        ),
    )

    mode: Annotated[AccessMode, Effect.NOTHING] = AccessMode.PASS_THROUGH
    """How clients are authenticated. `PassThrough`: the client's own key is forwarded
    to the teacher, which authenticates it. `ClientKeys`: the client must present a key
    of the Secret in `clientKeys`. `GatewayHeader`: the gateway identifies the caller in
    the header in `gatewayHeader`. `Open`: everyone who can reach the pods can call.
    Must not be `PassThrough` if `spec.teacher.apiKey` is set. Defaults to
    `PassThrough`."""
    pass_through: PassThrough | None = None
    """Settings of mode `PassThrough`. Not allowed with another mode. If not set, the
    defaults of its fields apply."""
    client_keys: ClientKeys | None = None
    """Settings of mode `ClientKeys`. Required with this mode, and not allowed with
    another mode."""
    gateway_header: GatewayHeader | None = None
    """Settings of mode `GatewayHeader`. Required with this mode, and not allowed with
    another mode."""
