"""Names that the operator, the data plane, and the chart share."""

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
"""The API group of both kinds, and the prefix of labels and annotations."""

VERSION: Final = "v1alpha1"
"""The served version of the API."""

API_VERSION: Final = f"{GROUP}/{VERSION}"
"""Group and version, as in manifests."""

FIELD_MANAGER: Final = "tracer-operator"
"""The field manager of all objects that the operator applies."""

TRAFFIC_PORT: Final = 8080
"""Port of client requests in a data-plane pod."""

INTERNAL_PORT: Final = 8081
"""Port of evidence, policy, health, and metrics in a data-plane pod."""

SCHEDULER_PORT: Final = 8786
"""Port of the Dask scheduler in pod 0 of a distributed attempt; the default of Dask."""

OTHER_TASK: Final = "other"
"""Name of all tasks beyond the limit together; a surrogate never answers them."""

UNNAMED_TASK: Final = "unnamed"
"""The task of traces without a task; no request is ever assigned to it."""
