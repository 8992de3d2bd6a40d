"""Complete manifests of both kinds; a test changes the field that it checks."""

from typing import Any

__all__ = ["revision_manifest", "router_manifest", "with_field"]

Manifest = dict[str, Any]


def router_manifest(name: str = "tickets", **spec: Any) -> Manifest:
    """Return a router with every field set; keywords replace sections, None removes."""
    full = {
        "teacher": {
            "url": "https://api.example.com/v1",
            "protocol": "OpenAI",
            "apiKey": {"secretName": "llm", "key": "api-key"},
            "caBundle": {"configMapName": "corporate-ca", "key": "ca.crt"},
            "proxy": "http://proxy.example.com:3128",
            "prices": [
                {
                    "model": "large",
                    "inputPerMillionTokens": "2.50",
                    "outputPerMillionTokens": "10.00",
                }
            ],
        },
        "parity": {"target": "95%", "confidence": "95%", "margin": "1%"},
        "access": {"mode": "Open"},
        "cache": {"ttl": "5m", "entries": 100},
        "limits": {"requestSize": "8Mi", "concurrentRequests": 500},
        "tasks": {
            "header": "x-tracer-task",
            "session": {"header": "x-session-id"},
            "ignore": ["temperature"],
            "limit": 32,
        },
        "traces": {
            "retention": "30d",
            "capture": "Redacted",
            "redactor": "standard",
            "redact": [{"name": "ticket", "pattern": "T-[0-9]{4,9}"}],
            "store": {
                "s3": {
                    "bucket": "traces",
                    "endpoint": "http://s3.infra:7070",
                    "region": "eu-central-1",
                    "prefix": "team/tickets",
                    "credentials": {"secretName": "bucket"},
                }
            },
        },
        "training": {
            "minimumTraces": 1000,
            "growth": "50%",
            "maxAge": "30d",
            "budget": 12,
            "engine": "Dask",
            "workers": 4,
            "resources": {"requests": {"cpu": 2}, "limits": {"memory": "4Gi"}},
        },
        "surrogate": {
            "embedder": {
                "endpoint": {
                    "url": "https://embed.example.com/v1",
                    "model": "small",
                    "apiKey": {"secretName": "embeddings", "key": "api-key"},
                    "pricePerMillionTokens": "0.02",
                }
            }
        },
        "rollout": {
            "steps": ["5%", "25%", "100%"],
            "period": "24h",
            "maxDuration": "7d",
            "onInconclusive": "Hold",
            "promotion": "Automatic",
            "soak": "1h",
        },
        "audit": {
            "mode": "Fixed",
            "detect": {"loss": "5%", "within": "24h"},
            "live": "2%",
            "canary": "100%",
            "perHour": 600,
        },
        "traffic": {
            "gateway": {"name": "gw", "namespace": "infra", "sectionName": "http"},
            "hostnames": ["llm.example.com", "*.example.org"],
            "pathPrefix": "/llm",
            "split": "Gateway",
        },
        "replicas": 3,
        "resources": {"requests": {"cpu": "250m"}, "limits": {"cpu": 1}},
        "historyLimit": 5,
        "suspend": False,
    }
    return {
        "apiVersion": "tracerml.ai/v1alpha1",
        "kind": "TracerRouter",
        "metadata": {"name": name},
        "spec": _without_none(full | spec),
    }


def revision_manifest(name: str = "tickets-r1", **spec: Any) -> Manifest:
    """Return a revision with an attempt; keywords replace fields, None removes."""
    full = {
        "router": "tickets",
        "revision": 1,
        "attempt": {
            "until": "2026-11-24T10:00:00Z",
            "rowSet": "sha256:00",
            "seed": 7,
            "minimum": 1000,
            "target": "95%",
            "confidence": "95%",
        },
        "image": "runtime@sha256:00",
        "teacher": "https://api.example.com/v1 OpenAI",
    }
    return {
        "apiVersion": "tracerml.ai/v1alpha1",
        "kind": "TracerRevision",
        "metadata": {"name": name},
        "spec": _without_none(full | spec),
    }


def with_field(manifest: Manifest, path: str, value: Any) -> Manifest:
    """Return the manifest with one field set by its dotted path; None removes it."""
    head, _, rest = path.partition(".")
    changed = dict(manifest)
    if rest:
        changed[head] = with_field(changed.get(head, {}), rest, value)
    elif value is None:
        changed.pop(head, None)
    else:
        changed[head] = value
    return changed


def _without_none(spec: Manifest) -> Manifest:
    return {name: value for name, value in spec.items() if value is not None}
