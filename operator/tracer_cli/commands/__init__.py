"""The commands: each is a function of its arguments to an exit code."""
