"""The environment of data-plane pods and training Jobs: names and their meaning.

The operator and `tracer-router serve` write these variables, the runtime reads them;
nothing else configures it.
"""

from enum import StrEnum
from typing import Final

__all__ = [
    "ACCEPTANCE_SECONDS",
    "ACCESS",
    "ATTEMPT_FILE",
    "AUDITS_PER_HOUR",
    "BENTO_DIGEST",
    "BENTO_KEY",
    "BUNDLE_DIGEST",
    "CACHE_ENTRIES",
    "CACHE_SECONDS",
    "CALLER_HEADER",
    "CAPTURE",
    "CLIENT_KEYS",
    "COMPLETION_INDEX",
    "EMBEDDER_FOLDER",
    "EMBEDDINGS_KEY_FILE",
    "EMBEDDINGS_PRICE",
    "ENDPOINTS",
    "FINAL_SCRAPE_TIMEOUT_SECONDS",
    "HOST",
    "INTERNAL_PORT",
    "POD_NAME",
    "POLICY_FILE",
    "PRICES",
    "PROTOCOL",
    "REDACTION",
    "REQUESTS_AT_ONCE",
    "REQUEST_BYTES",
    "RETENTION_SECONDS",
    "REVISION",
    "SCHEDULER",
    "SESSION_HEADER",
    "SHUTDOWN_DELAY_SECONDS",
    "SPOOL",
    "STORE_CREDENTIALS",
    "STORE_ENDPOINT",
    "STORE_REGION",
    "STORE_URL",
    "TASKS_IGNORE",
    "TASKS_LIMIT",
    "TASK_HEADER",
    "TEACHER_AUTHORITIES",
    "TEACHER_HTTP",
    "TEACHER_IDENTITY",
    "TEACHER_KEY_FILE",
    "TEACHER_PROXY",
    "TEACHER_URL",
    "TRAFFIC_PORT",
    "WORKERS",
    "HttpVersion",
]


class HttpVersion(StrEnum):
    """How HTTP is spoken to the teacher."""

    HTTP1 = "HTTP1"
    """HTTP/1.1: a connection for each call under way."""
    HTTP2 = "HTTP2"
    """HTTP/2: many calls on one connection; where an https teacher has none, HTTP1."""


