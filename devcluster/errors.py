"""The exception tree.

DevclusterError            something a person can act on; printed without a traceback
├── PrerequisiteMissing    the machine lacks something that could not be installed
├── CommandFailed          a program that was started ended badly
├── DockerfileError        an instruction that the assembler does not carry out
└── ClusterNotRunning      the verb needs a cluster that is up
"""


class DevclusterError(Exception):
    """Something a person can act on."""


class PrerequisiteMissing(DevclusterError):  # noqa: N818 - named as the fact
    """The machine lacks something that could not be installed."""


class CommandFailed(DevclusterError):  # noqa: N818 - named as the fact
    """A program that was started ended badly."""


class DockerfileError(DevclusterError):
    """An instruction that the assembler does not carry out."""


class ClusterNotRunning(DevclusterError):  # noqa: N818 - named as the fact
    """The verb needs a cluster that is up."""
