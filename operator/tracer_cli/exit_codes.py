"""The exit codes of the command line."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """The result of a command for the shell."""

    SUCCESS = 0
    """The command did what was requested."""
    FAILURE = 1
    """Another failure, such as a store or a cluster that cannot be reached."""
    USAGE = 2
    """A wrong call, or an input that cannot be used."""
    REFUSED = 3
    """The command completed and refuses the result; the output states the reason."""
