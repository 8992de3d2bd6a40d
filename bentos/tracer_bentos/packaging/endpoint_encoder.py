"""Embeddings from an OpenAI-compatible endpoint that the user names.

The only encoder that touches the network, and only because it was asked to.
"""

import json
import os
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.packaging.features import MOST_CHARACTERS
from tracer_bentos.packaging.opinion import Sample
from tracer_router.errors import DocumentError

__all__ = ["EMBEDDINGS_KEY_FILE", "EndpointEncoder"]

EMBEDDINGS_KEY_FILE = "TRACER_EMBEDDINGS_KEY_FILE"
"""Environment variable with the file of the endpoint's key; read at each request."""

_TIMEOUT_SECONDS = 10.0
_BATCH = 64
_PAUSES = (0.5, 2.0, 8.0)
"""Seconds before a failed batch of a long run is tried again."""


@dataclass(frozen=True, slots=True)
class EndpointEncoder:
    """Asks `URL/embeddings` for the embedding of each text."""

    url: str
    """Base URL, with its /v1."""
    model: str
    """The embedding model."""

    kind = "endpoint"

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed to make it anew; never the key."""
        return {"url": self.url, "model": self.model}

    def encode(self, sample: Sample) -> NDArray[np.float32]:
        """Ask for the embedding of a text, once: whoever asks has a teacher waiting.

        Raises:
            DocumentError: The endpoint did not give one; says which endpoint and why.
        """
        try:
            return np.asarray(self._ask([sample])[0])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise self._failed(error) from error

    def encode_all(self, samples: Sequence[Sample]) -> NDArray[np.float32]:
        """Ask for the embeddings of many texts, many at a time, patiently.

        Raises:
            DocumentError: The endpoint did not give them, tried several times.
        """
        batches = [samples[i : i + _BATCH] for i in range(0, len(samples), _BATCH)]
        return np.concatenate([self._insist(batch) for batch in batches])

    def files(self) -> Mapping[str, bytes]:
        """Give nothing: the model is the endpoint's."""
        return {}

    def _insist(self, samples: Sequence[Sample]) -> NDArray[np.float32]:
        for pause in (*_PAUSES, None):
            try:
                return self._ask(samples)
            except (OSError, ValueError, LookupError, TypeError) as error:
                if pause is None or not _may_pass(error):
                    raise self._failed(error) from error
                time.sleep(pause)
        raise AssertionError  # the last pause is none

    def _ask(self, samples: Sequence[Sample]) -> NDArray[np.float32]:
        # Endpoints refuse what is too long, and an empty text; a space is as little.
        texts = [sample.text[:MOST_CHARACTERS] or " " for sample in samples]
        asked = {"model": self.model, "input": texts, "encoding_format": "float"}
        address = f"{self.url.rstrip('/')}/embeddings"
        request = urllib.request.Request(  # noqa: S310 - the URL is checked where it is taken
            address, json.dumps(asked).encode(), _headers()
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the same
            found = json.load(answer)["data"]
        ordered = sorted(found, key=lambda each: int(each["index"]))
        vectors = np.array([each["embedding"] for each in ordered], np.float32)
        if len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ValueError("not one vector of finite numbers for each text")
        return vectors

    def _failed(self, error: Exception) -> DocumentError:
        status = f" {error.code}" if isinstance(error, HTTPError) else ""
        return DocumentError(
            f"no embedding from {self.url}: {type(error).__name__}{status}: check the"
            f" endpoint, the model {self.model!r} and {EMBEDDINGS_KEY_FILE}"
        )


def _may_pass(error: Exception) -> bool:
    if isinstance(error, HTTPError):
        over = error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
        return over or error.code == HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(error, OSError)


def _headers() -> dict[str, str]:
    headers = {"content-type": "application/json"}
    named = os.environ.get(EMBEDDINGS_KEY_FILE)
    if named:
        key = Path(named).read_text(encoding="utf-8").strip()
        headers["authorization"] = f"Bearer {key}"
    return headers
