"""Embeddings from an OpenAI-compatible endpoint that the user names.

This is the only encoder that uses the network. It is used only if the user names an
endpoint.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.allowed_hosts import ALLOWED_HOSTS, is_host_allowed
from tracer_bentos.surrogate.base.ngrams import MAX_CHARACTERS
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.surrogate.encoders.endpoint_client import (
    EndpointCircuitBreaker,
    HttpPostError,
    TokenCounter,
    measure_endpoint_wait,
    post_json,
)
from tracer_core.contracts.runtime import EMBEDDINGS_KEY_FILE
from tracer_core.errors import EmbeddingsError

__all__ = ["EndpointEncoder"]

_TRAINING_TIMEOUT_SECONDS: Final = 10.0
"""Timeout of a request while no client waits."""
_SERVING_TIMEOUT_SECONDS: Final = 2.0
"""Timeout of a request while a client waits. The data plane forwards the client's
request to the teacher earlier, after half a second."""
_MAX_BATCH: Final = 64
"""Texts in one request."""
_RETRY_DELAYS = (0.5, 2.0, 8.0, 30.0, 60.0)
"""Seconds before each retry of a request of a training run; many endpoints limit the
rate by the minute."""
_REQUEST_ERRORS: Final = (HttpPostError, ValueError, LookupError, TypeError)
"""No connection, an incomplete response, or a response in another format."""


@dataclass(frozen=True, slots=True)
class EndpointEncoder:
    """Requests the embedding of each text from `URL/embeddings`."""

    url: str
    """Base URL, including its /v1."""
    model: str
    """The embedding model."""
    retries: bool = False
    """Whether a request for a single text is retried, too. Set it in training: no
    client waits, and a single failed request would end the attempt."""
    token_counter: TokenCounter = field(
        default_factory=TokenCounter, compare=False, repr=False
    )
    """Counts the tokens that the endpoint reports."""
    circuit_breaker: EndpointCircuitBreaker = field(
        default_factory=EndpointCircuitBreaker, compare=False, repr=False
    )
    """Stops requests while the endpoint fails."""

    kind = "endpoint"
    costly = True
    remote = True
    deterministic = False
    vector_length = None
    max_characters = MAX_CHARACTERS
    max_tokens = None

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed to build the encoder again; never the key."""
        return {"url": self.url, "model": self.model}

    @property
    def tokens_used(self) -> int:
        """Tokens that the endpoint reported to this process."""
        return self.token_counter.tokens

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Return the embedding of a text; without a retry unless `retries` is set.

        Raises:
            EmbeddingsError: The endpoint returned no embedding; names the endpoint and
                the cause.
        """
        if self.retries:
            return np.asarray(self.encode_batch([sample])[0])
        if not self.circuit_breaker.allows_request():
            raise EmbeddingsError(
                f"no embedding from {self.url}: requests are paused after repeated"
                " failures"
            )
        try:
            with measure_endpoint_wait():
                vectors = self._request([sample], (), _SERVING_TIMEOUT_SECONDS)
        except EmbeddingsError as error:
            self.circuit_breaker.record_failure(error)
            raise
        self.circuit_breaker.record_success()
        return np.asarray(vectors[0])

    def encode_batch(self, samples: Sequence[FeatureSample]) -> NDArray[np.float32]:
        """Return the embeddings of texts, many texts in a request, with retries.

        Raises:
            EmbeddingsError: The endpoint returned no embeddings after several retries.
        """
        starts = range(0, len(samples), _MAX_BATCH)
        batches = [samples[start : start + _MAX_BATCH] for start in starts]
        return np.concatenate(
            [self._request(batch, _RETRY_DELAYS) for batch in batches]
        )

    def check(self) -> None:
        """Request one embedding once, with the timeout of training.

        Raises:
            EmbeddingsError: The endpoint returned none.
        """
        self._request([FeatureSample("hello")], ())

    def files(self) -> Mapping[str, bytes]:
        """Return no files: the endpoint has the model."""
        return {}

    def _request(
        self,
        samples: Sequence[FeatureSample],
        delays: Sequence[float],
        timeout: float = _TRAINING_TIMEOUT_SECONDS,
    ) -> NDArray[np.float32]:
        for delay in (*delays, None):
            try:
                return self._request_once(samples, timeout)
            except _REQUEST_ERRORS as error:
                if delay is None or not _is_transient(error):
                    raise self._embeddings_error(error) from error
                time.sleep(delay)
        raise AssertionError  # the last delay is None

    def _request_once(
        self, samples: Sequence[FeatureSample], timeout: float
    ) -> NDArray[np.float32]:
        # Endpoints reject a text that is too long, and an empty one; a space is the
        # shortest text that they accept.
        texts = [sample.text[: self.max_characters] or " " for sample in samples]
        request = {"model": self.model, "input": texts, "encoding_format": "float"}
        address = f"{self.url.rstrip('/')}/embeddings"
        response = json.loads(
            post_json(address, json.dumps(request).encode(), self._headers(), timeout)
        )
        ordered = sorted(response["data"], key=lambda item: int(item["index"]))
        vectors = np.array([item["embedding"] for item in ordered], np.float32)
        if len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ValueError("not one vector of finite numbers for each text")
        self.token_counter.add(_reported_tokens(response))
        return vectors

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        key_file = os.environ.get(EMBEDDINGS_KEY_FILE)
        if key_file:
            headers["authorization"] = f"Bearer {self._read_key(Path(key_file))}"
        return headers

    def _read_key(self, file: Path) -> str:
        server = urlsplit(self.url)
        hosts_file = file.parent / ALLOWED_HOSTS
        try:
            hosts = (
                hosts_file.read_text(encoding="utf-8") if hosts_file.exists() else None
            )
            key = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EmbeddingsError(
                f"cannot read the key of {self.url}: {error.strerror}; create the"
                f" Secret that the router names, with an entry {file.name}"
            ) from error
        if not is_host_allowed(hosts, server.hostname or "", server.port):
            raise EmbeddingsError(
                f"the Secret of the key does not list {server.hostname} in its entry"
                f" {ALLOWED_HOSTS}; add the host, or correct the URL of the endpoint"
            )
        return key

    def _embeddings_error(self, error: Exception) -> EmbeddingsError:
        cause = str(error) if isinstance(error, HttpPostError) else type(error).__name__
        return EmbeddingsError(
            f"no embedding from {self.url}: {cause}; check the endpoint, the model"
            f" {self.model!r} and the key"
        )


def _is_transient(error: Exception) -> bool:
    """Return whether a retry may succeed."""
    if not isinstance(error, HttpPostError):
        return False
    if error.status is None or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return True
    return error.status == HTTPStatus.TOO_MANY_REQUESTS


def _reported_tokens(response: Mapping[str, Any]) -> int:
    """Return the billed tokens; 0 if the endpoint does not report them."""
    usage = response.get("usage") or {}
    tokens = usage.get("total_tokens", usage.get("prompt_tokens", 0))
    return tokens if isinstance(tokens, int) and tokens > 0 else 0
