"""A sentence encoder that the user supplies as an ONNX folder.

The folder holds one `*.onnx` model (single or half precision, or int8) with the inputs
`input_ids` and `attention_mask`, optionally `token_type_ids`, and a `tokenizer.json`.
A model that gives one vector a token is averaged over the tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from typing_extensions import override

from tracer_bentos.surrogate.base.expert import FeatureSample
from tracer_core.errors import DocumentError

__all__ = ["OnnxEncoder"]

_MODEL, _TOKENIZER = "sentence.onnx", "sentence-tokenizer.json"
_MOST_TOKENS = 256
_BY_TOKEN = 3
"""Dimensions of an output that has one vector a token."""


@dataclass(frozen=True)
class OnnxEncoder:
    """A transformer, run by onnxruntime in one thread."""

    model: bytes
    """The model."""
    tokenizer_json: bytes
    """Its tokenizer."""

    kind = "sentence"

    @property
    def settings(self) -> Mapping[str, str]:
        """What is needed beside the files: nothing."""
        return {}

    def encode(self, sample: FeatureSample) -> NDArray[np.float32]:
        """Give the embedding of a text.

        Raises:
            DocumentError: The model or its tokenizer cannot be used.
        """
        try:
            return self._encode(sample.text)
        except DocumentError:
            raise
        except Exception as error:  # both libraries raise what they like
            cause = str(error).splitlines()[0][:200]
            raise DocumentError(
                f"the sentence encoder cannot be run: {cause}: it takes input_ids and"
                " attention_mask and gives one vector a text or a token"
            ) from error

    @override
    def __reduce__(self) -> tuple[type["OnnxEncoder"], tuple[bytes, bytes]]:
        """Travel without what is loaded: a session stays in its process."""
        return OnnxEncoder, (self.model, self.tokenizer_json)

    def files(self) -> Mapping[str, bytes]:
        """Give the model and the tokenizer."""
        return {_MODEL: self.model, _TOKENIZER: self.tokenizer_json}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Take it from a bundle's files."""
        return cls(files[_MODEL], files[_TOKENIZER])

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Take it from a folder of the user's.

        Raises:
            DocumentError: The folder does not hold one model and its tokenizer.
        """
        models = sorted(folder.rglob("*.onnx"))
        tokenizers = sorted(folder.rglob("tokenizer.json"))
        if len(models) != 1 or len(tokenizers) != 1:
            raise DocumentError(
                f"no sentence encoder in {folder}: it must hold one .onnx file and one"
                " tokenizer.json"
            )
        return cls(models[0].read_bytes(), tokenizers[0].read_bytes())

    def _encode(self, text: str) -> NDArray[np.float32]:
        found = self._tokenizer.encode(text)
        mask = np.array([found.attention_mask], np.int64)
        every = {
            "input_ids": np.array([found.ids], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([found.type_ids], np.int64),
        }
        asked = {each.name: every[each.name] for each in self._session.get_inputs()}
        if not found.ids:  # models of one vector a text are never asked about none
            return np.zeros(self._size, np.float32)
        first = np.asarray(self._session.run(None, asked)[0], np.float32)
        if first.ndim < _BY_TOKEN:
            return np.asarray(first[0])
        return np.asarray((first[0] * mask[0][:, None]).mean(axis=0), np.float32)

    @property
    def _size(self) -> int:
        return int(self._session.get_outputs()[0].shape[-1])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_str(self.tokenizer_json.decode())
        tokenizer.no_padding()
        tokenizer.enable_truncation(_MOST_TOKENS)
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime  # noqa: PLC0415 - only who names an encoder pays for it
        except ImportError as error:
            raise DocumentError(
                "a sentence encoder needs the extra: pip install 'tracer-router[onnx]'"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(
            self.model, options, providers=["CPUExecutionProvider"]
        )
