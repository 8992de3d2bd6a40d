"""A sentence encoder that the user supplies as an ONNX folder.

The folder contains one `*.onnx` model (single or half precision, or int8) with the
inputs `input_ids` and `attention_mask`, optionally `token_type_ids`, and a
`tokenizer.json`. If the model returns one vector per token, the embedding is their
mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from typing_extensions import override

from tracer_bentos.surrogate.base.encoder import encode_separately
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_core.errors import DocumentError

__all__ = ["OnnxEncoder"]

_MODEL, _TOKENIZER = "sentence.onnx", "sentence-tokenizer.json"
_TOKEN_VECTORS_DIMENSIONS = 3
"""Dimensions of an output with one vector per token: batch, token, vector."""


@dataclass(frozen=True)
class OnnxEncoder:
    """A transformer that onnxruntime runs in one thread."""

    model: bytes
    """The ONNX model."""
    tokenizer_json: bytes
    """Its tokenizer, in the format of the `tokenizers` library."""

    kind = "sentence"
    costly = True
    remote = False
    deterministic = False
    vector_length = None
    max_characters = None
    max_tokens = 256
    tokens_used = 0

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed in addition to the files: nothing."""
        return {}

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Return the embedding of a text.

        Raises:
            DocumentError: The model or its tokenizer is unusable.
        """
        try:
            return self._encode(sample.text)
        except DocumentError:
            raise
        except Exception as error:  # both libraries raise undocumented types
            cause = str(error).splitlines()[0][:200]
            raise DocumentError(
                f"cannot run the sentence encoder: {cause}; the model must take"
                " input_ids and attention_mask and return one vector per text or per"
                " token"
            ) from error

    def encode_batch(self, samples: Sequence[FeatureSample]) -> NDArray[np.float32]:
        """Return the embeddings of texts, shape (texts, dimensions)."""
        return encode_separately(self, samples)

    def check(self) -> None:
        """Compute the embedding of one text.

        Raises:
            DocumentError: The model or its tokenizer is unusable.
        """
        self.encode(FeatureSample("hello"))

    @override
    def __reduce__(self) -> tuple[type["OnnxEncoder"], tuple[bytes, bytes]]:
        """Pickle the files only: a session of onnxruntime cannot leave its process."""
        return OnnxEncoder, (self.model, self.tokenizer_json)

    def files(self) -> Mapping[str, bytes]:
        """Return the model and the tokenizer."""
        return {_MODEL: self.model, _TOKENIZER: self.tokenizer_json}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Return the encoder in the files of a bundle."""
        return cls(files[_MODEL], files[_TOKENIZER])

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Return the encoder in a folder of the user.

        Raises:
            DocumentError: The folder does not contain one model and its tokenizer.
        """
        models = sorted(folder.rglob("*.onnx"))
        tokenizers = sorted(folder.rglob("tokenizer.json"))
        if len(models) != 1 or len(tokenizers) != 1:
            raise DocumentError(
                f"no sentence encoder in {folder}; the folder must contain one .onnx"
                " file and one tokenizer.json"
            )
        return cls(models[0].read_bytes(), tokenizers[0].read_bytes())

    def _encode(self, text: str) -> NDArray[np.float32]:
        encoding = self._tokenizer.encode(text)
        mask = np.array([encoding.attention_mask], np.int64)
        available = {
            "input_ids": np.array([encoding.ids], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([encoding.type_ids], np.int64),
        }
        inputs = {
            model_input.name: available[model_input.name]
            for model_input in self._session.get_inputs()
        }
        if not encoding.ids:  # a model with one vector per text cannot take no tokens
            return np.zeros(self._size, np.float32)
        output = np.asarray(self._session.run(None, inputs)[0], np.float32)
        if output.ndim < _TOKEN_VECTORS_DIMENSIONS:
            return np.asarray(output[0])
        return np.asarray((output[0] * mask[0][:, None]).mean(axis=0), np.float32)

    @property
    def _size(self) -> int:
        return int(self._session.get_outputs()[0].shape[-1])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_str(self.tokenizer_json.decode())
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime  # noqa: PLC0415 - optional dependency, slow to import
        except ImportError as error:
            raise DocumentError(
                "onnxruntime is not installed; a sentence encoder requires it:"
                " pip install 'tracer-router[onnx]'"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(
            self.model, options, providers=["CPUExecutionProvider"]
        )
