"""What can go wrong, and what each branch means for retry.

::

    TracerRouterError
    ├── SpecError         the user must edit the object: Stalled, no retry
    ├── RetryLater        the world is not ready: Reconciling, look again
    ├── ClusterError      the API server said no
    │   ├── Conflict      someone else changed it: observe again at once
    │   ├── Forbidden     our access is too small: Stalled, long delay
    │   ├── NotFound      the object or its kind is absent
    │   ├── Invalid       the API server refused the document: a defect or a version gap
    │   └── Unavailable   timeouts and 5xx: back off
    ├── DocumentError     a document exchanged is malformed or of another version
    ├── EmbeddingsError   an endpoint gave no embedding: later it may
    ├── EngineError       the workers of an attempt are gone: a retry begins anew
    ├── InputError        a person handed in what cannot be used: exit code 2
    └── StoreError        the trace store cannot be read or written
"""

__all__ = [
    "ClusterError",
    "Conflict",
    "DocumentError",
    "EmbeddingsError",
    "EngineError",
    "Forbidden",
    "InputError",
    "Invalid",
    "NotFound",
    "RetryLater",
    "SpecError",
    "StoreError",
    "TracerRouterError",
    "Unavailable",
]


class TracerRouterError(Exception):
    """The root of every error that is ours."""


class SpecError(TracerRouterError):
    """The object or its cluster must be changed before this can succeed.

    Args:
        message: What is wrong, which object or setting is affected, and what to do.
        reason: Reason of the condition that reports the error, in CamelCase.
    """

    def __init__(self, message: str, reason: str = "InvalidSpec") -> None:
        super().__init__(message)
        self.reason = reason


class RetryLater(TracerRouterError):  # noqa: N818 - expected, not an error
    """Something needed is not ready; looking again later may find it so."""


class ClusterError(TracerRouterError):
    """The Kubernetes API refused or failed."""


class Conflict(ClusterError):  # noqa: N818 - named as the API names it
    """Another writer owns the object or changed it in between."""


class Forbidden(ClusterError):  # noqa: N818 - named as the API names it
    """The operator's role lacks a verb."""


class NotFound(ClusterError):  # noqa: N818 - named as the API names it
    """The object, or its kind, does not exist."""


class Invalid(ClusterError):  # noqa: N818 - named as the API names it
    """The API server refused the document as written."""


class Unavailable(ClusterError):  # noqa: N818 - named as the API names it
    """The API server did not answer, or answered with a fault of its own."""


class DocumentError(TracerRouterError):
    """A document that two parts exchange cannot be understood."""


class EmbeddingsError(TracerRouterError):
    """An embeddings endpoint gave no usable answer; a later call may have one."""


class EngineError(TracerRouterError):
    """Nobody is left to compute the pieces of an attempt."""


class InputError(TracerRouterError):
    """What was handed to a verb cannot be used; says which file and line."""


class StoreError(TracerRouterError):
    """The trace store did not do what was asked."""
