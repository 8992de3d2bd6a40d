"""Imports of modules that need an extra of the distribution."""

import importlib
from typing import Any

from tracer_core.errors import SpecError

__all__ = ["import_optional"]

_OWN_PACKAGES = frozenset({"tracer_bentos", "tracer_core", "tracer_router"})


def import_optional(module: str, extra: str) -> Any:
    """Return a module that needs an extra of the distribution.

    Raises:
        SpecError: The extra is not installed.
        ImportError: The module itself is defective.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if (error.name or "").partition(".")[0] in _OWN_PACKAGES:
            raise
        raise SpecError(
            f"this command needs an extra: {error}; run"
            f" pip install 'tracer-router[{extra}]'"
        ) from None
