"""Settings of one installation of the operator: runtime image and default store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

__all__ = ["Installation"]


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings from the chart, read once at the start of the operator."""

    namespace: str
    """The watched namespace."""
    runtime_image: str
    """Image of data-plane pods and training Jobs, by digest."""
    store_url_base: str
    """Store of routers that name none: ``s3://BUCKET[/PREFIX]``."""
    store_endpoint: str | None = None
    """Endpoint of the default store."""
    store_region: str = "us-east-1"
    """Region of the default store."""
    store_secret: str | None = None
    """Secret with access-key-id and secret-access-key of the default store."""
    core_hour: Decimal = Decimal(0)
    """Price of one CPU core for one hour, to compute savings."""
    spans: str | None = None
    """OTLP/HTTP endpoint for the OpenTelemetry spans of data-plane pods."""
    gib_hour: Decimal = Decimal(0)
    """Price of one GiB of memory for one hour."""
    resources: Mapping[str, Any] = field(default_factory=dict)
    """Default CPU and memory of data-plane pods, in the format of a container."""
    training_resources: Mapping[str, Any] = field(default_factory=dict)
    """Default CPU and memory of training pods, in the format of a container."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the installation that the environment from the chart defines.

        Raises:
            KeyError: A required variable is missing.
        """
        return cls(
            namespace=environment["TRACER_NAMESPACE"],
            runtime_image=environment["TRACER_RUNTIME_IMAGE"],
            store_url_base=environment["TRACER_STORE_URL_BASE"].rstrip("/"),
            store_endpoint=environment.get("TRACER_STORE_ENDPOINT") or None,
            store_region=environment.get("TRACER_STORE_REGION") or "us-east-1",
            store_secret=environment.get("TRACER_STORE_SECRET") or None,
            spans=environment.get("TRACER_SPANS") or None,
            core_hour=Decimal(environment.get("TRACER_PRICE_CORE_HOUR") or 0),
            gib_hour=Decimal(environment.get("TRACER_PRICE_GIB_HOUR") or 0),
            resources=json.loads(environment.get("TRACER_POD_RESOURCES") or "{}"),
            training_resources=json.loads(
                environment.get("TRACER_TRAINING_RESOURCES") or "{}"
            ),
        )
