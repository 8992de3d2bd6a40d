"""Lines for people, each with the time since `make` began."""

import os
import sys
import time

__all__ = ["DemoFailed", "elapsed_seconds", "say"]

_STARTED = float(os.environ.get("TRACER_STARTED") or time.time())


class DemoFailed(Exception):  # noqa: N818 - the outcome that people are told
    """A step did not happen; says which and what was seen last."""


def elapsed_seconds() -> int:
    """Give the whole seconds since the start."""
    return int(time.time() - _STARTED)


def say(message: str) -> None:
    """Print one line."""
    minutes, seconds = divmod(elapsed_seconds(), 60)
    sys.stdout.write(f"[{minutes:02d}:{seconds:02d}] {message}\n")
    sys.stdout.flush()