TEACHER_URL: Final = "TRACER_TEACHER_URL"
"""Base URL of the teacher, with its /v1."""
PROTOCOL: Final = "TRACER_PROTOCOL"
"""What the teacher speaks: OpenAI, Anthropic or HTTP."""
ENDPOINTS: Final = "TRACER_ENDPOINTS"
"""JSON list of {path, input, label} of a teacher that speaks HTTP."""
TASKS_IGNORE: Final = "TRACER_TASKS_IGNORE"
"""JSON list of request fields that do not define a question."""
TASKS_LIMIT: Final = "TRACER_TASKS_LIMIT"
"""Tasks that are told apart."""
TEACHER_IDENTITY: Final = "TRACER_TEACHER_IDENTITY"
"""Which teacher it is, as fingerprints say it; absent: model names say enough."""
TEACHER_KEY_FILE: Final = "TRACER_TEACHER_KEY_FILE"
"""File with the teacher's key; read again when it changes. Absent: pass-through."""
TEACHER_AUTHORITIES: Final = "TRACER_TEACHER_AUTHORITIES"
"""PEM file of certificates by which the teacher is believed, beside the usual ones."""
TEACHER_HTTP: Final = "TRACER_TEACHER_HTTP"
"""HTTP1 or HTTP2; absent: HTTP1."""
TEACHER_PROXY: Final = "TRACER_TEACHER_PROXY"
"""URL of the proxy to the teacher; absent: as HTTP_PROXY and its like say."""
ACCESS: Final = "TRACER_ACCESS"
"""PassThrough, ClientKeys, GatewayHeader or Open."""
ACCEPTANCE_SECONDS: Final = "TRACER_ACCEPTANCE_SECONDS"
"""How long the teacher's acceptance of a client's key counts, with PassThrough."""
CLIENT_KEYS: Final = "TRACER_CLIENT_KEYS"
"""Folder of the clients' keys, with ClientKeys; read again when it changes."""
CALLER_HEADER: Final = "TRACER_CALLER_HEADER"
"""Header in which a gateway names the caller, with GatewayHeader."""
REDACTION: Final = "TRACER_REDACTION"
"""JSON document of the redactor and the user's patterns."""
CAPTURE: Final = "TRACER_CAPTURE"
"""Disabled: no trace is kept."""
RETENTION_SECONDS: Final = "TRACER_RETENTION_SECONDS"
"""How old a trace may become, for the upkeep of the store."""
AUDITS_PER_HOUR: Final = "TRACER_AUDITS_PER_HOUR"
"""Audits that one pod pays for in an hour at most; absent: no limit."""
CACHE_ENTRIES: Final = "TRACER_CACHE_ENTRIES"
"""Answers that one pod keeps for exact repeats."""
CACHE_SECONDS: Final = "TRACER_CACHE_SECONDS"
"""How long an answer is given again; absent: never."""
REQUEST_BYTES: Final = "TRACER_REQUEST_BYTES"
"""Largest request body that is read into memory."""
REQUESTS_AT_ONCE: Final = "TRACER_REQUESTS_AT_ONCE"
"""Requests that one pod has under way at most."""
PRICES: Final = "TRACER_PRICES"
"""JSON list of {model, inputPerMillionTokens, outputPerMillionTokens} as strings."""
REVISION: Final = "TRACER_REVISION"
"""Number of the revision."""
BUNDLE_DIGEST: Final = "TRACER_BUNDLE_DIGEST"
"""Digest of the bundle; absent for revision 0."""
BENTO_DIGEST: Final = "TRACER_BENTO_DIGEST"
"""Digest of the exported Bento archive; absent for revision 0."""
BENTO_KEY: Final = "TRACER_BENTO_KEY"
"""Key of the archive below the prefix; absent for revision 0."""
STORE_URL: Final = "TRACER_STORE_URL"
"""s3://BUCKET/PREFIX or file:///FOLDER of this router."""
STORE_ENDPOINT: Final = "TRACER_STORE_ENDPOINT"
"""Endpoint of an S3 server that is not AWS."""
STORE_REGION: Final = "TRACER_STORE_REGION"
"""Region of the bucket."""
STORE_CREDENTIALS: Final = "TRACER_STORE_CREDENTIALS"
"""Folder with the files access-key-id and secret-access-key."""
POLICY_FILE: Final = "TRACER_POLICY_FILE"
"""The policy document as mounted from its ConfigMap."""
SPOOL: Final = "TRACER_SPOOL"
"""Local folder of the write-ahead segments."""
POD_NAME: Final = "TRACER_POD_NAME"
"""Name of the pod, for segment names and logs."""
SESSION_HEADER: Final = "TRACER_SESSION_HEADER"
"""Header that names a client's session."""
TASK_HEADER: Final = "TRACER_TASK_HEADER"
"""Header by which a client may name its task."""
ATTEMPT_FILE: Final = "TRACER_ATTEMPT_FILE"
"""The attempt request as mounted from its ConfigMap."""
SCHEDULER: Final = "TRACER_SCHEDULER"
"""tcp://HOST:PORT of the attempt's Dask scheduler; only its own pods reach it."""
WORKERS: Final = "TRACER_WORKERS"
"""How many workers an attempt on many pods has, beside its driver."""
COMPLETION_INDEX: Final = "JOB_COMPLETION_INDEX"
"""Which pod of an Indexed Job it is, from 0. Set by Kubernetes."""
EMBEDDINGS_KEY_FILE: Final = "TRACER_EMBEDDINGS_KEY_FILE"
"""File with the key of the embeddings endpoint; read at each call. Absent: no key."""
EMBEDDINGS_PRICE: Final = "TRACER_EMBEDDINGS_PRICE"
"""Price of a million tokens of the embeddings endpoint; absent: nothing is counted."""
EMBEDDER_FOLDER: Final = "TRACER_EMBEDDER_FOLDER"
"""Folder of the ONNX encoder that an attempt may use, as mounted from its volume."""
HOST: Final = "TRACER_HOST"
"""Address to listen on; absent: every interface. Never set by the operator."""
TRAFFIC_PORT: Final = "TRACER_TRAFFIC_PORT"
"""Port of clients' requests. Never set by the operator."""
INTERNAL_PORT: Final = "TRACER_INTERNAL_PORT"
"""Port of evidence, policy, health and metrics. Never set by the operator."""
SHUTDOWN_DELAY_SECONDS: Final = "TRACER_SHUTDOWN_DELAY_SECONDS"
"""How long requests are still taken after SIGTERM. Never set by the operator."""
FINAL_SCRAPE_TIMEOUT_SECONDS: Final = "TRACER_FINAL_SCRAPE_TIMEOUT_SECONDS"
"""How long the last counts wait to be read. Never set by the operator."""
