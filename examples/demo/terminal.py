"""Output lines with the time since the start of `make`."""

import os
import sys
import time

__all__ = ["DemoFailed", "elapsed_seconds", "log"]

_STARTED = float(os.environ.get("TRACER_STARTED") or time.time())


class DemoFailed(Exception):  # noqa: N818 - an outcome of the program
    """A step failed; the message names it and the last observed state."""


def elapsed_seconds() -> int:
    """Return the whole seconds since the start."""
    return int(time.time() - _STARTED)


def log(message: str) -> None:
    """Print one line with the time since the start."""
    minutes, seconds = divmod(elapsed_seconds(), 60)
    sys.stdout.write(f"[{minutes:02d}:{seconds:02d}] {message}\n")
    sys.stdout.flush()
