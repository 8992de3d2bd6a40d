"""Names that the operator, the data plane and the chart agree on."""

from typing import Final

__all__ = [
    "API_VERSION",
    "FIELD_MANAGER",
    "GROUP",
    "INTERNAL_PORT",
    "OTHER_TASK",
    "SCHEDULER_PORT",
    "TRAFFIC_PORT",
    "UNNAMED_TASK",
    "VERSION",
]

GROUP: Final = "tracerml.ai"
"""The API group of both kinds, and the prefix of our labels and annotations."""

VERSION: Final = "v1alpha1"
"""The served version of the API."""

API_VERSION: Final = f"{GROUP}/{VERSION}"
"""Group and version as manifests write them."""

FIELD_MANAGER: Final = "tracer-operator"
"""The one field manager of everything that the operator applies."""

TRAFFIC_PORT: Final = 8080
"""Where a data-plane pod takes clients' requests."""

INTERNAL_PORT: Final = 8081
"""Where a data-plane pod serves evidence, policy, health and metrics."""

SCHEDULER_PORT: Final = 8786
"""Where index 0 of an attempt on many pods takes its workers; Dask's usual port."""

OTHER_TASK: Final = "other"
"""The bucket of tasks beyond the limit; never answered by a surrogate."""

UNNAMED_TASK: Final = "unnamed"
"""The task of traces that name none; no request is ever known to be of it."""
