"""What one installation of the operator knows: its image and its default store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

__all__ = ["Installation"]


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings from the chart, read once at the operator's start."""

    namespace: str
    """The namespace that is watched."""
    runtime_image: str
    """Image of data-plane pods and training Jobs, by digest."""
    store_url_base: str
    """Where routers that name no store keep theirs: ``s3://BUCKET[/PREFIX]``."""
    store_endpoint: str | None = None
    """Endpoint of the default store."""
    store_region: str = "us-east-1"
    """Region of the default store."""
    store_secret: str | None = None
    """Secret with access-key-id and secret-access-key of the default store."""
    core_hour: Decimal = Decimal(0)
    """Price of a CPU core for an hour, for the savings meter."""
    spans: str | None = None
    """Where data-plane pods send OpenTelemetry spans: an OTLP/HTTP endpoint."""
    gib_hour: Decimal = Decimal(0)
    """Price of a GiB of memory for an hour."""
    resources: Mapping[str, Any] = field(default_factory=dict)
    """CPU and memory of data-plane pods whose router says none, as a container has
    them."""
    training_resources: Mapping[str, Any] = field(default_factory=dict)
    """The same of the pods of attempts."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the installation from the environment that the chart writes.

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
