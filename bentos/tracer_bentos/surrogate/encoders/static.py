"""The static embedder: the sum of a text's token vectors, in tens of microseconds.

The weights are those of the package `wordllama` (published under MIT; the matrix is
derived from Llama 2 token embeddings) or those in a folder of the user with the same
two kinds of files. Only the files are read: the package itself is never imported.
"""

import importlib.util
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors

from tracer_bentos.surrogate.base.encoder import encode_separately
from tracer_bentos.surrogate.base.ngrams import MAX_CHARACTERS
from tracer_bentos.surrogate.base.quantization import QuantizedVectors
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.surrogate.encoders.tokenizer_cache import TokenizerCache
from tracer_core.errors import DocumentError

__all__ = ["STATIC_EMBEDDER", "StaticTokenEncoder", "find_static_encoder"]

STATIC_EMBEDDER = "TRACER_STATIC_EMBEDDER"
"""Environment variable with the folder of weights that replaces the package."""

_PACKAGE = "wordllama"
_WEIGHTS, _TOKENIZER = "static.npz", "static-tokenizer.json"


@dataclass(frozen=True)
class StaticTokenEncoder:
    """A vector for each token of a vocabulary."""

    tokenizer_json: bytes
    """The tokenizer, in the format of the `tokenizers` library."""
    entries: NDArray[np.int8]
    """Quantized token vectors, shape (tokens, dimensions)."""
    steps: NDArray[np.float32]
    """Scale of each token vector, shape (tokens,)."""

    kind = "static"
    costly = False
    remote = False
    deterministic = True
    vector_length = None
    max_characters = MAX_CHARACTERS
    max_tokens = None
    tokens_used = 0

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed in addition to the files: nothing."""
        return {}

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Return the sum of the token vectors of a text; only its direction matters."""
        text = sample.text[: self.max_characters]
        tokens = np.array(self._tokens.encode(text), np.intp)
        steps = self.steps.take(tokens)[:, None]
        rows = self.entries.take(tokens, axis=0) * steps
        return np.asarray(np.add.reduce(rows, axis=0, dtype=np.float32))

    def encode_batch(self, samples: Sequence[FeatureSample]) -> NDArray[np.float32]:
        """Return the embeddings of texts, shape (texts, dimensions)."""
        return encode_separately(self, samples)

    def check(self) -> None:
        """Compute the embedding of one text."""
        self.encode(FeatureSample("hello"))

    def files(self) -> Mapping[str, bytes]:
        """Return the weights and the tokenizer."""
        target = io.BytesIO()
        np.savez(target, entries=self.entries, steps=self.steps)
        return {_WEIGHTS: target.getvalue(), _TOKENIZER: self.tokenizer_json}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Return the encoder in the files of a bundle."""
        with np.load(io.BytesIO(files[_WEIGHTS]), allow_pickle=False) as arrays:
            return cls(files[_TOKENIZER], arrays["entries"], arrays["steps"])

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Return the encoder in a folder of weights.

        Args:
            folder: Contains one `*.safetensors` and one `*tokenizer*.json`.

        Raises:
            DocumentError: The folder does not contain exactly one file of each kind.
        """
        weights = sorted(folder.rglob("*.safetensors"))
        tokenizers = sorted(folder.rglob("*tokenizer*.json"))
        if len(weights) != 1 or len(tokenizers) != 1:
            raise DocumentError(
                f"no static embedder in {folder}; the folder must contain one"
                " .safetensors file and one *tokenizer*.json file"
            )
        vectors = next(iter(load_tensors(weights[0].read_bytes()).values()))
        return cls(tokenizers[0].read_bytes(), *_quantize(vectors))

    @cached_property
    def _tokens(self) -> TokenizerCache:
        return TokenizerCache(self.tokenizer_json)


def find_static_encoder() -> StaticTokenEncoder | None:
    """Return the static embedder of this installation; none if there is none.

    Raises:
        DocumentError: The folder that the environment variable names has no embedder.
    """
    folder = os.environ.get(STATIC_EMBEDDER)
    if folder:
        return StaticTokenEncoder.from_folder(Path(folder))
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        return None
    return StaticTokenEncoder.from_folder(Path(package.origin).parent)


def _quantize(
    vectors: NDArray[np.floating],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    single = vectors.astype(np.float32)
    largest = np.abs(single).max(axis=1)
    steps = (np.where(largest > 0, largest, 1) / 127).astype(np.float32)
    return QuantizedVectors.from_vectors(single).entries, steps
