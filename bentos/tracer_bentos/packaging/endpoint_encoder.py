"""Embeddings from an OpenAI-compatible endpoint that the user names.

The only encoder that touches the network, and only because it was asked to.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.packaging.opinion import Sample
from tracer_router.errors import DocumentError

__all__ = ["EMBEDDINGS_KEY_FILE", "EndpointEncoder"]

EMBEDDINGS_KEY_FILE = "TRACER_EMBEDDINGS_KEY_FILE"
"""Environment variable with the file of the endpoint's key; read at each request."""

_TIMEOUT_SECONDS = 10.0


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
        """Ask for the embedding of a text.

        Raises:
            DocumentError: The endpoint did not give one; says which endpoint and why.
        """
        body = json.dumps({"model": self.model, "input": sample.text}).encode()
        request = urllib.request.Request(  # noqa: S310 - the URL is checked where it is taken
            f"{self.url.rstrip('/')}/embeddings", body, self._headers()
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the same
                found = json.load(answer)["data"][0]["embedding"]
            return np.array(found, np.float32)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise DocumentError(
                f"no embedding from {self.url}: {type(error).__name__}: check the"
                f" endpoint, the model {self.model!r} and {EMBEDDINGS_KEY_FILE}"
            ) from error

    def files(self) -> Mapping[str, bytes]:
        """Give nothing: the model is the endpoint's."""
        return {}

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        named = os.environ.get(EMBEDDINGS_KEY_FILE)
        if named:
            with open(named, encoding="utf-8") as file:  # noqa: PTH123 - a mounted file, read anew
                headers["authorization"] = f"Bearer {file.read().strip()}"
        return headers
