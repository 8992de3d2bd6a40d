"""Embeddings from an OpenAI-compatible endpoint that the user names.

The only encoder that touches the network, and only because it was asked to.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.allowed_hosts import ALLOWED_HOSTS, is_host_allowed
from tracer_bentos.surrogate.base.expert import FeatureSample
from tracer_bentos.surrogate.base.ngrams import MAX_CHARACTERS
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

_TIMEOUT_SECONDS, _HURRIED_SECONDS = 10.0, 2.0
"""Of a call while nobody waits, and while a teacher does; he waits half a second."""
_BATCH = 64
_PAUSES = (0.5, 2.0, 8.0, 30.0, 60.0)
"""Seconds before a failed call of a long run is tried again; many endpoints count what
they answer by the minute."""


_UNUSABLE = (HttpPostError, ValueError, LookupError, TypeError)
"""Not reached, broken off, or answered otherwise than agreed."""


@dataclass(frozen=True, slots=True)
class EndpointEncoder:
    """Asks `URL/embeddings` for the embedding of each text."""

    url: str
    """Base URL, with its /v1."""
    model: str
    """The embedding model."""
    patient: bool = False
    """Whether one text is asked for again, too: nobody waits while an attempt is made,
    and it would be lost by a single failed call."""
    spent: TokenCounter = field(default_factory=TokenCounter, compare=False, repr=False)
    """What has been asked for."""
    rest: EndpointCircuitBreaker = field(
        default_factory=EndpointCircuitBreaker, compare=False, repr=False
    )
    """Whether it is asked at all."""

    kind = "endpoint"

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed to make it anew; never the key."""
        return {"url": self.url, "model": self.model}

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Ask for the embedding of a text; once, if a teacher is waiting.

        Raises:
            EmbeddingsError: The endpoint gave none; says which endpoint and why.
        """
        if self.patient:
            return np.asarray(self._insist([sample], _PAUSES)[0])
        if not self.rest.allows():
            raise EmbeddingsError(f"{self.url} has failed again and again and rests")
        try:
            with measure_endpoint_wait():
                found = self._insist([sample], (), _HURRIED_SECONDS)
        except EmbeddingsError as error:
            self.rest.failed(error)
            raise
        self.rest.answered()
        return np.asarray(found[0])

    def encode_all(self, samples: Sequence[FeatureSample]) -> NDArray[np.float32]:
        """Ask for the embeddings of many texts, many at a time, patiently.

        Raises:
            EmbeddingsError: The endpoint did not give them, tried several times.
        """
        batches = [samples[i : i + _BATCH] for i in range(0, len(samples), _BATCH)]
        return np.concatenate([self._insist(batch, _PAUSES) for batch in batches])

    def try_once(self) -> None:
        """Ask for an embedding once, without haste, to see whether there is one.

        Raises:
            EmbeddingsError: There is none.
        """
        self._insist([FeatureSample("hello")], ())

    def files(self) -> Mapping[str, bytes]:
        """Give nothing: the model is the endpoint's."""
        return {}

    def _insist(
        self,
        samples: Sequence[FeatureSample],
        pauses: Sequence[float],
        seconds: float = _TIMEOUT_SECONDS,
    ) -> NDArray[np.float32]:
        for pause in (*pauses, None):
            try:
                return self._ask(samples, seconds)
            except _UNUSABLE as error:
                if pause is None or not _may_pass(error):
                    raise self._failed(error) from error
                time.sleep(pause)
        raise AssertionError  # the last pause is none

    def _ask(
        self, samples: Sequence[FeatureSample], seconds: float
    ) -> NDArray[np.float32]:
        # Endpoints refuse what is too long, and an empty text; a space is as little.
        texts = [sample.text[:MAX_CHARACTERS] or " " for sample in samples]
        asked = {"model": self.model, "input": texts, "encoding_format": "float"}
        address = f"{self.url.rstrip('/')}/embeddings"
        found = json.loads(
            post_json(address, json.dumps(asked).encode(), self._headers(), seconds)
        )
        ordered = sorted(found["data"], key=lambda each: int(each["index"]))
        vectors = np.array([each["embedding"] for each in ordered], np.float32)
        if len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ValueError("not one vector of finite numbers for each text")
        self.spent.add(_tokens(found))
        return vectors

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        named = os.environ.get(EMBEDDINGS_KEY_FILE)
        if named:
            headers["authorization"] = f"Bearer {self._key(Path(named))}"
        return headers

    def _key(self, file: Path) -> str:
        to = urlsplit(self.url)
        beside = file.parent / ALLOWED_HOSTS
        try:
            listed = beside.read_text(encoding="utf-8") if beside.exists() else None
            key = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EmbeddingsError(
                f"the key of {self.url} cannot be read: {error.strerror}: the Secret"
                f" that is named for it must exist and have an entry {file.name}"
            ) from error
        if not is_host_allowed(listed, to.hostname or "", to.port):
            raise EmbeddingsError(
                f"the Secret of the key does not name {to.hostname} among its"
                f" {ALLOWED_HOSTS}: add it there, or correct the endpoint's URL"
            )
        return key

    def _failed(self, error: Exception) -> EmbeddingsError:
        why = str(error) if isinstance(error, HttpPostError) else type(error).__name__
        return EmbeddingsError(
            f"no embedding from {self.url}: {why}: check the endpoint, the model"
            f" {self.model!r} and the key"
        )


def _may_pass(error: Exception) -> bool:
    if not isinstance(error, HttpPostError):
        return False
    over = error.status is None or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return over or error.status == HTTPStatus.TOO_MANY_REQUESTS


def _tokens(answer: Mapping[str, Any]) -> int:
    """Give the tokens that are paid for; 0 where the endpoint does not say."""
    usage = answer.get("usage") or {}
    counted = usage.get("total_tokens", usage.get("prompt_tokens", 0))
    return counted if isinstance(counted, int) and counted > 0 else 0
