"""The command line: `tracer-router`, and `kubectl tracer` as a kubectl plugin."""

from tracer_cli.app import main

__all__ = ["main"]
