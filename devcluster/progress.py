"""Progress messages with the time since the start."""

import os
import sys
import time

STARTED = float(os.environ.get("TRACER_STARTED") or time.time())
"""Start time of `make`, if this process was started by it."""


def say(message: str) -> None:
    """Print a progress message to standard error."""
    minutes, seconds = divmod(int(time.time() - STARTED), 60)
    print(f"[{minutes:02d}:{seconds:02d}] {message}", file=sys.stderr, flush=True)
