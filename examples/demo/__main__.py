"""``python -m examples.demo``: exits with 0 only if every step succeeded."""

import asyncio
import sys

from examples.demo.story import run_demo
from examples.demo.terminal import DemoFailed, log


def main() -> int:
    """Run the demonstration and return the exit code."""
    try:
        asyncio.run(run_demo())
    except DemoFailed as error:
        log(f"FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        log("interrupted")
        return 130
    log("demonstration succeeded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
