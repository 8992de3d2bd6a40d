"""Environment variables of data-plane, maintenance, and training pods.

The configuration of a router is one document, `tracer_core.contracts.runtime_config`,
in `TRACER_CONFIG`. The other variables are limited to what differs between the pods or
processes of one revision, and to the paths of files that are mounted into a pod.
"""

from enum import StrEnum
from typing import Final

__all__ = [
    "ATTEMPT_FILE",
    "COMPLETION_INDEX",
    "CONFIG",
    "CONFIG_FILE",
    "EMBEDDINGS_KEY_FILE",
    "FINAL_SCRAPE_TIMEOUT_SECONDS",
    "HOST",
    "INTERNAL_PORT",
    "POD_NAME",
    "POLICY_FILE",
    "SHUTDOWN_DELAY_SECONDS",
    "SPOOL",
    "STORE_CREDENTIALS",
    "STORE_ENDPOINT",
    "STORE_REGION",
    "TRAFFIC_PORT",
    "HttpVersion",
]


class HttpVersion(StrEnum):
    """The HTTP version of the connections to the teacher."""

    HTTP1 = "HTTP1"
    """HTTP/1.1: one connection for each call in flight."""
    HTTP2 = "HTTP2"
    """HTTP/2: many calls on one connection; falls back to HTTP1 for an https teacher
    without HTTP/2."""


CONFIG: Final = "TRACER_CONFIG"
"""The runtime configuration as a JSON document."""
CONFIG_FILE: Final = "TRACER_CONFIG_FILE"
"""Path of a file with the runtime configuration, in place of TRACER_CONFIG."""

POD_NAME: Final = "TRACER_POD_NAME"
"""Name of the pod, for segment names and logs; from the downward API."""
POLICY_FILE: Final = "TRACER_POLICY_FILE"
"""The policy document as mounted from its ConfigMap."""
SPOOL: Final = "TRACER_SPOOL"
"""Local folder of the write-ahead segments."""
ATTEMPT_FILE: Final = "TRACER_ATTEMPT_FILE"
"""The attempt request as mounted from its ConfigMap."""
EMBEDDINGS_KEY_FILE: Final = "TRACER_EMBEDDINGS_KEY_FILE"
"""File with the key of the embeddings endpoint, read for each call; no key if not
set."""
COMPLETION_INDEX: Final = "JOB_COMPLETION_INDEX"
"""Index of a pod of an Indexed Job, from 0. Set by Kubernetes."""

HOST: Final = "TRACER_HOST"
"""Address of both listeners; every interface if not set. Not set by the operator."""
TRAFFIC_PORT: Final = "TRACER_TRAFFIC_PORT"
"""Port of client requests. Not set by the operator."""
INTERNAL_PORT: Final = "TRACER_INTERNAL_PORT"
"""Port of evidence, policy, health, and metrics. Not set by the operator."""
SHUTDOWN_DELAY_SECONDS: Final = "TRACER_SHUTDOWN_DELAY_SECONDS"
"""How long requests are still accepted after SIGTERM. Not set by the operator."""
FINAL_SCRAPE_TIMEOUT_SECONDS: Final = "TRACER_FINAL_SCRAPE_TIMEOUT_SECONDS"
"""How long a process waits for the last scrape of its counters. Not set by the
operator."""

STORE_ENDPOINT: Final = "TRACER_STORE_ENDPOINT"
"""URL of an S3 server other than AWS, for a store that a command-line option names."""
STORE_REGION: Final = "TRACER_STORE_REGION"
"""Region of the bucket, for a store that a command-line option names."""
STORE_CREDENTIALS: Final = "TRACER_STORE_CREDENTIALS"
"""Folder with the files access-key-id and secret-access-key, for a store that a
command-line option names."""
