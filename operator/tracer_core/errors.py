"""The exceptions of the project, and what each one means for a retry.

::

    TracerRouterError
    ├── SpecError         the user must change the object: Stalled, no retry
    ├── RetryLater        a precondition is not met yet: Reconciling, retry
    ├── ClusterError      the API server rejected a call or failed
    │   ├── Conflict      another writer changed the object: retry immediately
    │   ├── Forbidden     the operator lacks a permission: Stalled, long delay
    │   ├── NotFound      the object or its kind does not exist
    │   ├── Invalid       the API server rejected the object: a bug or version skew
    │   └── Unavailable   timeout or 5xx: retry with backoff
    ├── DocumentError     an exchanged document is malformed or has another version
    ├── EmbeddingsError   an embeddings endpoint failed: a later call can succeed
    ├── EngineError       all workers of an attempt are lost: a retry starts again
    ├── InputError        an input of a command cannot be used: exit code 2
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
    """Base class of all exceptions of the project."""


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
    """A precondition is not met yet; a retry can succeed."""


class ClusterError(TracerRouterError):
    """The Kubernetes API rejected a call or failed."""


class Conflict(ClusterError):  # noqa: N818 - named as the API names it
    """Another writer owns the object or changed it concurrently."""


class Forbidden(ClusterError):  # noqa: N818 - named as the API names it
    """The role of the operator does not allow the call."""


class NotFound(ClusterError):  # noqa: N818 - named as the API names it
    """The object, or its kind, does not exist."""


class Invalid(ClusterError):  # noqa: N818 - named as the API names it
    """The API server rejected the object."""


class Unavailable(ClusterError):  # noqa: N818 - named as the API names it
    """The API server did not respond, or responded with an internal error."""


class DocumentError(TracerRouterError):
    """An exchanged document cannot be parsed."""


class EmbeddingsError(TracerRouterError):
    """An embeddings endpoint returned no usable answer; a later call can succeed."""


class EngineError(TracerRouterError):
    """All workers of an attempt are lost."""


class InputError(TracerRouterError):
    """An input of a command cannot be used; the message names file and line."""


class StoreError(TracerRouterError):
    """An operation of the trace store failed."""
