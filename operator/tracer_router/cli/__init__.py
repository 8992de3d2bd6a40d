"""The command line: `tracer-router`, and `kubectl tracer`."""

from tracer_router.cli.app import main

__all__ = ["main"]
