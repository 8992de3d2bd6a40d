"""Lines about what is going on, each with the seconds since the start."""

import sys
import time

STARTED = time.monotonic()


def say(message: str) -> None:
    """Print one line of progress to standard error."""
    seconds = time.monotonic() - STARTED
    print(f"[{seconds:4.0f}s] {message}", file=sys.stderr, flush=True)
