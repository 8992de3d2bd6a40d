"""The entry point of an attempt on one pod: `python -m tracer_bentos.training`."""

import logging
import sys

from tracer_bentos.training.run.job import run_requested_attempt

__all__ = ["main"]


def main() -> int:
    """Run the attempt of the mounted request and return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    return run_requested_attempt()


if __name__ == "__main__":
    sys.exit(main())
