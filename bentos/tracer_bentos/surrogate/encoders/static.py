"""The static embedder: the mean of a text's token vectors, in tens of microseconds.

Its weights come with the package `wordllama` (MIT as published; the matrix descends
from Llama 2 token embeddings) or from a folder of the user's with the same two kinds of
files. Only the files are read: the package itself is never imported.
"""

import importlib.util
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors

from tracer_bentos.surrogate.base.expert import FeatureSample
from tracer_bentos.surrogate.base.ngrams import MAX_CHARACTERS
from tracer_bentos.surrogate.base.quantization import QuantizedVectors
from tracer_bentos.surrogate.encoders.tokenizer_cache import TokenizerCache
from tracer_core.errors import DocumentError

__all__ = ["STATIC_EMBEDDER", "StaticTokenEncoder", "find_static_encoder"]

STATIC_EMBEDDER = "TRACER_STATIC_EMBEDDER"
"""Environment variable with a folder of weights to use instead of the package's."""

_PACKAGE = "wordllama"
_WEIGHTS, _TOKENIZER = "static.npz", "static-tokenizer.json"


@dataclass(frozen=True)
class StaticTokenEncoder:
    """A vector for each token of a vocabulary."""

    tokenizer_json: bytes
    """The tokenizer, as the `tokenizers` library writes it."""
    entries: NDArray[np.int8]
    """By token, in whole numbers."""
    steps: NDArray[np.float32]
    """What one is worth, by token."""

    kind = "static"

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed beside the files: nothing."""
        return {}

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Give the sum of the token vectors of a text; only its direction matters."""
        text = sample.text[:MAX_CHARACTERS]
        tokens = np.array(self._tokens.encode_truncated(text), np.intp)
        steps = self.steps.take(tokens)[:, None]
        rows = self.entries.take(tokens, axis=0) * steps
        return np.asarray(np.add.reduce(rows, axis=0, dtype=np.float32))

    def files(self) -> Mapping[str, bytes]:
        """Give the weights and the tokenizer."""
        target = io.BytesIO()
        np.savez(target, entries=self.entries, steps=self.steps)
        return {_WEIGHTS: target.getvalue(), _TOKENIZER: self.tokenizer_json}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Take it from a bundle's files."""
        with np.load(io.BytesIO(files[_WEIGHTS]), allow_pickle=False) as arrays:
            return cls(files[_TOKENIZER], arrays["entries"], arrays["steps"])

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Take it from a folder with one `*.safetensors` and one `*tokenizer*.json`.

        Raises:
            DocumentError: The folder does not hold exactly these.
        """
        weights = sorted(folder.rglob("*.safetensors"))
        tokenizers = sorted(folder.rglob("*tokenizer*.json"))
        if len(weights) != 1 or len(tokenizers) != 1:
            raise DocumentError(
                f"no static embedder in {folder}: it must hold one .safetensors file"
                " and one *tokenizer*.json file"
            )
        vectors = next(iter(load_tensors(weights[0].read_bytes()).values()))
        return cls(tokenizers[0].read_bytes(), *_quantised(vectors))

    @cached_property
    def _tokens(self) -> TokenizerCache:
        return TokenizerCache(self.tokenizer_json)


def find_static_encoder() -> StaticTokenEncoder | None:
    """Give the static embedder of this installation, None when there is none.

    Raises:
        DocumentError: The folder that the environment names holds none.
    """
    named = os.environ.get(STATIC_EMBEDDER)
    if named:
        return StaticTokenEncoder.from_folder(Path(named))
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return None
    return StaticTokenEncoder.from_folder(Path(found.origin).parent)


def _quantised(
    vectors: NDArray[np.floating],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    plain = vectors.astype(np.float32)
    largest = np.abs(plain).max(axis=1)
    steps = (np.where(largest > 0, largest, 1) / 127).astype(np.float32)
    return QuantizedVectors.from_vectors(plain).entries, steps
