"""The ConfigMap that stores the policy document for restarts."""

from tracer_core.contracts.policy import PolicyDocument
from tracer_router.api import TracerRouter
from tracer_router.resources.data_plane import policy_name
from tracer_router.resources.manifest import Manifest, child, labels

__all__ = ["build_policy_map"]


def build_policy_map(router: TracerRouter, policy: PolicyDocument) -> Manifest:
    """Return the ConfigMap; running pods receive the same document over HTTP."""
    return child(
        router,
        ("v1", "ConfigMap"),
        policy_name(router),
        labels(router, "policy"),
        data={"policy.json": policy.to_json().decode()},
    )
