"""Paths of mounted files and folders in the pods of a router."""

from typing import Final

__all__ = [
    "ATTEMPT",
    "CLIENT_KEYS",
    "EMBEDDER",
    "EMBEDDINGS_KEY",
    "POLICY",
    "SPOOL",
    "STORE_CREDENTIALS",
    "TEACHER_CA",
    "TEACHER_KEY",
]

ATTEMPT: Final = "/var/run/tracer/attempt"
"""Folder of the attempt request."""
CLIENT_KEYS: Final = "/var/run/tracer/clients"
"""Folder of the keys of the clients."""
EMBEDDER: Final = "/var/run/tracer/embedder"
"""Folder of the ONNX encoder."""
EMBEDDINGS_KEY: Final = "/var/run/tracer/embeddings"
"""Folder of the key of the embeddings endpoint."""
POLICY: Final = "/var/run/tracer/policy"
"""Folder of the policy document."""
SPOOL: Final = "/var/spool/tracer"
"""Folder of the write-ahead segments."""
STORE_CREDENTIALS: Final = "/var/run/tracer/store"
"""Folder of the credentials of the trace store."""
TEACHER_CA: Final = "/var/run/tracer/teacher-ca"
"""Folder of additional certificate authorities."""
TEACHER_KEY: Final = "/var/run/tracer/teacher"
"""Folder of the key of the teacher."""
