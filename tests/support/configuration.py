"""Runtime configurations as a pod reads them."""

from typing import Any

from tracer_core.contracts import runtime
from tracer_core.contracts.runtime_config import (
    RuntimeConfig,
    StoreConfig,
    TracesConfig,
)

__all__ = ["config_of", "configured", "traces_in"]


def configured(**sections: Any) -> dict[str, str]:
    """Return the environment with the configuration of a pod."""
    return {runtime.CONFIG: RuntimeConfig(**sections).to_json().decode()}


def traces_in(url: str) -> TracesConfig:
    """Return the section of traces for a store."""
    return TracesConfig(store=StoreConfig(url=url))


def config_of(container: dict[str, Any]) -> RuntimeConfig:
    """Return the configuration in the environment of a container."""
    (text,) = (
        variable["value"]
        for variable in container["env"]
        if variable["name"] == runtime.CONFIG
    )
    return RuntimeConfig.from_json(text)
