"""Which errors are failures of a computation, and which must not be caught."""

from typing import Final

__all__ = ["is_recoverable"]

_PANIC: Final = "PanicException"


def is_recoverable(error: BaseException) -> bool:
    """Return whether a computation failed, and was not canceled or interrupted.

    A panic of a library in Rust raises a class that does not inherit from `Exception`.
    The class cannot be imported without the library, so its name identifies it.
    """
    return isinstance(error, Exception) or type(error).__name__ == _PANIC
