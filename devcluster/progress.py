"""Lines about what is going on, each with the time since the start."""

import os
import sys
import time

STARTED = float(os.environ.get("TRACER_STARTED") or time.time())
"""The start of the whole `make`, when that is what runs us."""


def say(message: str) -> None:
    """Print one line of progress to standard error."""
    minutes, seconds = divmod(int(time.time() - STARTED), 60)
    print(f"[{minutes:02d}:{seconds:02d}] {message}", file=sys.stderr, flush=True)
