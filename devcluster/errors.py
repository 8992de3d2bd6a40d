"""The exception tree.

DevclusterError            an error that the user can fix; printed without a traceback
├── PrerequisiteMissing    a prerequisite is missing and could not be installed
├── CommandFailed          a program failed
├── DockerfileError        a Dockerfile instruction is invalid or not supported
└── ClusterNotRunning      the command requires a running cluster
"""


class DevclusterError(Exception):
    """An error that the user can fix."""


class PrerequisiteMissing(DevclusterError):  # noqa: N818 - named as the fact
    """A prerequisite is missing and could not be installed."""


class CommandFailed(DevclusterError):  # noqa: N818 - named as the fact
    """A program failed."""


class DockerfileError(DevclusterError):
    """A Dockerfile instruction is invalid or not supported."""


class ClusterNotRunning(DevclusterError):  # noqa: N818 - named as the fact
    """The command requires a running cluster."""
