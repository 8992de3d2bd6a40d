"""Parts of the data plane that some verbs run on this machine, where installed."""

import importlib
from typing import Any

from tracer_core.errors import SpecError

__all__ = ["import_optional"]


def import_optional(module: str, extra: str) -> Any:
    """Give a module that needs an extra of the distribution.

    Raises:
        SpecError: The extra is not installed; says which.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SpecError(
            f"this verb needs the extra: pip install 'tracer-router[{extra}]' ({error})"
        ) from None
