"""A small sentence encoder for tests, as an ONNX folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from support.hidden_topics import SIZE, vectors_of

__all__ = ["write_onnx_folder"]


def write_onnx_folder(folder: Path, texts: Sequence[str]) -> Path:
    """Write an encoder with one synthetic vector per word; unknown words share one.

    Args:
        folder: Folder of the encoder.
        texts: Texts whose words are the vocabulary.
    """
    words = sorted({word for text in texts for word in text.casefold().split()})
    vocabulary = {word: index for index, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 - not a password
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    onnx.save(_model(vectors_of(list(vocabulary))), str(folder / "model.onnx"))
    return folder


def _model(table: NDArray[np.float32]) -> onnx.ModelProto:
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, [1, "tokens"])
        for name in ("input_ids", "attention_mask")
    )
    shape = [1, "tokens", SIZE]
    out = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["embedding"])],
        "words",
        [ids, mask],
        [out],
        [numpy_helper.from_array(table, "table")],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )
