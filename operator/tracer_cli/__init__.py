"""The command line: `tracer-router`, and `kubectl tracer`."""

from tracer_cli.app import main

__all__ = ["main"]
