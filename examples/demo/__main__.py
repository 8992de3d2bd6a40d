"""``python -m examples.demo``: exit 0 only when all of it happened."""

import asyncio
import sys

from examples.demo.story import tell
from examples.demo.terminal import DemoFailed, say


def main() -> int:
    """Run the demonstration and give the exit code."""
    try:
        asyncio.run(tell())
    except DemoFailed as failed:
        say(f"FAILED: {failed}")
        return 1
    except KeyboardInterrupt:
        say("stopped by hand")
        return 130
    say("all of it happened")
    return 0


if __name__ == "__main__":
    sys.exit(main())
