"""What counts as a failure of a computation, and what must not be caught."""

from typing import Final

__all__ = ["is_recoverable"]

_PANIC: Final = "PanicException"


def is_recoverable(error: BaseException) -> bool:
    """Tell whether a computation failed, rather than was told to stop.

    A library written in Rust that gives up raises what is no `Exception`; its class can
    only be had from the library, so it is known by its name.
    """
    return isinstance(error, Exception) or type(error).__name__ == _PANIC
